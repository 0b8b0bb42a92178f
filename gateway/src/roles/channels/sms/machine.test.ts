import { expect } from 'chai';
import fc from 'fast-check';
import { isPending, type State, type Told } from '../kit/attempt.ts';
import { type AttemptEvent, type Rules, type SmsAttempt, step } from './machine.ts';

const rules: Rules = { receiptMs: 1_000, rememberMs: 5_000 };
const EXPIRES = 500;

const fresh: SmsAttempt = {
  state: 'waiting',
  expiresAt: EXPIRES,
  route: null,
  segments: 0,
  awaiting: 0,
  withdrawn: false,
  deadline: EXPIRES,
};

/** What {@link Channel} allows: the outcomes that may follow one another. */
const NEXT: Record<string, readonly Told['kind'][]> = {
  submitted: ['handed-over', 'unknown', 'failed', 'cancelled'],
  'handed-over': ['delivered', 'failed'],
  unknown: ['delivered', 'failed'],
  delivered: [],
  failed: [],
  cancelled: [],
};

/** The arrows of the drawing. */
const ARROWS: Record<State, readonly State[]> = {
  waiting: ['handing-over', 'failed', 'cancelled'],
  'handing-over': ['waiting', 'handed-over', 'unknown', 'failed', 'cancelled'],
  'handed-over': ['delivered', 'failed'],
  unknown: ['delivered', 'failed'],
  delivered: [],
  read: [],
  failed: [],
  cancelled: [],
};

type Happening = AttemptEvent extends infer Event ? (Event extends AttemptEvent ? Omit<Event, 'at'> : never) : never;

const carrierIds = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.constantFrom<Happening>(
    { type: 'leaves' },
    { type: 'orphaned' },
    { type: 'rejected', reason: 'CONTENT_INVALID' },
    { type: 'refused', reason: 'NUMBER_UNKNOWN' },
    { type: 'segment-delivered' },
    { type: 'segment-failed', reason: 'RECEIPT_UNDELIVERABLE' },
    { type: 'cancel' },
    { type: 'deadline' },
  ),
  fc.record({ type: fc.constant('put-off' as const), retryAt: fc.integer({ min: 0, max: 1_000 }) }),
  fc.record({
    type: fc.constantFrom('accepted' as const, 'unknown' as const),
    route: fc.constantFrom('first', 'second'),
    segments: fc.integer({ min: 0, max: 3 }),
    carrierIds,
  }),
);
/** In any order, repeated, at any time; the clock may jump back. */
const history = fc.array(fc.record({ happening, at: fc.integer({ min: 0, max: 10_000 }) }), { maxLength: 30 });

function run(events: readonly AttemptEvent[]): { attempts: SmsAttempt[]; told: Told[]; submits: number } {
  const attempts: SmsAttempt[] = [fresh];
  const told: Told[] = [];
  let submits = 0;
  for (const event of events) {
    const before = attempts.at(-1) as SmsAttempt;
    const { attempt, outcome } = step(before, event, rules);
    if (outcome) told.push(outcome);
    if (!attempt) break;
    if (event.type === 'leaves' && attempt !== before && attempt.state === 'handing-over') submits++;
    attempts.push(attempt);
  }
  return { attempts, told, submits };
}

const at = (moment: number, event: Happening): AttemptEvent => ({ ...event, at: moment }) as AttemptEvent;
const accepted = (...ids: string[]): Happening => {
  return { type: 'accepted', route: 'first', segments: ids.length, carrierIds: ids };
};
const kinds = (events: readonly AttemptEvent[]) => run(events).told.map(({ kind, reason }) => reason ?? kind);

describe('the life of an SMS', () => {
  it('keeps to the drawing and tells what the contract allows, whatever happens', () => {
    fc.assert(
      fc.property(history, (events) => {
        const { attempts, told } = run(events.map(({ happening: event, at: moment }) => at(moment, event)));
        attempts.reduce((before, after) => {
          if (after.state !== before.state) expect(ARROWS[before.state]).to.include(after.state);
          return after;
        });
        told.reduce((before, { kind }) => {
          expect(NEXT[before]).to.include(kind);
          return kind;
        }, 'submitted');
        for (const { awaiting } of attempts) expect(awaiting).to.be.at.least(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it('leaves again only after a route has said that it surely did not go out', () => {
    fc.assert(
      fc.property(history, (events) => {
        const all = events.map(({ happening: event, at: moment }) => at(moment, event));
        const { submits } = run(all);
        const putOffs = all.filter(({ type }) => type === 'put-off').length;
        expect(submits).to.be.at.most(1 + putOffs);
        expect(run(all.filter(({ type }) => type !== 'put-off')).submits).to.be.at.most(1);
      }),
      { numRuns: 2_000 },
    );
  });

  it('tells an end of whatever was submitted, once all has happened that must', () => {
    fc.assert(
      fc.property(history, (events) => {
        const all = events.map(({ happening: event, at: moment }) => at(moment, event));
        const last = run(all).attempts.at(-1) as SmsAttempt;
        // Its worker dies or answers, and all deadlines pass.
        const ending: Happening[] = isPending(last)
          ? [{ type: 'orphaned' }, { type: 'deadline' }]
          : [{ type: 'deadline' }];
        const { told } = run([...all, ...ending.map((event) => at(100_000, event)), at(200_000, { type: 'deadline' })]);
        expect(told.at(-1)?.kind).to.be.oneOf(['delivered', 'failed', 'cancelled']);
      }),
    );
  });

  it('goes the usual way', () => {
    const events = [at(1, { type: 'leaves' }), at(2, accepted('a')), at(3, { type: 'segment-delivered' })];
    expect(run(events).told).to.deep.equal([
      { kind: 'handed-over', segments: 1 },
      { kind: 'delivered', segments: 1 },
    ]);
  });

  it('is delivered when all segments are, and failed when one is not', () => {
    const out = [at(1, { type: 'leaves' }), at(2, accepted('a', 'b', 'c'))];
    const delivered = at(3, { type: 'segment-delivered' });
    expect(kinds([...out, delivered, delivered])).to.deep.equal(['handed-over']);
    expect(kinds([...out, delivered, delivered, delivered])).to.deep.equal(['handed-over', 'delivered']);
    const failed = at(3, { type: 'segment-failed', reason: 'RECEIPT_REJECTED' });
    expect(kinds([...out, delivered, failed, delivered])).to.deep.equal(['handed-over', 'RECEIPT_REJECTED']);
  });

  it('takes one id for all segments', () => {
    const one = at(2, { type: 'accepted', route: 'first', segments: 3, carrierIds: ['a'] });
    const events = [at(1, { type: 'leaves' }), one, at(3, { type: 'segment-delivered' })];
    expect(run(events).told.at(-1)).to.deep.equal({ kind: 'delivered', segments: 3 });
  });

  it('takes one receipt for all segments where the carrier sends one', () => {
    const ids = ['a', 'b', 'c'];
    const sent: Happening = { type: 'accepted', route: 'first', segments: 3, carrierIds: ids, onlyReceipt: true };
    const events = [at(1, { type: 'leaves' }), at(2, sent), at(3, { type: 'segment-delivered' })];
    expect(run(events).told.at(-1)).to.deep.equal({ kind: 'delivered', segments: 3 });
  });

  it('is never told delivered while a segment of a lost answer is not known', () => {
    const lost = at(2, { type: 'unknown', route: 'first', segments: 3, carrierIds: ['a', 'b'] });
    const delivered = at(3, { type: 'segment-delivered' });
    const events = [at(1, { type: 'leaves' }), lost, delivered, delivered, at(5_000, { type: 'deadline' })];
    expect(kinds(events)).to.deep.equal(['unknown', 'RECEIPT_MISSING']);
  });

  it('takes the answer that comes after it was given up as orphaned, without telling of a hand-over', () => {
    const orphaned = [at(1, { type: 'leaves' }), at(2, { type: 'orphaned' })];
    const delivered = at(4, { type: 'segment-delivered' });
    expect(kinds([...orphaned, at(3, accepted('a')), delivered])).to.deep.equal(['unknown', 'delivered']);
    expect(kinds([...orphaned, at(3, { type: 'refused', reason: 'NUMBER_UNKNOWN' })])).to.deep.equal([
      'unknown',
      'NUMBER_UNKNOWN',
    ]);
    expect(kinds([...orphaned, at(3, { type: 'put-off', retryAt: 4 })])).to.deep.equal(['unknown', 'NOT_SENT']);
  });

  it('cancels what has not left, and what could not leave after all', () => {
    const cancel = at(2, { type: 'cancel' });
    expect(kinds([cancel, at(3, { type: 'leaves' })])).to.deep.equal(['cancelled']);
    expect(kinds([at(1, { type: 'leaves' }), cancel, at(3, accepted('a'))])).to.deep.equal(['handed-over']);
    const putOff = at(3, { type: 'put-off', retryAt: 4 });
    expect(kinds([at(1, { type: 'leaves' }), cancel, putOff])).to.deep.equal(['cancelled']);
  });

  it('expires while it waits, also between two tries', () => {
    expect(kinds([at(EXPIRES, { type: 'leaves' })])).to.deep.equal(['EXPIRED']);
    expect(kinds([at(EXPIRES, { type: 'deadline' })])).to.deep.equal(['EXPIRED']);
    const tried = [at(1, { type: 'leaves' }), at(2, { type: 'put-off', retryAt: 400 })];
    expect(step(fresh, tried[0] as AttemptEvent, rules).dueAt).to.equal(null);
    expect(kinds([...tried, at(EXPIRES, { type: 'deadline' })])).to.deep.equal(['EXPIRED']);
    expect(kinds([at(1, { type: 'leaves' }), at(2, { type: 'put-off', retryAt: EXPIRES })])).to.deep.equal(['EXPIRED']);
  });
});
