/** What has become of a message, in words: one entry per thing that happened, and a later view has the same first. */
import type { MessageView } from '@civicline/protocol';

export interface Step {
  /** As the API names it. */
  name: string;
  more: string;
  /** When, RFC 3339; null: the API no longer tells. */
  at: string | null;
}

const ENDS: ReadonlySet<string> = new Set(['delivered', 'read', 'undeliverable', 'expired', 'cancelled']);

export function isEnded({ state }: MessageView): boolean {
  return ENDS.has(state);
}

export function stepsOf({ state, reason = '', createdAt, updatedAt, attempts }: MessageView): Step[] {
  const steps: Step[] = [{ name: 'accepted', more: 'Stored by SMIS.', at: createdAt }];
  for (const { channel, state, reason = '', segments, updatedAt: at } of attempts) {
    if (state === 'waiting' || state === 'cancelled') continue;
    const attempted = { name: 'attempted', more: channel };
    if (state !== 'failed') steps.push({ ...attempted, at: state === 'handed-over' ? at : null });
    if (state === 'unknown') steps.push({ name: state, more: 'It may or may not have gone out.', at });
    if (state === 'failed') steps.push({ name: state, more: `${channel} ${reason}`.trim(), at });
    if (state === 'delivered') steps.push({ name: state, more: `${channel}${countOf(segments)}`, at });
  }
  if (state === 'deferred') steps.push({ name: state, more: reason || 'Waits for the send window.', at: updatedAt });
  const isTold = state === 'delivered' && steps.some(({ name }) => name === state);
  if (ENDS.has(state) && !isTold) steps.push({ name: state, more: reason, at: updatedAt });
  return steps;
}

function countOf(segments: number | undefined): string {
  if (segments === undefined) return '';
  return segments === 1 ? ', 1 segment' : `, ${segments} segments`;
}
