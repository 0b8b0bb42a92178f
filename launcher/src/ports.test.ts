import { expect } from 'chai';
import { assertPortsFree, freePorts, portsFrom } from './ports.ts';

describe('the ports of npm start', () => {
  it('may not be among those that browsers refuse, except for the one that speaks SMPP', async () => {
    const ports = await freePorts();
    await assertPortsFree({ ...ports, smpp: portsFrom(6660).smpp });
    const refused = await assertPortsFree({ ...ports, phones: 6667 }).catch((error: Error) => error.message);
    expect(refused).to.match(/^LAUNCHER_PORT_REFUSED: .* 6667 \(phones\)/);
  });
});
