import { setTimeout as sleep } from 'node:timers/promises';
import type { Ari } from './client.ts';
import { AriError } from './errors.ts';

const PAUSE_MS = 20;
const ATTEMPTS = 25;

/**
 * Stops what is played on a channel. Asterisk publishes PlaybackStarted a moment before the sound can be stopped, and
 * refuses with 500 in between (`play_on_channel` in `res/res_stasis_playback.c`); so that answer is asked for again, for
 * half a second. Every other refusal, and the last one, is thrown as the {@link AriError} it is.
 */
export async function stopPlayback(ari: Pick<Ari, 'playbacks'>, playbackId: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await ari.playbacks.stop({ playbackId });
      return;
    } catch (error) {
      if (!isBeginning(error) || attempt === ATTEMPTS) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

function isBeginning(error: unknown): boolean {
  return error instanceof AriError && error.status === 500;
}
