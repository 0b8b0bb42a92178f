/**
 * Takes in what a channel reports. The position of the last outcome is stored with the transitions that the outcomes
 * make, so that each is taken in once; only then is the channel told that it may forget them.
 */
import type { Channel } from '@civicline/protocol/channel';
import { type MessageInput, type Messages, ofAttempt } from '../messages/index.ts';

/** Milliseconds of work, for which everything else waits. */
const BATCH = 500;

/** One round; returns whether there was something. */
export async function outcomesRound(messages: Messages, channel: Channel): Promise<boolean> {
  const { position } = await messages.store.channel(channel.name);
  const outcomes = await channel.outcomes(position, BATCH);
  const last = outcomes.at(-1);
  if (!last) return false;
  const inputs = outcomes.flatMap((outcome): MessageInput[] => {
    const of = ofAttempt(outcome.attemptId);
    return of ? [{ messageId: of.messageId, input: { kind: 'outcome', step: of.step, outcome } }] : [];
  });
  const taken = await messages.turn(async ({ sql, channels, apply }) => {
    // Another gateway was faster; it may have read fewer.
    if (channels.find((row) => row.channel === channel.name)?.position !== position) return false;
    await apply(inputs);
    await sql
      .updateTable('message_channels')
      .set({ position: last.position })
      .where('channel', '=', channel.name)
      .execute();
    return true;
  });
  if (taken) await channel.acknowledge(last.position);
  return true;
}
