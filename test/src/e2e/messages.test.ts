/** Sealed messages with the real processes: gateway and SMSC simulator, killed and started again. */
import { expect } from 'chai';
import { startCluster } from '../../../gateway/src/platform/storage/testing/index.ts';
import { crashLoop } from '../messages/crash-loop.ts';

const MINUTE = 60_000;
/** `npm run crash -- 100` is the long form of the same. */
const KILLS = 6;

describe('Sealed messages, while the gateway is killed again and again', function () {
  this.timeout(5 * MINUTE);

  it('none is lost, none comes twice, and nothing is told that did not happen: SQLite', async () => {
    expectWhole(await crashLoop({ kills: KILLS, log: () => {} }));
  });

  it('and PostgreSQL', async () => {
    const cluster = await startCluster();
    try {
      expectWhole(await crashLoop({ kills: KILLS, databaseUrl: cluster.url, log: () => {} }));
    } finally {
      await cluster.remove();
    }
  });

  it('nor when SMIS and the SMS channel are processes of their own, killed one by one', async () => {
    expectWhole(await crashLoop({ kills: KILLS, separate: true, log: () => {} }));
  });

  it('nor when a standby of PostgreSQL takes over', async () => {
    const cluster = await startCluster();
    try {
      const standby = await cluster.addStandby();
      const instead = () => standby.takeOver();
      expectWhole(await crashLoop({ kills: 1, databaseUrl: cluster.url, instead, log: () => {} }));
    } finally {
      await cluster.remove();
    }
  });

  function expectWhole({ accepted, delivered, unknown, faults }: Awaited<ReturnType<typeof crashLoop>>): void {
    expect(faults).to.deep.equal([]);
    expect(delivered).to.be.greaterThan(0);
    expect(delivered + unknown).to.equal(accepted);
  }
});
