import { expect } from 'chai';
import { createQueue, type Database, openDatabase, StorageError } from '../../../platform/storage/index.ts';
import { createLeases, type Leases } from './leases.ts';

const LEASE_MS = 30;

describe('leases of attempts', () => {
  let database: Database;
  let leases: Leases;
  /** What becomes of each renewal. */
  let results: (() => void)[];
  let clock: number;
  let tried: () => void;

  beforeEach(async () => {
    database = await openDatabase({ url: 'memory:', role: 'sms' });
    results = [];
    clock = 0;
    tried = () => undefined;
    leases = createLeases({
      database: {
        ...database,
        async write<Result>() {
          results.shift()?.();
          tried();
          return undefined as Result;
        },
      },
      queue: createQueue(database, 'work', () => clock),
      leaseMs: LEASE_MS,
      onRelease: () => undefined,
      onError: () => undefined,
      now: () => clock,
    });
    leases.hold(['a'], 0);
    leases.start();
  });
  afterEach(async () => {
    leases.release('a');
    await leases.empty();
    await database.close();
  });

  const nextTry = () =>
    new Promise<void>((resolve) => {
      tried = resolve;
    });
  const fail = () => {
    throw new StorageError('STORAGE_UNAVAILABLE', 'on purpose');
  };

  it('are renewed at the next turn when it failed', async () => {
    results = [fail];
    clock = 11;
    while (results.length > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(leases.isSure('a')).to.equal(true);
    clock = 15;
    await nextTry();
    await new Promise(setImmediate);
    clock = 40;
    expect(leases.isSure('a')).to.equal(true);
  });

  it('are renewed when the clock was set back, although they seem to run for hours', async () => {
    clock = 3600_000;
    leases.hold(['a'], clock);
    clock = 0;
    await nextTry();
    await new Promise(setImmediate);
    clock = LEASE_MS;
    expect(leases.isSure('a')).to.equal(false);
  });

  it('are not sure any more at their end, nor when they are renewed after it', async () => {
    clock = 28;
    expect(leases.isSure('a')).to.equal(false);
    results = [
      () => {
        clock = 31;
      },
    ];
    await nextTry();
    await nextTry();
    expect(leases.isSure('a')).to.equal(false);
    expect(leases.has('a')).to.equal(true);
  });
});
