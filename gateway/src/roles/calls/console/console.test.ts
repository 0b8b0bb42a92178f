import { expect } from 'chai';
import { type StandIn, startStandIn } from '../../../platform/ari/testing/stand-in/index.ts';
import { type Office, openOffice, until } from '../testing/office.ts';
import { BSN, NAME, NUMBER } from '../testing/organisations.ts';
import { openConsole, type TestConsole } from '../testing/test-console.ts';

describe('agent consoles', () => {
  let asterisk: StandIn;
  let office: Office;

  before(async () => {
    asterisk = await startStandIn();
  });
  beforeEach(async () => {
    office = await openOffice({ asterisks: [{ ...asterisk, id: 'asterisk-1' }] });
    await until(() => office.calls.telephonyAvailable());
  });
  afterEach(async () => {
    await office.stop();
    await asterisk.stop();
    await asterisk.start();
  });
  after(async () => {
    await asterisk.stop();
  });

  /** An agent at a console who is ready, with a browser that answers. */
  async function agent(id: string, behaviour: 'answer' | 'ring' = 'answer'): Promise<TestConsole> {
    const opened = await office.console(id);
    await opened.ask('set-presence', { presence: 'ready' });
    asterisk.phone(`browser-${id}`).register(behaviour);
    await until(() => opened.state.self.registered.browser);
    return opened;
  }

  async function ringing(...consoles: TestConsole[]): Promise<string> {
    await until(() => consoles.every(({ state }) => state.calls.length > 0));
    return consoles[0]?.state.calls[0]?.id ?? '';
  }

  it('may connect their softphones while they are signed in', async () => {
    const ask = (cookie: string) =>
      fetch(`${office.url}/internal/softphone`, { headers: { cookie, origin: new URL(office.url).origin } });
    expect((await ask('agent=agent-a')).status).to.equal(204);
    expect((await ask('agent=nobody')).status).to.equal(401);
  });

  it('rings with attributes at the members of the queue, and at nobody else', async () => {
    const [a, b, c] = [await agent('agent-a'), await agent('agent-b'), await agent('agent-c')];
    asterisk.makeCall({ did: NUMBER, code: '12345678', callingNumber: '0612345678' });
    const callId = await ringing(a, b);
    const view = a.call(callId);
    expect(view).to.deep.include({
      state: 'queued',
      queueId: 'burgerzaken',
      callingNumber: '+31612345678',
      purpose: { id: 'verhuizing', title: { nl: 'Verhuizing doorgeven' } },
      agentId: null,
    });
    expect(view?.verification.kind).to.equal('verified');
    expect(view?.attributes).to.deep.equal([
      { id: NAME, label: { nl: 'Naam', en: 'Name' }, value: 'W. de Vries' },
      { id: BSN, label: { nl: 'Burgerservicenummer' }, value: '12345678' },
    ]);
    expect(view?.links[0]?.url).to.equal('https://zaken.voorbeeldstad.example/personen?bsn=12345678');
    expect(b.call(callId)).to.deep.equal(view);
    await until(() => a.state.queues.some(({ id, waiting }) => id === 'burgerzaken' && waiting === 1));
    expect(JSON.stringify(c.events)).not.to.include('Vries');
  });

  it('shows a caller without a code as not verified', async () => {
    const c = await agent('agent-c');
    asterisk.makeCall({ did: NUMBER.slice(1) });
    const view = c.call(await ringing(c));
    expect(view).to.deep.include({
      verification: { kind: 'not-verified', reason: 'no-code' },
      callingNumber: null,
      purpose: null,
      queueId: 'algemeen',
      attributes: [],
    });
  });

  it('gives a call to exactly one of two who answer at once, and tells the other', async () => {
    const [a, b] = [await agent('agent-a'), await agent('agent-b')];
    asterisk.makeCall({ did: NUMBER, code: '12345678' });
    const callId = await ringing(a, b);
    const replies = await Promise.all([a.ask('answer', { callId }), b.ask('answer', { callId })]);
    expect(replies.filter(({ ok }) => ok)).to.have.length(1);
    expect(replies.find(({ ok }) => !ok)).to.include({ code: 'CALL_ALREADY_ANSWERED' });
    const [winner, loser] = replies[0].ok ? [a, b] : [b, a];
    await until(() => winner.call(callId)?.state === 'connected');
    expect(loser.call(callId)).to.equal(undefined);
    expect(loser.events.find(({ name }) => name === 'call-removed')?.event).to.include({
      reason: 'answered-elsewhere',
    });
  });

  it('shows the same in every tab of an agent, and the truth after a reload', async () => {
    const tab1 = await agent('agent-a');
    const tab2 = await office.console('agent-a');
    asterisk.makeCall({ did: NUMBER, code: '12345678' });
    const callId = await ringing(tab1, tab2);
    await tab1.ask('answer', { callId });
    await until(() => tab2.call(callId)?.state === 'connected');
    expect(await tab2.ask('hold', { callId })).to.deep.equal({ ok: true });
    await until(() => tab1.call(callId)?.held === true);
    const reloaded = await office.console('agent-a');
    expect(reloaded.call(callId)).to.deep.equal(tab1.call(callId));
    await until(() => JSON.stringify(tab1.state.calls) === JSON.stringify(tab2.state.calls));
    expect(await reloaded.ask('resync')).to.deep.equal({ ok: true });
    await until(() => reloaded.events.filter(({ name }) => name === 'snapshot').length === 2);
  });

  it('mutes, notes, hangs up, wraps up, and forgets the attributes', async () => {
    const a = await agent('agent-a');
    const caller = asterisk.makeCall({ did: NUMBER, code: '12345678' });
    const callId = await ringing(a);
    await a.ask('answer', { callId });
    await until(() => a.call(callId)?.state === 'connected');
    expect(await a.ask('mute', { callId })).to.deep.equal({ ok: true });
    expect(await a.ask('save-note', { callId, note: 'Wil verhuizen' })).to.deep.equal({ ok: true });
    await until(() => a.call(callId)?.muted === true && a.call(callId)?.note === 'Wil verhuizen');
    expect(await a.ask('hang-up', { callId })).to.deep.equal({ ok: true });
    await until(() => a.call(callId)?.state === 'wrapping-up');
    await until(() => !asterisk.exchange.channels.has(caller.channelId) && asterisk.exchange.bridges.size === 0);
    expect(a.call(callId)?.wrapUpEndsAt).to.be.a('string');
    expect(a.call(callId)?.attributes).to.have.length(2);
    expect(await a.ask('finish-wrap-up', { callId, note: 'Gedaan' })).to.deep.equal({ ok: true });
    await until(() => a.call(callId) === undefined);
    const again = await office.console('agent-a');
    expect(again.state.calls).to.deep.equal([]);
    expect(office.identification.reports.map(({ state }) => state)).to.deep.equal([
      'calling',
      'queued',
      'connected',
      'ended',
    ]);
  });

  it('transfers to a colleague with the attributes, and to a queue', async () => {
    const [a, b] = [await agent('agent-a'), await agent('agent-b')];
    asterisk.makeCall({ did: NUMBER, code: '12345678' });
    const callId = await ringing(a, b);
    await a.ask('answer', { callId });
    await until(() => a.call(callId)?.state === 'connected');
    expect(await a.ask('transfer', { callId, target: { kind: 'agent', id: 'agent-c' } })).to.include({
      code: 'AGENT_NOT_AVAILABLE',
    });
    expect(await a.ask('transfer', { callId, target: { kind: 'queue', id: 'besloten' } })).to.include({
      code: 'QUEUE_CLOSED',
    });
    expect(await a.ask('transfer', { callId, target: { kind: 'agent', id: 'agent-b' } })).to.deep.equal({ ok: true });
    await until(() => b.call(callId)?.offeredTo === 'agent-b');
    expect(b.call(callId)).to.deep.include({ transferredBy: { agentId: 'agent-a', name: 'Demo agent-a' } });
    expect(b.call(callId)?.attributes).to.have.length(2);
    await until(() => a.call(callId) === undefined);
    expect(a.events.filter(({ name }) => name === 'call-removed').at(-1)?.event).to.include({ reason: 'transferred' });
    await b.ask('answer', { callId });
    await until(() => b.call(callId)?.state === 'connected');
    expect(await b.ask('transfer', { callId, target: { kind: 'queue', id: 'algemeen' } })).to.deep.equal({ ok: true });
    await until(() => a.call(callId)?.queueId === 'algemeen');
    expect(a.call(callId)?.attributes).to.have.length(2);
  });

  it('does not ring at agents who are busy, on a break or on a call; they see the figures only', async () => {
    const [a, b] = [await agent('agent-a'), await agent('agent-b')];
    expect(await a.ask('set-presence', { presence: 'break', reason: 'lunch' })).to.deep.equal({ ok: true });
    await until(() => b.state.colleagues.some(({ id, presence }) => id === 'agent-a' && presence === 'break'));
    asterisk.makeCall({ did: NUMBER, code: '12345678' });
    const first = await ringing(b);
    await until(() => a.state.queues.some(({ waiting }) => waiting === 1));
    expect(a.state.calls).to.deep.equal([]);
    expect(await a.ask('answer', { callId: first })).to.include({ code: 'AGENT_NOT_READY' });
    await b.ask('answer', { callId: first });
    await until(() => b.call(first)?.state === 'connected');
    asterisk.makeCall({ did: NUMBER, code: '23456789' });
    await until(() => a.state.queues.some(({ waiting }) => waiting === 1));
    expect(b.state.calls.map(({ id }) => id)).to.deep.equal([first]);
    await a.ask('set-presence', { presence: 'ready' });
    const second = await ringing(a);
    expect(await b.ask('answer', { callId: second })).to.include({ code: 'AGENT_BUSY' });
    expect(a.call(second)?.attributes[1]?.value).to.equal('23456789');
  });

  it('puts the call back and the agent aside when nothing rings or nobody answers', async () => {
    const a = await agent('agent-a', 'ring');
    asterisk.makeCall({ did: NUMBER, code: '12345678' });
    const callId = await ringing(a);
    await a.ask('answer', { callId });
    await until(() => asterisk.phone('browser-agent-a').ringing().length === 1);
    const before = a.events.length;
    asterisk.phone('browser-agent-a').noAnswer();
    await until(() => a.state.self.presence === 'not-reachable' && a.call(callId) === undefined);
    const later = a.events.slice(before).map(({ event }) => (event.call as { state?: string } | undefined)?.state);
    expect(later, 'it does not ring again at whoever did not answer').not.to.include('queued');
    expect(a.state.self.presenceReason).to.equal('no-answer');
    await until(() => a.call(callId) === undefined);
    asterisk.phone('browser-agent-a').unregister();
    await until(() => !a.state.self.registered.browser);
    await a.ask('set-presence', { presence: 'ready' });
    expect(await a.ask('answer', { callId })).to.include({ code: 'AGENT_NOT_REGISTERED' });
    asterisk.phone('browser-agent-a').register('answer');
    await until(() => a.call(callId)?.state === 'queued');
  });

  it('does not ring at, count, nor show anybody’s data to, an agent without a telephone that the call can ring', async () => {
    const a = await office.console('agent-a');
    expect(a.state.self.presence, 'the first sign-in').to.equal('break');
    const b = await agent('agent-b');
    const ready = () => b.state.queues.find(({ id }) => id === 'burgerzaken')?.agentsReady;
    await until(() => ready() === 1);
    await a.ask('set-presence', { presence: 'ready' });
    await until(() => a.state.self.presenceReason === 'no-phone');
    expect(a.state.self.presence).to.equal('not-reachable');
    await until(() => b.state.colleagues.some(({ id, presence }) => id === 'agent-a' && presence === 'not-reachable'));
    asterisk.makeCall({ did: NUMBER, code: '12345678' });
    const callId = await ringing(b);
    await until(() => a.state.queues.some(({ waiting }) => waiting === 1));
    expect(JSON.stringify(a.events)).not.to.include('Vries');
    expect(ready()).to.equal(1);
    expect(await a.ask('answer', { callId })).to.include({ code: 'AGENT_NOT_REGISTERED' });
    asterisk.phone('browser-agent-a').register('answer');
    await ringing(a);
    expect(a.state.self.presence).to.equal('ready');
    await until(() => ready() === 2);
    asterisk.phone('browser-agent-a').unregister();
    await until(() => a.state.calls.length === 0);
    await until(() => ready() === 1);
  });

  it('tells an agent whose page lost the conversation, and gives it back', async () => {
    const a = await agent('agent-a');
    asterisk.makeCall({ did: NUMBER, code: '12345678' });
    const callId = await ringing(a);
    await a.ask('answer', { callId });
    await until(() => a.call(callId)?.state === 'connected');
    expect(a.call(callId)).to.include({ device: 'browser', cutOffFrom: null });
    asterisk.phone('browser-agent-a').lose(41);
    await until(() => a.call(callId)?.state === 'interrupted');
    expect(a.call(callId)?.device).to.equal('browser');
    expect(await a.ask('take-back', { callId })).to.deep.equal({ ok: true });
    await until(() => a.call(callId)?.state === 'connected');
  });

  it('marks a caller who was cut off from an agent’s SIP phone, with note and attributes, for the next agent', async () => {
    const [a, b] = [await agent('agent-a'), await agent('agent-b')];
    asterisk.phone('phone-agent-a').register('answer');
    await until(() => a.state.self.registered['sip-phone']);
    await a.ask('set-device', { device: 'sip-phone' });
    asterisk.makeCall({ did: NUMBER, code: '12345678' });
    const callId = await ringing(a, b);
    await a.ask('answer', { callId });
    await until(() => a.call(callId)?.state === 'connected');
    await a.ask('save-note', { callId, note: 'Verhuist' });
    asterisk.phone('phone-agent-a').lose();
    await until(() => b.call(callId)?.state === 'queued');
    expect(b.call(callId)).to.deep.include({
      cutOffFrom: { agentId: 'agent-a', name: 'Demo agent-a' },
      note: 'Verhuist',
      device: null,
    });
    expect(b.call(callId)?.attributes).to.have.length(2);
    await until(() => a.state.self.presenceReason === 'lost');
    expect(a.call(callId)).to.equal(undefined);
  });

  it('tells everybody of the organisation how each queue is, for whoever transfers', async () => {
    const [a, c] = [await agent('agent-a'), await agent('agent-c')];
    const seenByC = () => c.state.transferQueues.find(({ id }) => id === 'burgerzaken');
    expect(c.state.transferQueues.map(({ id, open }) => [id, open])).to.deep.equal([
      ['algemeen', true],
      ['burgerzaken', true],
      ['besloten', false],
    ]);
    await a.ask('set-presence', { presence: 'break' });
    asterisk.makeCall({ did: NUMBER, code: '12345678' });
    await until(() => seenByC()?.waiting === 1 && seenByC()?.agentsReady === 0);
    await a.ask('set-presence', { presence: 'ready' });
    await until(() => seenByC()?.agentsReady === 1);
  });

  it('takes nothing but well-formed requests, and none about calls of others', async () => {
    const [a, b] = [await agent('agent-a'), await agent('agent-b')];
    asterisk.makeCall({ did: NUMBER, code: '12345678' });
    const callId = await ringing(a, b);
    await a.ask('answer', { callId });
    await until(() => a.call(callId)?.state === 'connected');
    expect(await a.ask('answer', { callId: 'x' })).to.include({ ok: false, code: 'INPUT_INVALID' });
    expect(await a.ask('answer', { callId, more: 1 })).to.include({ ok: false, code: 'INPUT_INVALID' });
    expect(await a.ask('answer')).to.include({ ok: false, code: 'INPUT_INVALID' });
    expect(await b.ask('hang-up', { callId })).to.include({ code: 'CALL_NOT_YOURS' });
    expect(await b.ask('save-note', { callId, note: 'x' })).to.include({ code: 'CALL_NOT_YOURS' });
    const unknown = '01920000-0000-7000-8000-000000000009';
    expect(await b.ask('hang-up', { callId: unknown })).to.include({ code: 'CALL_UNKNOWN' });
    const raw = b.socket as unknown as { emit(name: string, ...sent: unknown[]): void };
    raw.emit('answer', undefined);
    raw.emit('not-a-request');
    expect(await b.ask('set-presence', { presence: 'busy' })).to.deep.equal({ ok: true });
  });

  it('counts calls, consoles and outcomes without naming anybody', async () => {
    const a = await agent('agent-a');
    asterisk.makeCall({ did: NUMBER, code: '12345678', callingNumber: '+31612345678' });
    await ringing(a);
    const figures = await office.metrics.metrics();
    expect(figures).to.include('civicline_calls{state="queued"} 1');
    expect(figures).to.include('civicline_calls{state="connected"} 0');
    expect(figures).to.include('civicline_redemptions_total{outcome="verified"} 1');
    expect(figures).to.include('civicline_consoles 1');
    expect(figures).to.include('civicline_asterisk_available{asterisk="asterisk-1"} 1');
    expect(figures).not.to.match(/Vries|12345678|agent-a/);
  });

  it('lets one agent ask sixty things at once and open ten consoles, so that no script fills the audit', async () => {
    const consoles = await Promise.all(Array.from({ length: 10 }, () => office.console('agent-a')));
    const refused = await office.console('agent-a').then(
      () => null,
      (error: Error) => error.message,
    );
    expect(refused).to.equal('TOO_MANY_CONSOLES');
    const [first] = consoles;
    const answers = await Promise.all(Array.from({ length: 300 }, () => first?.ask('resync')));
    const granted = answers.filter((answer) => answer?.ok).length;
    expect(granted).to.be.within(60, 299);
    expect(answers.find((answer) => !answer?.ok)).to.include({ ok: false, code: 'TOO_MANY_REQUESTS' });
    for (const opened of consoles) opened.close();
  });

  it('lets nobody in without a sign-in, nor from another site, and out when the sign-in ends', async () => {
    await openConsole(office.url, 'nobody').then(
      () => expect.fail('was let in'),
      (error: Error) => expect(error.message).to.equal('NOT_SIGNED_IN'),
    );
    const foreign = openConsole(office.url, 'agent-a', { origin: 'https://elsewhere.example' });
    await foreign.then(
      () => expect.fail('was let in'),
      () => undefined,
    );
    const a = await office.console('agent-a');
    office.signOut('agent-a');
    await until(() => a.socket.disconnected);
    expect(a.events.at(-1)?.name).to.equal('signed-out');
  });

  it('lets an agent finish the call in hand when the sign-in ends by time, not when it is signed out', async () => {
    office.signInFor('agent-a', 0);
    const [a, b] = [await agent('agent-a'), await agent('agent-b')];
    const talking = async (console: TestConsole, code: string) => {
      asterisk.makeCall({ did: NUMBER, code });
      const callId = await ringing(console);
      await console.ask('answer', { callId });
      await until(() => console.call(callId)?.state === 'connected');
      return callId;
    };
    const callId = await talking(a, '12345678');
    // Said every minute as long as the console is open.
    office.signOut('agent-a');
    office.signOut('agent-a');
    expect(await a.ask('hang-up', { callId })).to.deep.equal({ ok: true });
    await until(() => a.call(callId)?.state === 'wrapping-up');
    expect(await a.ask('finish-wrap-up', { callId, note: 'Done.' })).to.deep.equal({ ok: true });
    await until(() => a.socket.disconnected);
    expect(a.call(callId)).to.equal(undefined);
    expect(a.events.at(-1)?.name).to.equal('signed-out');

    await talking(b, '87654321');
    office.signOut('agent-b');
    await until(() => b.socket.disconnected);
  });

  it('ends the password of the page’s telephone with the sign-in', async () => {
    const passwordInAsterisk = () =>
      asterisk.exchange.objects.get('res_pjsip/auth/browser-agent-a')?.find(({ attribute }) => attribute === 'password')
        ?.value;
    const a = await office.console('agent-a');
    const reply = await a.ask('softphone-credentials');
    const { password } =
      (reply as unknown as { credentials: { accounts: { password: string }[] } }).credentials.accounts[0] ?? {};
    expect(passwordInAsterisk()).to.equal(password);
    office.signOut('agent-a');
    await until(() => passwordInAsterisk() !== password);
  });

  it('gives the page what its softphone needs, and the agent what a SIP phone needs', async () => {
    const a = await office.console('agent-a');
    const reply = await a.ask('softphone-credentials');
    expect(reply).to.have.nested.property('credentials.accounts[0].user', 'browser-agent-a');
    const url = `${office.url}/v1/agents/me/sip-phone`;
    const phone = (await (await fetch(url, { headers: { cookie: 'agent=agent-a' } })).json()) as { password: string };
    expect(phone).to.include({ user: 'phone-agent-a' });
    expect((await fetch(url)).status).to.equal(401);
    const auditor = await office.console('auditor');
    expect(await auditor.ask('softphone-credentials')).to.include({ code: 'ROLE_MISSING' });
  });

  it('keeps a record of who was shown what, for auditors alone and without any value', async () => {
    const [a, b] = [await agent('agent-a'), await agent('agent-b')];
    asterisk.makeCall({ did: NUMBER, code: '12345678' });
    const callId = await ringing(a, b);
    await a.ask('answer', { callId });
    await until(() => a.call(callId)?.state === 'connected');
    await office.console('agent-a');
    const url = `${office.url}/v1/audit`;
    const as = (id: string) => ({ headers: { cookie: `agent=${id}` } });
    const page = await (await fetch(`${url}?after=0`, as('auditor'))).json();
    type Entry = { id: number; reason: string; agents: { id: string; name: string }[]; attributes: object[] };
    const { entries } = page as { entries: Entry[] };
    expect(entries.map(({ reason, agents }) => [reason, agents.map(({ name }) => name)])).to.deep.equal([
      ['ringing', ['Demo agent-a', 'Demo agent-b']],
      ['answered', ['Demo agent-a']],
      ['reload', ['Demo agent-a']],
    ]);
    expect(entries[0]?.attributes).to.deep.equal([
      { id: NAME, label: { nl: 'Naam', en: 'Name' } },
      { id: BSN, label: { nl: 'Burgerservicenummer' } },
    ]);
    expect(page).to.have.deep.nested.property('people[0]', { id: 'agent-a', name: 'Demo agent-a' });
    expect(JSON.stringify(page)).not.to.match(/Vries|12345678/);
    const rest = await (await fetch(`${url}?after=${entries[0]?.id}&limit=1`, as('auditor'))).json();
    expect(rest).to.have.nested.property('entries.length', 1);
    expect(rest).to.have.property('next', entries[1]?.id);
    const newest = await (await fetch(`${url}?limit=1`, as('auditor'))).json();
    expect(newest).to.deep.include({ entries: [entries[2]], next: entries[2]?.id });
    const ofB = await (await fetch(`${url}?agent=agent-b&call=${callId}`, as('auditor'))).json();
    expect(ofB).to.deep.include({ entries: [entries[0]], next: null });
    const older = await (await fetch(`${url}?before=${entries[2]?.id}`, as('auditor'))).json();
    expect(older).to.deep.include({ entries: [entries[1], entries[0]], next: null });

    const table = await fetch(`${url}.csv?agent=agent-a`, as('auditor'));
    expect(table.headers.get('content-type')).to.equal('text/csv; charset=utf-8');
    const [head, first, ...others] = (await table.text()).trimEnd().split('\r\n');
    expect(head).to.equal('time,call,reason,agents,agent ids,attributes,attribute ids');
    expect(first?.slice(first.indexOf(','))).to.equal(
      `,${callId},ringing,"Demo agent-a; Demo agent-b","agent-a; agent-b","Naam; Burgerservicenummer","${NAME}; ${BSN}"`,
    );
    expect(others).to.have.length(2);
    expect((await fetch(`${url}.csv`, as('agent-a'))).status).to.equal(403);
    for (const wrong of ['agent=%25', 'call=x', 'from=yesterday', 'until=2025-13-01T00:00:00Z']) {
      expect((await fetch(`${url}?${wrong}`, as('auditor'))).status, wrong).to.equal(400);
      expect((await fetch(`${url}.csv?${wrong}`, as('auditor'))).status, wrong).to.equal(400);
    }
    expect((await fetch(`${url}?before=2&after=1`, as('auditor'))).status).to.equal(400);
    expect((await fetch(url, as('agent-a'))).status).to.equal(403);
    expect((await fetch(`${url}?limit=0`, as('auditor'))).status).to.equal(400);
  });
});
