/**
 * What the client must do with an Asterisk: one suite, run against the stand-in (`conformance.stand-in.test.ts`) and
 * against the real one (`conformance.asterisk.test.ts`), so that the stand-in cannot drift away from the truth.
 */
import { type AsteriskUnderTest, createBench } from './conformance/bench.ts';
import { callsSuite } from './conformance/calls.ts';
import { connectionSuite } from './conformance/connection.ts';
import { requestsSuite } from './conformance/requests.ts';

export type { AsteriskUnderTest } from './conformance/bench.ts';

export function describeConformance(name: string, start: () => Promise<AsteriskUnderTest>): void {
  describe(`ARI client with ${name}`, function () {
    this.timeout(90_000);
    const bench = createBench(start);
    connectionSuite(bench);
    requestsSuite(bench);
    callsSuite(bench);
  });
}
