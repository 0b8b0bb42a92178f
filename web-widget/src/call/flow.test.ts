import type { CallRequestState, PurposeView } from '@civicline/protocol';
import { expect } from 'chai';
import fc from 'fast-check';
import { PURPOSE } from '../stand-in/gateway.ts';
import { advance, begin, type Flow, type FlowEvent, isCancelledByClosing, isFinal, isUnderWay } from './flow.ts';

const CLOSED: PurposeView = { ...PURPOSE, open: false };
const dialCode = {
  number: '+31850000001',
  code: '12345678',
  telUrl: 'tel:+31850000001,12345678',
  codeExpiresAt: '2026-11-23T09:00:00Z',
};

const told = (state: CallRequestState, sequence: number): FlowEvent => ({
  type: 'status',
  status: { state, sequence },
});
const after = (...events: FlowEvent[]): Flow => events.reduce(advance, begin());

const created: FlowEvent[] = [{ type: 'purpose-loaded', purpose: PURPOSE }, { type: 'request-created' }];

describe('the flow of a call', () => {
  it('goes from the click to the end of the call', () => {
    expect(after().step).to.equal('preparing');
    expect(after(...created).step).to.equal('identify');
    const states: CallRequestState[] = ['disclosed', 'calling', 'queued', 'connected', 'ended'];
    states.forEach((state, index) => {
      const events = states.slice(0, index + 1).map((name, sequence) => told(name, sequence + 1));
      expect(after(...created, ...events).step).to.equal(state);
    });
  });

  it('asks for nothing when nobody answers about the purpose', () => {
    expect(after({ type: 'purpose-loaded', purpose: CLOSED }).step).to.equal('closed');
  });

  it('ignores repeated and late statuses', () => {
    const flow = after(...created, told('disclosed', 1), told('calling', 2));
    expect(advance(flow, told('calling', 2))).to.equal(flow);
    expect(advance(flow, told('disclosed', 1))).to.equal(flow);
  });

  it('takes the code off the screen once it has been keyed', () => {
    const shown = after(...created, told('disclosed', 1), {
      type: 'other-phone',
      otherPhone: { kind: 'shown', dialCode },
    });
    expect(shown.otherPhone.kind).to.equal('shown');
    expect(advance(shown, told('calling', 2)).otherPhone.kind).to.equal('hidden');
    expect(advance(shown, told('expired', 2)).otherPhone.kind).to.equal('hidden');
  });

  it('does not show a code that arrives after it was keyed', () => {
    const flow = after(...created, told('disclosed', 1), told('calling', 2));
    expect(advance(flow, { type: 'other-phone', otherPhone: { kind: 'shown', dialCode } })).to.equal(flow);
  });

  it('takes the code off the screen when something goes wrong', () => {
    const shown: FlowEvent = { type: 'other-phone', otherPhone: { kind: 'shown', dialCode } };
    const failed: FlowEvent = { type: 'problem', problem: { kind: 'offline' } };
    expect(after(...created, told('disclosed', 1), shown, failed).otherPhone).to.deep.equal({ kind: 'hidden' });
  });

  it('is cancelled by closing until the app has disclosed', () => {
    expect(isCancelledByClosing(after())).to.equal(true);
    expect(isCancelledByClosing(after(...created))).to.equal(true);
    const inApp = after(...created, { type: 'identification', identification: { kind: 'in-app' } });
    expect(isCancelledByClosing(inApp)).to.equal(true);
    expect(
      isCancelledByClosing(advance(inApp, { type: 'identification', identification: { kind: 'checking' } })),
    ).to.equal(false);
    expect(isCancelledByClosing(advance(inApp, told('disclosed', 1)))).to.equal(false);
  });

  it('keeps what it knows of the purpose when the citizen starts again', () => {
    expect(begin(PURPOSE).purpose).to.equal(PURPOSE);
  });

  it('stays legal under any order of events', () => {
    const state = fc.constantFrom<CallRequestState>(
      'awaiting-disclosure',
      'disclosed',
      'calling',
      'queued',
      'connected',
      'ended',
      'cancelled',
      'expired',
      'failed',
    );
    const event = fc.oneof<fc.Arbitrary<FlowEvent>[]>(
      fc.constantFrom(PURPOSE, CLOSED).map((purpose) => ({ type: 'purpose-loaded', purpose })),
      fc.constant({ type: 'request-created' }),
      fc.constantFrom<FlowEvent>(
        { type: 'identification', identification: { kind: 'qr', url: 'https://example.org', canGoBack: false } },
        { type: 'identification', identification: { kind: 'checking' } },
        { type: 'yivi-ended', how: 'cancelled' },
        { type: 'yivi-ended', how: 'expired' },
        { type: 'other-phone', otherPhone: { kind: 'shown', dialCode } },
        { type: 'problem', problem: { kind: 'offline' } },
      ),
      fc.tuple(state, fc.nat(20)).map(([name, sequence]) => told(name, sequence)),
      fc
        .tuple(fc.constantFrom<'gateway' | 'yivi'>('gateway', 'yivi'), fc.boolean())
        .map(([to, lost]) => ({ type: 'connection', to, lost })),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        let flow = begin();
        for (const next of events) {
          const before = flow;
          flow = advance(before, next);
          expect(flow.sequence).to.be.at.least(before.sequence);
          if (flow.otherPhone.kind !== 'hidden') expect(flow.step).to.equal('disclosed');
          if (before.step === 'ended') expect(flow.step).to.equal('ended');
          if (isFinal(flow)) expect(flow.lost).to.deep.equal({ gateway: false, yivi: false });
          if (isUnderWay(flow)) expect(isCancelledByClosing(flow)).to.equal(false);
          expect(flow.step === 'problem').to.equal(flow.step === 'problem' && flow.problem !== null);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
