/**
 * The peer: the application that people write first with `ari-client`. It answers, collects the digits from Asterisk's
 * events, looks the code up in a Map, starts music, and ends the call with a cause that says whether the code was the
 * one that was keyed. A process of its own, as the gateway is. It keeps no record, has no queue and no console.
 */
import process from 'node:process';
import ari from 'ari-client';

/** Sent by the parent process. */
export interface Orders {
  url: string;
  user: string;
  password: string;
  application: string;
  codes: string[];
}

const CODE_LENGTH = 8;
/** Q.850: normal clearing, call rejected. */
const RIGHT = '16';
const WRONG = '21';

process.once('message', async ({ url, user, password, application, codes }: Orders) => {
  const known = new Map(codes.map((code) => [code, { code }]));
  const client = await ari.connect(url, user, password);

  client.on('StasisStart', async ({ args: [keyed] }, channel) => {
    let digits = '';
    channel.on('ChannelDtmfReceived', async ({ digit }) => {
      digits += digit;
      if (digits.length !== CODE_LENGTH) return;
      channel.removeAllListeners('ChannelDtmfReceived');
      const found = known.get(digits);
      // The caller may have hung up at any of these.
      if (found) await channel.startMoh().catch(() => {});
      await channel.hangup({ reason_code: found?.code === keyed ? RIGHT : WRONG }).catch(() => {});
    });
    await channel.answer().catch(() => {});
  });
  await client.start(application);
  process.send?.('ready');
});
