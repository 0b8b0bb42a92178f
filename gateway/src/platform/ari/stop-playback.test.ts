import { expect } from 'chai';
import type { Ari } from './client.ts';
import { AriError } from './errors.ts';
import { stopPlayback } from './stop-playback.ts';
import { expectRejection } from './testing/conformance/bench.ts';

describe('Stopping what is played', () => {
  it('does not ask for ever', async () => {
    const { ari, asked } = refusing(500);
    await expectRejection(stopPlayback(ari, 'prompt-1'), 'ARI_REQUEST_FAILED', 500);
    expect(asked()).to.be.within(2, 100);
  });

  it('takes at its word that nothing is played', async () => {
    const { ari, asked } = refusing(404);
    await expectRejection(stopPlayback(ari, 'prompt-1'), 'ARI_REQUEST_FAILED', 404);
    expect(asked()).to.equal(1);
  });
});

/** Stand-in for an Asterisk that refuses every time. */
function refusing(status: number) {
  let count = 0;
  const stop = async () => {
    count += 1;
    throw new AriError('ARI_REQUEST_FAILED', `playbacks.stop: Asterisk answered ${status}`, { status });
  };
  return { ari: { playbacks: { stop } as unknown as Ari['playbacks'] }, asked: () => count };
}
