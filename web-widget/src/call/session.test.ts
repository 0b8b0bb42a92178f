import { expect } from 'chai';
import { createStandIn, PURPOSE, type StandIn } from '../stand-in/gateway.ts';
import type { Flow } from './flow.ts';
import { createGatewayApi } from './gateway-api.ts';
import { type CallSession, startCall } from './session.ts';

const OPTIONS = { organisation: 'voorbeeldstad', purpose: 'verhuizing', language: 'nl' } as const;

describe('a call session, against a stand-in for the gateway', () => {
  let standIn: StandIn;
  let session: CallSession | undefined;
  beforeEach(async () => {
    standIn = await createStandIn();
  });
  afterEach(async () => {
    session?.end();
    await standIn.close();
  });

  /** Starts a call and lets the test wait for what the dialog would show. */
  function start(options: { organisation: string; purpose: string; language: 'nl' } = OPTIONS) {
    let waiting: (() => void) | null = null;
    const started = startCall(createGatewayApi(standIn.server.origin), options, () => waiting?.());
    session = started;
    const until = (holds: (flow: Flow) => boolean): Promise<Flow> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (holds(started.flow())) resolve(started.flow());
          else waiting = look;
        };
        look();
      });
    return { session: started, until, step: (step: Flow['step']) => until((flow) => flow.step === step) };
  }

  const showsQr = (flow: Flow): boolean => flow.identification.kind === 'qr';
  const wantsDigits = ({ identification }: Flow): boolean =>
    identification.kind === 'paired-qr' && identification.digits === 'wanted';
  const settled = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  it('asks for what the page says and shows the session as a QR code for the app', async () => {
    const flow = await start().until(showsQr);
    expect(standIn.requests.map(({ input }) => input)).to.deep.equal([{ ...OPTIONS, otherPhone: false }]);
    const { url } = flow.identification as { url: string };
    const prefix = 'https://open.yivi.app/-/session#';
    expect(url.startsWith(prefix)).to.equal(true);
    expect(JSON.parse(decodeURIComponent(url.slice(prefix.length)))).to.deep.equal({
      ...standIn.yivi.latest().sessionPtr,
      continueOnSecondDevice: true,
    });
  });

  it('follows the app and the call', async () => {
    const { until, step } = start();
    await until(showsQr);
    standIn.yivi.set('CONNECTED');
    await until((flow) => flow.identification.kind === 'in-app');
    standIn.yivi.set('DONE');
    await until((flow) => flow.identification.kind === 'checking');
    for (const state of ['disclosed', 'calling', 'queued', 'connected', 'ended'] as const) {
      standIn.tell(state);
      await step(state);
    }
    await settled(() => standIn.listeners() === 0);
  });

  it('cancels what is closed before the app disclosed', async () => {
    const { session, until } = start();
    await until(showsQr);
    session.end();
    await settled(() => standIn.requests[0]?.cancelled === true);
    await settled(() => standIn.listeners() === 0);
  });

  it('cancels a request that the gateway was still creating', async () => {
    let release: () => void = () => {};
    standIn.delay = new Promise((resolve) => {
      release = resolve;
    });
    const { session } = start();
    await settled(() => standIn.requests.length === 1);
    session.end();
    release();
    await settled(() => standIn.requests[0]?.cancelled === true);
    expect(session.flow().step).to.equal('preparing');
  });

  it('leaves a disclosed request alone when it is closed', async () => {
    const { session, until, step } = start();
    await until(showsQr);
    standIn.tell('disclosed');
    await step('disclosed');
    session.end();
    await settled(() => standIn.listeners() === 0);
    expect(standIn.requests[0]?.cancelled).to.equal(false);
  });

  it('shows a code only for another phone, chosen before the disclosure', async () => {
    const { session, until, step } = start();
    await until(showsQr);
    session.callFrom('other');
    await until(wantsDigits);
    expect(standIn.requests.map(({ cancelled }) => cancelled)).to.deep.equal([true, false]);
    session.enterPairingCode('1357');
    await until(({ identification }) => identification.kind === 'paired-qr' && identification.digits === 'rejected');
    session.enterPairingCode('2468');
    await until(({ identification }) => identification.kind === 'in-app');
    standIn.tell('disclosed');
    await step('disclosed');
    const { otherPhone } = await until((flow) => flow.otherPhone.kind === 'shown');
    expect(otherPhone).to.deep.include({ kind: 'shown' });
    expect((otherPhone as { dialCode: object }).dialCode).to.include({ number: PURPOSE.number, code: '12345678' });
  });

  it('says when there is no code to give', async () => {
    const { session, until, step } = start();
    await until(showsQr);
    standIn.tell('disclosed');
    await step('disclosed');
    standIn.refuse = { matching: /dial-code/, status: 409, code: 'DIAL_CODE_NOT_AVAILABLE' };
    session.askForOtherPhone();
    const { otherPhone } = await until((flow) => flow.otherPhone.kind === 'refused');
    expect(otherPhone).to.deep.equal({
      kind: 'refused',
      problem: { kind: 'gone', code: 'DIAL_CODE_NOT_AVAILABLE' },
    });
  });

  it('tells apart what can go wrong at the start', async () => {
    const cases = [
      [403, 'ORIGIN_NOT_ALLOWED', 'not-allowed'],
      [429, 'TOO_MANY_REQUESTS', 'too-many'],
      [503, 'IRMA_UNREACHABLE', 'unavailable'],
      [422, 'INPUT_INVALID', 'other'],
    ] as const;
    for (const [status, code, kind] of cases) {
      standIn.refuse = { matching: /^POST \/v1\/call-requests$/, status, code };
      const { problem } = await start().step('problem');
      expect(problem).to.deep.equal({ kind, code });
    }
  });

  it('names an unknown purpose', async () => {
    const { problem } = await start({ ...OPTIONS, purpose: 'onbekend' }).step('problem');
    expect(problem).to.deep.equal({ kind: 'unknown', code: 'PURPOSE_UNKNOWN' });
  });

  it('creates no request for a purpose that is closed', async () => {
    standIn.purpose = { ...PURPOSE, open: false };
    await start().step('closed');
    expect(standIn.requests).to.deep.equal([]);
  });

  it('starts again after an end, with a new request', async () => {
    const { session, until, step } = start();
    await until(showsQr);
    standIn.tell('expired');
    await step('expired');
    session.startAgain();
    await until(showsQr);
    expect(standIn.requests.length).to.equal(2);
    standIn.tell('disclosed');
    await step('disclosed');
  });

  it('ends when the app declines', async () => {
    const { until, step } = start();
    await until(showsQr);
    standIn.yivi.set('CANCELLED');
    await step('cancelled');
  });

  it('takes up the Yivi session again after the network was away', async () => {
    const { until } = start();
    await until(showsQr);
    standIn.yivi.server.setReachable(false);
    await until((flow) => flow.lost.yivi);
    standIn.yivi.server.setReachable(true);
    standIn.yivi.set('CONNECTED');
    const flow = await until(({ identification }) => identification.kind === 'in-app');
    expect(flow.lost.yivi).to.equal(false);
    expect(standIn.requests[0]?.cancelled).to.equal(false);
  });

  it('lets the citizen start again when the Yivi server forgot the session', async () => {
    const { until, step } = start();
    await until(showsQr);
    standIn.yivi.forget();
    await step('expired');
  });

  it('hears what happened while it was away', async () => {
    const { until, step } = start();
    await until(showsQr);
    standIn.tell('disclosed');
    await step('disclosed');
    standIn.server.setReachable(false);
    await until((flow) => flow.lost.gateway);
    standIn.tell('calling');
    standIn.tell('queued');
    standIn.server.setReachable(true);
    await step('queued');
  });

  it('asks for the pairing code when the purpose wants certain values', async () => {
    standIn.pairing = true;
    const { session, until } = start();
    await until(showsQr);
    expect(standIn.yivi.latest().pairingMethod).to.equal('pin');
    standIn.yivi.set('PAIRING');
    await until((flow) => flow.identification.kind === 'pairing');
    session.enterPairingCode('0000');
    await until((flow) => flow.identification.kind === 'pairing' && flow.identification.rejected);
    session.enterPairingCode('2468');
    await until((flow) => flow.identification.kind === 'in-app');
  });
});
