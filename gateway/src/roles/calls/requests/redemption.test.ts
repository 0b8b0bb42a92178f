import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { createEventStreams, createLog, createMetrics, type Metrics } from '../../../platform/http/index.ts';
import { createSealer, type Database } from '../../../platform/storage/index.ts';
import { eachEngine } from '../../../platform/storage/testing/index.ts';
import { DEMO_FILE } from '../../../test-gateway.ts';
import { IrmaError } from '../../directory/irma/index.ts';
import { createOrganisations, readOrganisationsFile } from '../../directory/organisations/index.ts';
import type { Redemption, RedemptionInput } from '../identification.ts';
import { createStandInIrma, type StandInIrma, type StandInSession } from '../testing/stand-in-irma.ts';
import { type CallRequests, createCallRequests, GUESS_LIMITS, type GuessLimits } from './index.ts';
import { type CallRequest, createRequestStore, type RequestTables } from './store.ts';

const MINUTE = 60_000;
const organisations = createOrganisations(readOrganisationsFile(DEMO_FILE));

describe('redemption', () =>
  eachEngine((open) => {
    let clock: number;
    let database: Database;
    let irma: StandInIrma;
    let requests: CallRequests;
    let metrics: Metrics;
    let lines: string[];
    const sealer = createSealer([randomBytes(32)]);

    async function serve(limits: GuessLimits = GUESS_LIMITS): Promise<void> {
      lines = [];
      metrics = createMetrics(false);
      requests = await createCallRequests({
        config: {
          publicUrl: 'http://127.0.0.1:3000',
          codeMinutes: 10,
          callRequestsPerMinute: 0,
          irma: { url: '', token: '', callbackUrl: 'http://127.0.0.1:3000', clientUrl: null, frontendUrl: null },
        },
        database,
        sealer,
        organisations,
        irma,
        streams: createEventStreams(),
        limits,
        log: createLog('trace', { write: (line) => void lines.push(line) }),
        metrics,
        now: () => clock,
      });
    }
    beforeEach(async () => {
      clock = Date.parse('2026-06-01T10:00:00Z');
      database = await open();
      irma = createStandInIrma();
      await serve();
    });

    async function begin(otherPhone = false): Promise<StandInSession> {
      const found = organisations.purpose('voorbeeldstad', 'verhuizing');
      if (!found) throw new Error('the demo has no purpose "verhuizing"');
      await requests.disclosures.start({ ...found, language: 'fr', otherPhone });
      return irma.sessions.at(-1) as StandInSession;
    }
    /** The code is for the page: it is where the page would get it. */
    async function disclosedForPage(): Promise<{ session: StandInSession; code: string }> {
      const session = await begin(true);
      session.disclose();
      await requests.upkeep.reconcileAll();
      const row = (await rows()).at(-1);
      return { session, code: sealer.open(row?.code_sealed ?? '', `code:${row?.id}`) };
    }
    async function disclosed(): Promise<StandInSession> {
      const session = await begin();
      session.disclose();
      await requests.upkeep.reconcileAll();
      return session;
    }

    const redeem = (code: string, callId: string, more: Partial<RedemptionInput> = {}): Promise<Redemption> => {
      const { callingNumber = '+31612345678' } = more;
      const given = { organisationId: 'voorbeeldstad', code, callId, callingNumber, countedNumber: callingNumber };
      return requests.identification.redeem({ ...given, ...more });
    };
    const rows = () =>
      database.withTables<RequestTables>().sql.selectFrom('call_requests').selectAll().orderBy('id').execute();
    const wrongCode = (session: StandInSession) => String((Number(session.code) + 1) % 10 ** 8).padStart(8, '0');

    it('exchanges a code for the attributes, and answers the same call the same again', async () => {
      const session = await disclosed();
      const first = await redeem(session.code, 'call-1');
      expect(first).to.include({
        outcome: 'verified',
        purposeId: 'verhuizing',
        language: 'fr',
        disclosedAt: clock,
      });
      expect(first.outcome === 'verified' && first.attributes).to.deep.include({
        id: 'civicline-demo.gemeente.personalData.bsn',
        value: 'value of civicline-demo.gemeente.personalData.bsn',
      });
      expect(await redeem(session.code, 'call-1')).to.deep.equal(first);
      await serve();
      expect(await redeem(session.code, 'call-1')).to.deep.equal(first);
    });

    it('lets one of two simultaneous calls win', async () => {
      const session = await disclosed();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => redeem(session.code, `call-${i}`, { callingNumber: null })),
      );
      const won = answers.filter(({ outcome }) => outcome === 'verified');
      expect(won).to.have.length(1);
      for (const answer of answers) {
        if (answer.outcome === 'rejected') expect(answer).to.deep.include({ reason: 'code-used', mayRetry: true });
      }
    });

    it('names the call that had the code before, so that it can be marked', async () => {
      const session = await disclosed();
      await redeem(session.code, 'call-1');
      expect(await redeem(session.code, 'call-2')).to.include({ reason: 'code-used', usedBy: 'call-1' });
      expect(await redeem(wrongCode(session), 'call-3')).not.to.have.property('usedBy');
    });

    it('says how the caller is bound to the disclosure', async () => {
      const own = await disclosed();
      expect(await redeem(own.code, 'call-1')).to.include({ binding: 'app-dialled', numberAgrees: null });
      const { session, code } = await disclosedForPage();
      expect(session.code).to.equal('');
      expect(await redeem(code, 'call-2')).to.include({ outcome: 'verified', binding: 'pairing-code' });
    });

    it('compares the calling number with the mobile number that was disclosed', async () => {
      const disclosedNumber = async (value: string) => {
        const session = await begin();
        session.disclose();
        const id = 'civicline-demo.contact.mobilenumber.mobilenumber';
        session.result?.disclosed.push([{ id, rawvalue: value, value: { '': value }, status: 'PRESENT' }]);
        await requests.upkeep.reconcileAll();
        return session.code;
      };
      const agrees = async (value: string, callingNumber: string | null, callId: string) => {
        const numbers = { callingNumber, countedNumber: '+31612345678' };
        const answer = await redeem(await disclosedNumber(value), callId, numbers);
        return answer.outcome === 'verified' ? answer.numberAgrees : answer.reason;
      };
      expect(await agrees('+31612345678', '+31612345678', 'call-1')).to.equal(true);
      expect(await agrees('0031 6 1234 5678', '+31612345678', 'call-2')).to.equal(true);
      expect(await agrees('+31612345678', '+31687654321', 'call-3')).to.equal(false);
      expect(await agrees('+31612345678', null, 'call-4')).to.equal(null);
    });

    it('finds the result itself when the phone is faster than the callback', async () => {
      const session = await begin();
      session.disclose();
      expect((await redeem(session.code, 'call-1')).outcome).to.equal('verified');
    });

    it('is still awaited when something before the IRMA server refuses to tell its state', async () => {
      const session = await begin();
      const ask = irma.sessionStatus;
      irma.sessionStatus = async () => {
        throw new IrmaError('IRMA_REJECTED', 'The IRMA server refused the request (404, without a reason).');
      };
      await requests.upkeep.reconcileAll();
      expect((await rows())[0]?.state).to.equal('awaiting-disclosure');
      irma.sessionStatus = ask;
      session.disclose();
      await requests.upkeep.reconcileAll();
      expect((await rows())[0]?.state).to.equal('disclosed');
    });

    it('does not take a code before the disclosure, even while the IRMA server is away', async () => {
      const session = await begin();
      const unfinished = { outcome: 'rejected', reason: 'disclosure-not-finished', mayRetry: true };
      expect(await redeem(session.code, 'call-1')).to.deep.equal(unfinished);
      irma.reachable = false;
      expect(await redeem(session.code, 'call-1')).to.deep.equal(unfinished);
      irma.reachable = true;
      session.disclose('INVALID');
      expect(await redeem(session.code, 'call-2')).to.deep.equal(unfinished);
    });

    it('tells a request that was cancelled after the disclosure from one that was not finished', async () => {
      const session = await disclosed();
      const [row] = await rows();
      expect(await requests.disclosures.cancel(row as CallRequest)).to.equal(true);
      const cancelled = { outcome: 'rejected', reason: 'request-cancelled', mayRetry: true };
      expect(await redeem(session.code, 'call-1')).to.deep.equal(cancelled);
      const declined = await begin();
      declined.end('CANCELLED');
      await requests.upkeep.reconcileAll();
      expect(await redeem(declined.code, 'call-2')).to.include({ reason: 'disclosure-not-finished' });
    });

    it('says what is wrong with a code', async () => {
      const session = await disclosed();
      const reason = async (code: string, more: Partial<RedemptionInput> = {}) => {
        const answer = await redeem(code, `call ${Math.random()}`, more);
        return answer.outcome === 'rejected' ? [answer.reason, answer.mayRetry] : answer.outcome;
      };
      expect(await reason('')).to.deep.equal(['no-code', false]);
      expect(await reason('1234')).to.deep.equal(['code-incomplete', true]);
      expect(await reason('123456789')).to.deep.equal(['code-incomplete', true]);
      expect(await reason(wrongCode(session))).to.deep.equal(['code-unknown', true]);
      expect(await reason(session.code, { organisationId: 'elsewhere' })).to.deep.equal(['code-unknown', true]);
      clock += 10 * MINUTE;
      expect(await reason(session.code)).to.deep.equal(['code-expired', true]);
      await requests.upkeep.sweep();
      expect(await reason(session.code)).to.deep.equal(['code-expired', true]);
      clock += 60 * MINUTE;
      await requests.upkeep.sweep();
      expect(await reason(session.code)).to.deep.equal(['code-unknown', true]);
    });

    it('asks three times in one call', async () => {
      const session = await disclosed();
      const wrong = wrongCode(session);
      const answers = [await redeem(wrong, 'call-1'), await redeem('12', 'call-1'), await redeem(wrong, 'call-1')];
      expect(answers.map((answer) => answer.outcome === 'rejected' && answer.mayRetry)).to.deep.equal([
        true,
        true,
        false,
      ]);
      expect(await redeem(session.code, 'call-1')).to.include({ reason: 'too-many-tries', mayRetry: false });
      expect((await redeem(session.code, 'call-2')).outcome).to.equal('verified');
    });

    it('stops taking codes from a number that guesses, with an alarm that names nobody', async () => {
      await serve({ ...GUESS_LIMITS, perNumber: 4 });
      const session = await disclosed();
      for (let i = 0; i < 4; i++) await redeem(wrongCode(session), `call-${i}`);
      expect(await redeem(session.code, 'call-x')).to.include({ reason: 'too-many-tries' });
      const alarms = lines.filter((line) => line.includes('CALL_CODE_GUESSING'));
      expect(alarms).to.have.length(1);
      expect(JSON.parse(alarms[0] ?? '')).to.include({ level: 50, limit: 'calling-number' });
      expect(lines.join('')).not.to.include('612345678').and.not.include(session.code);
      // Somebody else's phone is not affected, nor the same one after the window.
      clock += GUESS_LIMITS.numberWindowMs;
      expect(await redeem(session.code, 'call-y')).to.include({ reason: 'code-expired' });
      expect((await redeem((await disclosed()).code, 'call-z')).outcome).to.equal('verified');
    });

    it('raises one alarm for an organisation, and then takes no code at all, until the window has passed', async () => {
      await serve({ ...GUESS_LIMITS, alarm: 3, perOrganisation: 6 });
      const before = await metrics.metrics();
      const session = await disclosed();
      for (let i = 0; i < 6; i++) await redeem(wrongCode(session), `call-${i}`, { callingNumber: `+3161234567${i}` });
      expect(await redeem(session.code, 'call-x')).to.include({ reason: 'too-many-tries', mayRetry: false });
      expect(lines.filter((line) => line.includes('CALL_CODE_GUESSING'))).to.have.length(1);
      expect(before).to.match(/civicline_code_guessing_alarms_total\{limit="organisation"\} 0/);
      expect(await metrics.metrics()).to.match(/civicline_code_guessing_alarms_total\{limit="organisation"\} 1/);
      clock += GUESS_LIMITS.organisationWindowMs;
      expect((await redeem((await disclosed()).code, 'call-y')).outcome).to.equal('verified');
    });

    it('takes the codes of an organisation while those of another are being guessed', async () => {
      await serve({ ...GUESS_LIMITS, alarm: 3, perOrganisation: 6 });
      const session = await disclosed();
      for (let i = 0; i < 6; i++) {
        await redeem(wrongCode(session), `call-${i}`, { organisationId: 'elsewhere', callingNumber: null });
      }
      const elsewhere = { organisationId: 'elsewhere', callingNumber: null };
      expect(await redeem(session.code, 'call-x', elsewhere)).to.include({ reason: 'too-many-tries' });
      expect((await redeem(session.code, 'call-y')).outcome).to.equal('verified');
      const alarms = lines.filter((line) => line.includes('CALL_CODE_GUESSING'));
      expect(alarms.map((line) => JSON.parse(line).organisationId)).to.deep.equal(['elsewhere']);
    });

    it('answers a repeat even after a limit was reached', async () => {
      const session = await disclosed();
      const first = await redeem(session.code, 'call-1');
      for (let i = 0; i < GUESS_LIMITS.perNumber; i++) await redeem(wrongCode(session), `call-x${i}`);
      expect(await redeem(session.code, 'call-1')).to.deep.equal(first);
    });

    it('erases the code when redeemed, the attributes when the call has ended', async () => {
      const session = await disclosed();
      const first = await redeem(session.code, 'call-1');
      expect((await rows())[0]).to.include({ state: 'calling', code_sealed: null, irma_token_sealed: null });
      if (first.outcome !== 'verified') throw new Error('not verified');
      const { report } = requests.identification;
      expect((await rows())[0]?.attributes_sealed).to.be.a('string');
      await report(first.requestId, 'connected');
      expect((await rows())[0]).to.include({ state: 'connected', attributes_sealed: null });
      await report(first.requestId, 'queued');
      await report('01900000-0000-7000-8000-000000000000', 'ended');
      expect((await rows())[0]).to.include({ state: 'connected', sequence: 4 });
      await report(first.requestId, 'ended');
      await report(first.requestId, 'ended');
      expect((await rows())[0]).to.include({ state: 'ended', attributes_sealed: null, sequence: 5 });
      expect(await redeem(session.code, 'call-1')).to.include({ reason: 'code-used' });
    });

    it('erases the attributes as soon as the call waits: it has its own', async () => {
      const { code } = await disclosed();
      const redeemed = await redeem(code, 'call-1');
      if (redeemed.outcome !== 'verified') throw new Error('not verified');
      await requests.identification.report(redeemed.requestId, 'queued');
      expect((await rows())[0]).to.include({ state: 'queued', attributes_sealed: null });
    });

    it('ends what belongs to calls that are no more, and nothing else', async () => {
      for (const callId of ['call-1', 'call-2', 'call-3']) await redeem((await disclosed()).code, callId);
      await disclosed();
      await requests.identification.endForgotten((callId) => callId === 'call-2');
      const states = (await rows()).map(({ state, attributes_sealed: held }) => [state, held !== null]);
      expect(states).to.deep.equal([
        ['ended', false],
        ['calling', true],
        ['ended', false],
        ['disclosed', true],
      ]);
    });

    it('erases both when the time is up, and forgets the request an hour later', async () => {
      await disclosed();
      await begin();
      clock += 10 * MINUTE;
      await requests.upkeep.sweep();
      const [first, second] = await rows();
      expect(first).to.include({ state: 'expired', code_sealed: null, attributes_sealed: null });
      expect(second?.state).to.equal('awaiting-disclosure');
      clock += 11 * MINUTE;
      await requests.upkeep.sweep();
      expect((await rows()).map(({ state }) => state)).to.deep.equal(['expired', 'expired']);
      clock += 60 * MINUTE;
      await requests.upkeep.sweep();
      expect(await rows()).to.have.length(0);
    });

    it('knows no request by what is no id', async () => {
      const store = createRequestStore(database);
      for (const id of ['', 'a\0b', '%00', '01900000-0000-7000-8000-000000000000']) {
        expect(await store.find(id)).to.equal(undefined);
      }
    });

    it('keeps no code, token or attribute readable in the database', async () => {
      const session = await disclosed();
      const open = await begin();
      const stored = JSON.stringify(await rows());
      for (const secret of [session.code, open.code, session.token, open.token, 'value of']) {
        expect(stored).not.to.include(secret);
      }
    });

    it('makes codes of 8 digits, no two alike', async () => {
      const codes = new Set<string>();
      for (let i = 0; i < 200; i++) codes.add((await begin()).code);
      expect(codes.size).to.equal(200);
      for (const code of codes) expect(code).to.match(/^\d{8}$/);
    });
  }));
