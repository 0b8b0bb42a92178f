import { expect } from 'chai';
import fc from 'fast-check';
import { type AttemptState as EmailAttempt, isPending, type State } from '../kit/attempt.ts';
import { type EmailEvent, step } from './machine.ts';

const RULES = { quietMs: 4_000, unknownMs: 6_000, rememberMs: 10_000 };
const START: EmailAttempt = { state: 'waiting', expiresAt: 5_000, withdrawn: false, deadline: 5_000 };

const event: fc.Arbitrary<EmailEvent> = fc.oneof(
  ...(['leaves', 'orphaned', 'accepted', 'unknown', 'reported-delivered', 'cancel', 'deadline'] as const).map((type) =>
    fc.record({ type: fc.constant(type), at: fc.nat(30_000) }),
  ),
  ...(['rejected', 'refused', 'bounced'] as const).map((type) =>
    fc.record({ type: fc.constant(type), reason: fc.constant('REASON'), at: fc.nat(30_000) }),
  ),
  fc.record({ type: fc.constant('put-off' as const), retryAt: fc.nat(9_000), at: fc.nat(30_000) }),
);
const isEnd = (state: State) => ['delivered', 'failed', 'cancelled'].includes(state);

describe('the life of an e-mail', () => {
  it('never leaves twice after it may have gone out, and has one end that stays, whatever happens', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        let attempt: EmailAttempt | null = START;
        let mayBeOut = false;
        const told: string[] = [];
        for (const happening of events.sort((a, b) => a.at - b.at)) {
          if (attempt === null) break;
          const { attempt: next, outcome, dueAt }: ReturnType<typeof step> = step(attempt, happening, RULES);
          if (isEnd(attempt.state)) expect(next === null || next.state === attempt.state).to.equal(true);
          if (mayBeOut && next) expect(isPending(next)).to.equal(false);
          if (outcome) {
            expect(outcome.kind).to.equal(next?.state);
            told.push(outcome.kind);
          }
          if (dueAt !== null) expect(next?.state).to.equal('waiting');
          if (next && ['handed-over', 'unknown'].includes(next.state)) mayBeOut = true;
          attempt = next;
        }
        expect(told.filter((kind) => isEnd(kind as State)).length).to.be.at.most(1);
        expect(told.join(' ')).to.match(/^(handed-over|unknown)? ?(delivered|failed|cancelled)?$/);
        if (mayBeOut) expect(told).not.to.include('cancelled');
      }),
      { numRuns: 2_000 },
    );
  });

  it('ends by itself', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), (events) => {
        let attempt: EmailAttempt | null = START;
        for (const happening of events) if (attempt) attempt = step(attempt, happening, RULES).attempt;
        if (attempt?.state === 'handing-over') attempt = step(attempt, { type: 'orphaned', at: 0 }, RULES).attempt;
        for (let i = 0; i < 2 && attempt; i++) {
          attempt = step(attempt, { type: 'deadline', at: attempt.deadline }, RULES).attempt;
        }
        expect(attempt).to.equal(null);
      }),
    );
  });
});
