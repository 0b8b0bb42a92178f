import { expect } from 'chai';
import fc from 'fast-check';
import {
  ATTRIBUTES_MS,
  type Call,
  type CallCommand,
  type CallEvent,
  hasEnded,
  legChannelId,
  PHONE_GONE_MS,
  RESUME_MS,
} from './call.ts';
import { arrive, nextDeadline, STATES, step } from './machine.ts';
import { isAsExpected } from './reconcile.ts';

const CALL_ID = '01920000-0000-7000-8000-000000000001';
const LEGS = [1, 2, 3].map((attempt) => legChannelId(CALL_ID, attempt));
const AGENTS = ['agent-a', 'agent-b'];
const RULES = { queueId: 'algemeen', maxWaitMs: 600_000, ringMs: 20_000, wrapUpMs: 120_000 };

function newCall(kind: 'asterisk' | 'exchange' = 'asterisk') {
  return arrive({
    id: CALL_ID,
    organisationId: 'voorbeeldstad',
    source:
      kind === 'asterisk'
        ? { kind, asteriskId: 'asterisk-1', channelId: 'caller-1' }
        : { kind, exchange: 'other', forwardNumber: null },
    calledNumber: '+31850000001',
    language: 'nl',
    at: 0,
    code: '',
  });
}

/** What Asterisk and the database would hold if every command were carried out at once. */
interface Held {
  caller: boolean;
  legs: Set<string>;
  bridge: boolean;
  attributes: boolean;
}

function happened(held: Held, call: Call, event: CallEvent): void {
  if (event.type === 'caller-gone') held.caller = false;
  if (event.type === 'caller-left' && !call.rekeying) held.caller = false;
  if (event.type === 'leg-up' || event.type === 'leg-ringing') held.legs.add(event.channelId);
  if (event.type === 'leg-down') held.legs.delete(event.channelId);
  if (event.type === 'reconciled') {
    if (event.found.caller !== 'in-stasis') held.caller = false;
    if (event.found.caller === 'elsewhere' && call.state === 'arriving') held.caller = true;
    if (event.found.leg === 'absent' && call.leg) held.legs.delete(call.leg.channelId);
    held.bridge = event.found.bridge !== 'absent' && held.bridge;
  }
}

function carryOut(held: Held, command: CallCommand): void {
  switch (command.type) {
    case 'originate':
      held.legs.add(command.channelId);
      break;
    case 'hang-up-leg':
      held.legs.delete(command.channelId);
      break;
    case 'bridge':
      held.bridge = true;
      break;
    case 'destroy-bridge':
      held.bridge = false;
      break;
    case 'hang-up-caller':
    case 'fall-back':
      held.caller = false;
      break;
    case 'keep-attributes':
      held.attributes = true;
      break;
    case 'erase-attributes':
      held.attributes = false;
      break;
  }
}

const admission = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ kind: 'admitted' as const, rules: RULES }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'admitted' as const, rules: { ...RULES, wrapUpMs: 0 } }) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: 'closed' as const }, { kind: 'full' as const }) },
);
const agentId = fc.constantFrom(...AGENTS);
const channelId = fc.constantFrom(...LEGS);
const leg = fc.record({
  type: fc.constantFrom('leg-ringing' as const, 'leg-up' as const),
  channelId,
});
const eventBody = fc.oneof(
  fc.record({ type: fc.constant('code-entered' as const), code: fc.constant('12345678') }),
  fc.record({ type: fc.constant('code-unread' as const) }),
  fc.record({
    type: fc.constant('redeemed' as const),
    requestId: fc.constant('request-1'),
    purposeId: fc.constant('verhuizing'),
    language: fc.constantFrom('nl' as const, 'fr' as const),
    disclosedAt: fc.constant(0),
    attributes: fc.constant([{ id: 'a.b.c.d', value: 'x' }]),
    admission,
  }),
  fc.record({
    type: fc.constant('rejected' as const),
    reason: fc.constantFrom('no-code' as const, 'code-unknown' as const),
    mayRetry: fc.boolean(),
    admission,
  }),
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('claim' as const), agentId, device: fc.constant('browser' as const) }),
  },
  { weight: 4, arbitrary: leg },
  fc.record({
    type: fc.constant('leg-down' as const),
    channelId,
    cause: fc.constantFrom(
      'busy' as const,
      'no-answer' as const,
      'not-registered' as const,
      'hung-up' as const,
      'lost' as const,
    ),
  }),
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('phone-gone' as const, 'phone-back' as const) }) },
  fc.record({ type: fc.constant('take-back' as const), agentId, registered: fc.boolean() }),
  fc.record({ type: fc.constantFrom('bridged' as const, 'bridged' as const, 'bridge-failed' as const) }),
  fc.record({ type: fc.constantFrom('caller-gone' as const, 'caller-left' as const) }),
  fc.record({
    type: fc.constantFrom('hold', 'resume', 'mute', 'unmute', 'hang-up', 'finish-wrap-up'),
    agentId,
  }),
  fc.record({
    type: fc.constant('transfer' as const),
    agentId,
    target: fc.oneof(
      fc.constant({ kind: 'queue' as const, rules: { ...RULES, queueId: 'burgerzaken' } }),
      fc.record({ kind: fc.constant('agent' as const), agentId }),
    ),
  }),
  fc.record({ type: fc.constant('deadline' as const) }),
  fc.record({
    type: fc.constant('reconciled' as const),
    found: fc.record({
      caller: fc.constantFrom('absent' as const, 'in-stasis' as const, 'in-stasis' as const, 'elsewhere' as const),
      leg: fc.constantFrom('absent' as const, 'ringing' as const, 'up' as const),
      bridge: fc.constantFrom('absent' as const, 'partial' as const, 'whole' as const),
    }),
  }),
);
/** Time goes on between events, from nothing to past every limit. */
const history = fc.array(fc.tuple(eventBody, fc.constantFrom(0, 1, 1_000, 25_000, 130_000, 900_000)), {
  maxLength: 40,
});

function timed(bodies: [object, number][]): CallEvent[] {
  let at = 0;
  return bodies.map(([body, pause]) => {
    at += pause;
    return { ...body, at } as CallEvent;
  });
}

/** What must be true of a call at every moment. */
function expectLegal(call: Call): void {
  const { state } = call;
  if (call.leg !== null) expect(state).to.be.oneOf(['claimed', 'connecting', 'connected']);
  if (call.bridged) expect(state).to.be.oneOf(['connecting', 'connected']);
  if (call.held || call.muted) expect(state === 'connected' || call.interruption !== null).to.equal(true);
  if (['claimed', 'connecting', 'connected', 'interrupted', 'wrapping-up'].includes(state))
    expect(call.agentId).not.to.equal(null);
  if (call.interruption !== null) {
    expect(state).to.be.oneOf(['interrupted', 'claimed', 'connecting']);
    expect(call.connectedAt, 'there was a conversation').not.to.equal(null);
  } else expect(state).not.to.equal('interrupted');
  if (call.phoneGoneUntil !== null) expect(state).to.equal('connected');
  if (state === 'arriving' || state === 'queued') expect(call.agentId).to.equal(null);
  if (state === 'connected' && call.source.kind === 'asterisk')
    expect(call.leg?.answered && call.bridged).to.equal(true);
  if (call.offer !== null) expect(state).to.equal('queued');
  if (hasEnded(call)) {
    expect(nextDeadline(call)).to.equal(null);
    expect(call.attributesUntil).to.equal(null);
    expect(call.endedAt).not.to.equal(null);
  } else if (state !== 'connected') {
    expect(nextDeadline(call), `a way out of ${state}`).not.to.equal(null);
  }
}

function run(kind: 'asterisk' | 'exchange', events: CallEvent[]): { call: Call; held: Held; reported: string[] } {
  const held: Held = { caller: kind === 'asterisk', legs: new Set(), bridge: false, attributes: false };
  const reported: string[] = [];
  let { call } = newCall(kind);
  for (const event of events) {
    happened(held, call, event);
    const before = call;
    const next = step(before, event);
    if (next.call.state !== before.state) expect(STATES.transitions[before.state]).to.include(next.call.state);
    for (const command of next.commands) {
      carryOut(held, command);
      if (command.type === 'report') reported.push(command.state);
    }
    call = next.call;
    expectLegal(call);
    expect(held.attributes, 'attributes are held exactly as long as the call says').to.equal(
      call.attributesUntil !== null,
    );
  }
  return { call, held, reported };
}

/** A conversation of agent-a that began at 10 s, for which the caller had waited 9 s. */
function conversation(device: 'browser' | 'sip-phone'): Call {
  const channelId = LEGS[0] ?? '';
  return run('asterisk', [
    redeemed(1_000),
    { type: 'claim', agentId: 'agent-a', device, at: 8_000 },
    { type: 'leg-ringing', channelId, at: 8_500 },
    { type: 'leg-up', channelId, at: 9_500 },
    { type: 'bridged', at: 10_000 },
  ]).call;
}

/** Each event in turn; the commands of all. */
function steps(call: Call, ...events: CallEvent[]): { call: Call; commands: CallCommand[] } {
  let now = call;
  const commands: CallCommand[] = [];
  for (const event of events) {
    const next = step(now, event);
    now = next.call;
    commands.push(...next.commands);
    expectLegal(now);
  }
  return { call: now, commands };
}

describe('a conversation whose agent’s leg is lost', () => {
  const [leg1 = '', leg2 = ''] = LEGS;
  const lostAt = 60_000;
  const legLost: CallEvent = { type: 'leg-down', channelId: leg1, cause: 'lost', at: lostAt };
  const typesOf = (commands: CallCommand[]) => commands.map(({ type }) => type);

  it('of a phone on a desk: the caller goes to the head of the queue, marked, and the agent is not reachable', () => {
    const { call, commands } = steps(conversation('sip-phone'), legLost);
    expect(call).to.include({ state: 'queued', agentId: null, cutOffFrom: 'agent-a', connectedAt: null, offer: null });
    expect(call.attributesUntil, 'the attributes stay').not.to.equal(null);
    expect(call.requestId, 'and what the code stood for').to.equal('request-1');
    expect(lostAt - (call.queuedAt ?? 0), 'the wait goes along, without the conversation').to.equal(9_000);
    expect(call.waitUntil).to.equal(lostAt + RULES.maxWaitMs);
    expect(commands).to.deep.include({ type: 'agent-not-reachable', agentId: 'agent-a', cause: 'lost' });
    expect(typesOf(commands)).to.include.members(['leave-bridge', 'hang-up-leg', 'destroy-bridge', 'wait']);
    expect(typesOf(commands)).not.to.include('hang-up-caller');
  });

  it('of a page: the caller hears music, and the call comes back to the page that is there again', () => {
    const { call: interrupted, commands } = steps(conversation('browser'), legLost);
    expect(interrupted).to.include({ state: 'interrupted', agentId: 'agent-a', leg: null, bridged: false });
    expect(typesOf(commands)).to.deep.equal(['leave-bridge', 'hang-up-leg', 'destroy-bridge', 'wait']);
    // The page is known as registered until Asterisk has heard that it is gone: that one does not count.
    expect(steps(interrupted, { type: 'phone-back', at: lostAt + 1 }).call.state).to.equal('interrupted');
    const back = steps(
      interrupted,
      { type: 'phone-gone', at: lostAt + 100 },
      { type: 'phone-back', at: lostAt + 2_000 },
    );
    expect(back.call).to.include({ state: 'claimed', agentId: 'agent-a', attempts: 2 });
    expect(back.commands).to.deep.equal([
      { type: 'originate', channelId: leg2, agentId: 'agent-a', device: 'browser', ringMs: RESUME_MS },
    ]);
    const resumed = steps(
      back.call,
      { type: 'leg-ringing', channelId: leg2, at: lostAt + 2_100 },
      { type: 'leg-up', channelId: leg2, at: lostAt + 2_500 },
      { type: 'bridged', at: lostAt + 2_600 },
    ).call;
    expect(resumed).to.include({ state: 'connected', interruption: null, cutOffFrom: null });
    expect(resumed.connectedAt, 'it is the same conversation').to.equal(10_000);
  });

  it('of a page that does not come back in time: the head of the queue, too', () => {
    const { call: interrupted } = steps(conversation('browser'), legLost);
    expect(nextDeadline(interrupted)).to.equal(lostAt + RESUME_MS);
    const { call, commands } = steps(interrupted, { type: 'deadline', at: lostAt + RESUME_MS });
    expect(call).to.include({ state: 'queued', cutOffFrom: 'agent-a', agentId: null, interruption: null });
    expect(lostAt - (call.queuedAt ?? 0), 'it waits from the interruption on').to.equal(9_000);
    expect(commands).to.deep.equal([{ type: 'agent-not-reachable', agentId: 'agent-a', cause: 'lost' }]);
  });

  it('of a page that rings and is not answered: the same', () => {
    const ringing = steps(conversation('browser'), legLost, {
      type: 'take-back',
      agentId: 'agent-a',
      registered: true,
      at: lostAt + 1_000,
    }).call;
    expect(ringing.state).to.equal('claimed');
    const { call, commands } = steps(ringing, {
      type: 'leg-down',
      channelId: leg2,
      cause: 'not-registered',
      at: lostAt + 2_000,
    });
    expect(call).to.include({ state: 'queued', cutOffFrom: 'agent-a' });
    expect(commands).to.deep.include({ type: 'agent-not-reachable', agentId: 'agent-a', cause: 'not-registered' });
  });

  it('is noticed by a phone that is no longer registered, unless it is back at once', () => {
    for (const [device, becomes] of [
      ['sip-phone', 'queued'],
      ['browser', 'interrupted'],
    ] as const) {
      const gone = steps(conversation(device), { type: 'phone-gone', at: lostAt }).call;
      expect(gone.state).to.equal('connected');
      expect(nextDeadline(gone)).to.equal(lostAt + PHONE_GONE_MS);
      const back = steps(gone, { type: 'phone-back', at: lostAt + 1_000 }).call;
      expect(nextDeadline(back)).to.equal(gone.attributesUntil);
      expect(steps(gone, { type: 'deadline', at: lostAt + PHONE_GONE_MS }).call.state).to.equal(becomes);
    }
  });

  it('is noticed by a new page that has the telephone and no conversation in it', () => {
    const takeBack = { type: 'take-back', agentId: 'agent-a', at: lostAt } as const;
    const { call, commands } = steps(conversation('browser'), { ...takeBack, registered: true });
    expect(call.state).to.equal('claimed');
    expect(typesOf(commands)).to.deep.equal(['leave-bridge', 'hang-up-leg', 'destroy-bridge', 'wait', 'originate']);
    const early = steps(conversation('browser'), { ...takeBack, registered: false }).call;
    expect(early.state).to.equal('interrupted');
    expect(steps(early, { type: 'phone-back', at: lostAt + 1 }).call.state).to.equal('claimed');
    for (const unheard of [{ agentId: 'agent-b' }, {}]) {
      const call = conversation('agentId' in unheard ? 'browser' : 'sip-phone');
      expect(step(call, { ...takeBack, ...unheard, registered: true }).call).to.equal(call);
    }
  });

  it('stays muted and on hold when it comes back', () => {
    const quiet = steps(
      conversation('browser'),
      { type: 'mute', agentId: 'agent-a', at: 20_000 },
      { type: 'hold', agentId: 'agent-a', at: 20_000 },
    ).call;
    const { call, commands } = steps(
      quiet,
      { type: 'take-back', agentId: 'agent-a', registered: true, at: lostAt },
      { type: 'leg-up', channelId: leg2, at: lostAt },
      { type: 'bridged', at: lostAt },
    );
    expect(call).to.include({ state: 'connected', muted: true, held: true });
    expect(typesOf(commands)).to.deep.equal([
      ...['leave-bridge', 'hang-up-leg', 'destroy-bridge', 'originate'],
      ...['bridge', 'mute', 'hold', 'report'],
    ]);
  });

  it('ends when either side hangs up meanwhile, in wrap-up', () => {
    const { call: interrupted } = steps(conversation('browser'), legLost);
    const { call: ringing } = steps(interrupted, {
      type: 'take-back',
      agentId: 'agent-a',
      registered: true,
      at: lostAt,
    });
    for (const call of [interrupted, ringing]) {
      expect(steps(call, { type: 'caller-gone', at: lostAt }).call.state).to.equal('wrapping-up');
      const { call: ended, commands } = steps(call, { type: 'hang-up', agentId: 'agent-a', at: lostAt });
      expect(ended.state).to.equal('wrapping-up');
      expect(typesOf(commands)).to.include('hang-up-caller');
    }
  });

  it('is over when the agent hung up the phone', () => {
    const { call, commands } = steps(conversation('browser'), { ...legLost, cause: 'hung-up' } as CallEvent);
    expect(call.state).to.equal('wrapping-up');
    expect(typesOf(commands)).to.include('hang-up-caller');
  });
});

describe('call state machine', () => {
  for (const kind of ['asterisk', 'exchange'] as const) {
    it(`keeps to legal states and leaves nothing behind, whatever happens in whatever order (${kind})`, () => {
      fc.assert(
        fc.property(history, (bodies) => {
          const events = timed(bodies as [object, number][]);
          const last = (events.at(-1)?.at ?? 0) + 10 * ATTRIBUTES_MS;
          // Every agent leg ends up hung up or reported as gone, and in the end the caller goes.
          const ending: CallEvent[] = [
            { type: 'caller-gone', at: last },
            { type: 'deadline', at: last + 1 },
            { type: 'deadline', at: last + 10 * ATTRIBUTES_MS },
            { type: 'deadline', at: last + 20 * ATTRIBUTES_MS },
          ];
          const { call, held } = run(kind, [...events, ...ending]);
          expect(hasEnded(call), `ended, not ${call.state}`).to.equal(true);
          expect([...held.legs]).to.deep.equal([]);
          expect(held.bridge).to.equal(false);
          expect(held.caller).to.equal(false);
          expect(held.attributes).to.equal(false);
        }),
        { numRuns: 1_000 },
      );
    });
  }

  it('ends without the caller doing anything, by its own timer alone', () => {
    fc.assert(
      fc.property(history, (bodies) => {
        let { call, held } = run('asterisk', timed(bodies as [object, number][]));
        for (let turns = 0; !hasEnded(call) && call.state !== 'connected'; turns += 1) {
          expect(turns).to.be.below(20);
          const due = nextDeadline(call) ?? 0;
          const next = step(call, { type: 'deadline', at: due });
          for (const command of next.commands) carryOut(held, command);
          call = next.call;
        }
        if (call.state === 'connected') return;
        expect(held.bridge).to.equal(false);
        expect(held.legs.size).to.equal(0);
      }),
    );
  });

  it('changes nothing when an event is repeated at once, apart from reports to Asterisk', () => {
    fc.assert(
      fc.property(history, (bodies) => {
        const events = timed(bodies as [object, number][]).filter(({ type }) => type !== 'deadline');
        const once = run('asterisk', events);
        const twice = run(
          'asterisk',
          events.flatMap((event) => (isOnceOnly(event) ? [event] : [event, event])),
        );
        expect(twice.call.state).to.equal(once.call.state);
      }),
    );
  });

  it('answers, talks, holds and ends', () => {
    const at = 1;
    const [leg1 = ''] = LEGS;
    const { call, reported } = run('asterisk', [
      redeemed(at),
      { type: 'claim', agentId: 'agent-a', device: 'browser', at },
      { type: 'leg-ringing', channelId: leg1, at },
      { type: 'leg-up', channelId: leg1, at },
      { type: 'bridged', at },
      { type: 'hold', agentId: 'agent-a', at },
      { type: 'resume', agentId: 'agent-a', at },
      { type: 'hang-up', agentId: 'agent-a', at },
    ]);
    expect(call.state).to.equal('wrapping-up');
    expect(reported).to.deep.equal(['calling', 'queued', 'connected', 'ended']);
    expect(step(call, { type: 'finish-wrap-up', agentId: 'agent-a', at }).call.state).to.equal('closed');
  });

  it('puts a caller whose agent does not answer back in its place, and the agent aside', () => {
    const [leg1 = ''] = LEGS;
    const { call } = run('asterisk', [redeemed(1), { type: 'claim', agentId: 'agent-a', device: 'sip-phone', at: 5 }]);
    const { call: back, commands } = step(call, { type: 'leg-down', channelId: leg1, cause: 'no-answer', at: 9 });
    expect(back).to.include({ state: 'queued', queuedAt: 1, agentId: null });
    expect(commands).to.deep.include({ type: 'agent-not-reachable', agentId: 'agent-a', cause: 'no-answer' });
  });

  it('asks for the code three times, then takes the caller as not verified', () => {
    const refused: CallEvent = {
      type: 'rejected',
      reason: 'code-unknown',
      mayRetry: true,
      admission: { kind: 'admitted', rules: RULES },
      at: 1,
    };
    const again: CallEvent = { type: 'code-entered', code: '1', at: 1 };
    const { call } = run('asterisk', [refused, again, refused, again, refused]);
    expect(call.state).to.equal('queued');
    expect(call.verification).to.deep.equal({ kind: 'not-verified', reason: 'too-many-tries', mayRetry: true });
  });

  it('lets one agent alone answer an offered call, until it falls back to the queue', () => {
    const [leg1 = ''] = LEGS;
    const { call } = run('asterisk', [
      redeemed(1),
      { type: 'claim', agentId: 'agent-a', device: 'browser', at: 1 },
      { type: 'leg-up', channelId: leg1, at: 1 },
      { type: 'bridged', at: 1 },
      { type: 'transfer', agentId: 'agent-a', target: { kind: 'agent', agentId: 'agent-b' }, at: 2 },
    ]);
    expect(call).to.include({ state: 'queued', transferredBy: 'agent-a', cutOffFrom: null });
    const byOther: CallEvent = { type: 'claim', agentId: 'agent-c', device: 'browser', at: 3 };
    expect(step(call, byOther).call.state).to.equal('queued');
    expect(step(call, { ...byOther, agentId: 'agent-b' }).call.state).to.equal('claimed');
    const { call: fallen } = step(call, { type: 'deadline', at: 2 + RULES.ringMs });
    expect(fallen).to.include({ state: 'queued', offer: null });
    expect(step(fallen, byOther).call.state).to.equal('claimed');
  });

  it('takes the whole wait along with a transfer, without the conversation', () => {
    const transfer: CallEvent = {
      type: 'transfer',
      agentId: 'agent-a',
      target: { kind: 'queue', rules: { ...RULES, queueId: 'burgerzaken' } },
      at: 70_000,
    };
    const { call } = steps(conversation('browser'), transfer);
    expect(70_000 - (call.queuedAt ?? 0)).to.equal(9_000);
    expect(call.waitUntil, 'the wait that is allowed begins anew').to.equal(70_000 + RULES.maxWaitMs);
  });

  it('ends the request of a caller who hung up while the code was redeemed', () => {
    const { call } = run('asterisk', [{ type: 'caller-gone', at: 1 }]);
    const { call: after, commands } = step(call, redeemed(2));
    expect(after).to.equal(call);
    expect(commands).to.deep.equal([{ type: 'report', requestId: 'request-1', state: 'ended' }]);
  });

  it('asks Asterisk again what was keyed, until it knows or the caller is elsewhere', () => {
    const unread: CallEvent = { type: 'code-unread', at: 1 };
    const { call } = newCall();
    expect(step(call, unread).commands).to.deep.equal([{ type: 'redeem', code: null }]);
    expect(step({ ...call, rekeying: true }, unread).commands).to.deep.equal([]);
    expect(step(step(call, redeemed(1)).call, unread).commands).to.deep.equal([]);
  });

  it('takes a caller who goes on waiting out of the bridge before it is destroyed', () => {
    const [leg1 = ''] = LEGS;
    const answered: CallEvent[] = [
      redeemed(1),
      { type: 'claim', agentId: 'agent-a', device: 'browser', at: 1 },
      { type: 'leg-up', channelId: leg1, at: 1 },
    ];
    const transfer: CallEvent = {
      type: 'transfer',
      agentId: 'agent-a',
      target: { kind: 'queue', rules: RULES },
      at: 2,
    };
    const leaving: [CallEvent[], CallEvent, boolean][] = [
      [[...answered, { type: 'bridged', at: 1 }], transfer, true],
      [answered, { type: 'bridge-failed', at: 2 }, true],
      [[...answered, { type: 'bridged', at: 1 }], { type: 'hang-up', agentId: 'agent-a', at: 2 }, false],
    ];
    for (const [before, event, waits] of leaving) {
      const types = step(run('asterisk', before).call, event).commands.map(({ type }) => type);
      const expected = waits ? ['leave-bridge', 'destroy-bridge', 'wait'] : ['destroy-bridge'];
      expect(types.filter((type) => ['leave-bridge', 'destroy-bridge', 'wait'].includes(type))).to.deep.equal(expected);
    }
  });

  it('is as expected after its own commands were carried out', () => {
    const { call } = run('asterisk', [redeemed(1), { type: 'claim', agentId: 'agent-a', device: 'browser', at: 1 }]);
    expect(isAsExpected(call, { caller: 'in-stasis', leg: 'ringing', bridge: 'absent' })).to.equal(true);
    expect(isAsExpected(call, { caller: 'in-stasis', leg: 'absent', bridge: 'absent' })).to.equal(false);
    expect(isAsExpected(call, { caller: 'absent', leg: 'ringing', bridge: 'absent' })).to.equal(false);
  });
});

function redeemed(at: number): CallEvent {
  return {
    type: 'redeemed',
    requestId: 'request-1',
    purposeId: 'verhuizing',
    language: 'nl',
    disclosedAt: 0,
    binding: 'app-dialled',
    numberAgrees: null,
    attributes: [{ id: 'a.b.c.d', value: 'x' }],
    admission: { kind: 'admitted', rules: RULES },
    at,
  };
}

/** Counted (a refused code), or an order that means something new when given again. */
function isOnceOnly(event: CallEvent): boolean {
  return event.type === 'rejected' || event.type === 'reconciled';
}
