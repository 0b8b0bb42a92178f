import { type ChannelName, type ChannelsView, channelsViewSchema } from '@civicline/protocol';
import { SenderError } from './errors.ts';
import type { SmisClient } from './smis-client.ts';

export type PublicKey = ChannelsView['channels'][number]['keys'][number];

/** A channel announces a new key well before it drops the old one. */
const REFRESH_MS = 3600_000;
/** After a failed refresh, the keys at hand are used this much longer; a channel that is missing may come back. */
const AGAIN_MS = 60_000;

export interface ChannelKeys {
  /** The key to seal for. Throws SenderError `CHANNEL_UNAVAILABLE`, or why the first look-up failed. */
  keyOf(channel: ChannelName): Promise<PublicKey>;
  /** SMIS did not know the key that was used. */
  refresh(): Promise<void>;
}

/** Looks the channels' public keys up once an hour; senders that ask at the same time share one look-up. */
export function createChannelKeys(smis: SmisClient, now: () => number): ChannelKeys {
  let keys = new Map<ChannelName, PublicKey>();
  /** 0: never looked up. */
  let goodUntil = 0;
  let looking: Promise<void> | null = null;

  async function lookUp(): Promise<void> {
    const { channels } = await smis.call({ method: 'GET', path: '/v1/channels' }, channelsViewSchema);
    keys = new Map(channels.flatMap(({ name, keys: [current] }) => (current ? [[name, current]] : [])));
    goodUntil = now() + REFRESH_MS;
  }

  function refresh(): Promise<void> {
    looking ??= lookUp().finally(() => {
      looking = null;
    });
    return looking;
  }

  return {
    refresh,
    async keyOf(channel) {
      if (goodUntil === 0) await refresh();
      else if (now() >= goodUntil) {
        await refresh().catch(() => {
          goodUntil = now() + AGAIN_MS;
        });
      }
      const key = keys.get(channel);
      if (key) return key;
      goodUntil = Math.min(goodUntil, now() + AGAIN_MS);
      throw new SenderError('CHANNEL_UNAVAILABLE', `SMIS does not offer the channel ${channel}.`);
    },
  };
}
