/**
 * What the client must do with an Asterisk: one suite, run against the stand-in (`conformance.stand-in.test.ts`) and
 * against the real one (`conformance.asterisk.test.ts`), so that the stand-in cannot drift away from the truth.
 */
import { type AsteriskUnderTest, createBench } from './bench.ts';
import { callsSuite } from './calls.ts';
import { connectionSuite } from './connection.ts';
import { requestsSuite } from './requests.ts';

export type { AsteriskUnderTest } from './bench.ts';

export function describeConformance(name: string, start: () => Promise<AsteriskUnderTest>): void {
  describe(`ARI client with ${name}`, function () {
    this.timeout(90_000);
    const bench = createBench(start);
    connectionSuite(bench);
    requestsSuite(bench);
    callsSuite(bench);
  });
}
