/** What the suites work with: clients that are tidied up, callers, agent legs, expectations. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Ari, AriError, type AriOptions, type Channel, connectAri } from '../../index.ts';
import { type Recorder, record, whenever } from '../recorder.ts';

export const APPLICATION = 'civicline';
export const DID = '+31850000001';
const SILENT_LOG = { debug() {}, info() {}, warn() {}, error() {} };

/** One Asterisk that can be called, crashed and started again. */
export interface AsteriskUnderTest {
  /** Keeps its value over crash and restart. */
  address: Pick<AriOptions, 'url' | 'user' | 'password'>;
  /** Endpoints that can be originated: one answers at once, one refuses at once, one never answers. */
  endpoints: { answers: string; rejects: string; silent: string };
  /** A caller who shows no number arrives, keys a code and enters Stasis. */
  call(did: string, code: string): Promise<{ hangUp(): Promise<void> }>;
  /** As by kill -9. */
  crash(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface Bench {
  /** Only within tests. */
  readonly asterisk: AsteriskUnderTest;
  start(): Promise<AsteriskUnderTest>;
  /** A client that is closed after the test. */
  open(options?: Partial<AriOptions>): Ari;
  connected(options?: Partial<AriOptions>): Promise<{ ari: Ari; heard: Recorder }>;
  /** A caller in Stasis. */
  caller(heard: Recorder, code?: string): Promise<{ channelId: string; args: string[]; hangUp(): Promise<void> }>;
  /** Calls an agent's endpoint, for at most `timeout` seconds. */
  agentLeg(ari: Ari, channelId: string, endpoint: string, timeout?: number): Promise<Channel>;
}

/** To be called within `describe`. */
export function createBench(start: () => Promise<AsteriskUnderTest>): Bench {
  let asterisk: AsteriskUnderTest;
  let clients: Ari[] = [];

  before(async function () {
    // The first time, Asterisk is installed.
    this.timeout(600_000);
    asterisk = await start();
  });
  afterEach(async () => {
    for (const ari of clients) await tidyUp(ari);
    clients = [];
  });
  after(() => asterisk?.stop());

  function open(options: Partial<AriOptions> = {}): Ari {
    const defaults = { id: 'under-test', application: APPLICATION, log: SILENT_LOG, ...asterisk.address };
    const ari = connectAri({ ...defaults, ...options });
    clients.push(ari);
    return ari;
  }

  return {
    get asterisk() {
      return asterisk;
    },
    start,
    open,
    async connected(options) {
      const ari = open(options);
      const heard = record(ari);
      await whenever(ari, 'connected');
      return { ari, heard };
    },
    async caller(heard, code = '12345678') {
      const arrival = heard.next('StasisStart', ({ args }) => args[0] === 'caller');
      const call = await asterisk.call(DID, code);
      const { args, channel } = await arrival;
      return { ...call, args, channelId: channel.id };
    },
    agentLeg(ari, channelId, endpoint, timeout = 30) {
      const leg = { app: APPLICATION, appArgs: 'agent,call-1', callerId: '"Civicline" <+31850000001>' };
      return ari.channels.originateWithId({ channelId, endpoint, timeout, ...leg });
    },
  };
}

/** Leaves nothing of one test for the next. */
async function tidyUp(ari: Ari): Promise<void> {
  if (ari.state === 'connected') {
    // Gone, or going: Asterisk answers that a bridge is destroyed before it is.
    const gone = (error: AriError) => expect(error.status).to.be.oneOf([404, 409]);
    for (const { id } of await ari.channels.list()) await ari.channels.hangup({ channelId: id }).catch(gone);
    for (const { id } of await ari.bridges.list()) await ari.bridges.destroy({ bridgeId: id }).catch(gone);
  }
  await ari.close();
}

export function userEvents(events: Recorder): string[] {
  return events.all().flatMap((event) => (event.type === 'ChannelUserevent' ? [event.eventname] : []));
}

export function expectError(error: AriError | null, code: AriError['code'], status?: number): void {
  expect(error).to.be.instanceOf(AriError);
  expect({ code: error?.code, status: error?.status }).to.deep.equal({ code, status });
}

/** What a request rejected with; null when it did not. */
export function outcome(request: Promise<unknown>): Promise<AriError | null> {
  return request.then(
    () => null,
    (error: AriError) => error,
  );
}

/** Waits until Asterisk answers that there is no such thing: it tells that a thing has ended a moment before it forgets it. */
export async function untilUnknown(ask: () => Promise<unknown>): Promise<void> {
  for (;;) {
    const error = await outcome(ask());
    if (error) return expectError(error, 'ARI_REQUEST_FAILED', 404);
    await sleep(5);
  }
}

export async function expectRejection(
  request: Promise<unknown>,
  code: AriError['code'],
  status?: number,
): Promise<AriError> {
  const error = await outcome(request);
  if (!error) throw new Error(`was not refused with ${code} ${status ?? ''}`);
  expectError(error, code, status);
  return error;
}
