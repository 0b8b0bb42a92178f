import { expect } from 'chai';
import { lazySoftphone } from './lazy-softphone.ts';
import { type Softphone, type SoftphoneState, STOPPED } from './softphone.ts';

const CREDENTIALS = { accounts: [], iceServers: [] };

describe('a softphone that is loaded when it is needed', () => {
  it('that could not be loaded has failed, and is loaded again', async () => {
    const done: string[] = [];
    const said: SoftphoneState[] = [];
    let attempts = 0;
    const softphone = lazySoftphone(async () => {
      if (++attempts === 1) throw new Error('no network');
      return standIn(done);
    });
    softphone.subscribe((state) => said.push(state));
    await softphone.register(CREDENTIALS);
    expect(said).to.deep.equal([{ ...STOPPED, registration: 'failed' }]);
    await softphone.register(CREDENTIALS);
    expect(done).to.deep.equal(['register']);
  });
});

/** Stand-in that only notes that it was to register. */
function standIn(done: string[]): Softphone {
  return {
    register: () => void done.push('register'),
    unregister: () => undefined,
    answer: () => undefined,
    hangUp: () => undefined,
    setMuted: () => undefined,
    playSound: () => undefined,
    subscribe: () => () => undefined,
  };
}
