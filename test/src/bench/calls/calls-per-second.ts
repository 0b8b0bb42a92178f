/**
 * The highest rate of calls with a code at which every code is right: Civicline, Asterisk alone, and a minimal
 * application on ari-client, in turn on the same Asterisk with the same load.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { log } from '@civicline/launcher';
import { signIn } from '../../demo/sign-in.ts';
import { median, round } from '../statistics.ts';
import { openReadyConsole, registerPhones } from './agents.ts';
import type { Orders } from './ari-client-app.ts';
import type { DisclosedCode } from './codes.ts';
import { cpuSeconds } from './cpu.ts';
import { closedLoop, type LoadResult, mostCalls, type Target } from './load.ts';
import { ARI_CLIENT_APPLICATION, BSN, OBSERVER, PEER_PREFIX, type Room } from './room.ts';

export type SystemName = 'civicline' | 'asterisk-alone' | 'ari-client';

export interface Run extends LoadResult {
  system: SystemName;
  round: number;
  /** Processor milliseconds per call, by process. */
  cpuMsPerCall: Record<string, number>;
}

export interface CallsPerSecond {
  runs: Run[];
  /** The median over the rounds of the best rate at which all were right. */
  best: Record<SystemName, number>;
  /** The same for the minimal application when its mistakes are left out instead of counting against the run. */
  ariClientMistakesLeftOut: number;
}

export interface Extent {
  rounds: number;
  seconds: number;
  /** How many concurrent callers are tried first, from few to many. */
  callers: number[];
  /** How many more are tried from then on, as long as they bring more calls. */
  more: number;
}

interface Opened {
  target: Target;
  /** Whose processor time is counted, beside Asterisk and the load. */
  pid?: number;
  /** How many calls can still be made. */
  codesLeft(): number;
  close(): Promise<void>;
}

/** A gateway that has just started is still being compiled. */
const WARM_UP = { callers: 60, seconds: 4 };

/** A quarter of the calls go wrong: more callers would only make it worse. */
const HOPELESS = 0.25;
/** Less than this much more than before: it is saturated. */
const WORTHWHILE = 1.02;
const BETWEEN_RUNS_MS = 1500;

export async function measureCallsPerSecond(
  room: Room,
  codes: DisclosedCode[],
  extent: Extent,
): Promise<CallsPerSecond> {
  const runs: Run[] = [];
  for (let turn = 1; turn <= extent.rounds; turn++) {
    for (const system of ['asterisk-alone', 'civicline', 'ari-client'] as const) {
      runs.push(...(await sweep(room, codes, system, turn, extent)));
    }
  }
  await room.stopGateway();
  const best = (system: SystemName, mistakes = 0) =>
    median(Array.from({ length: extent.rounds }, (_, i) => bestOf(runs, system, i + 1, mistakes)));
  return {
    runs,
    best: { civicline: best('civicline'), 'asterisk-alone': best('asterisk-alone'), 'ari-client': best('ari-client') },
    ariClientMistakesLeftOut: best('ari-client', Number.POSITIVE_INFINITY),
  };
}

/** Among the runs with so many mistakes at most; 0 when there was none. */
function bestOf(runs: Run[], system: SystemName, round: number, mistakes: number): number {
  const clean = runs.filter((run) => run.system === system && run.round === round && run.wrong <= mistakes);
  return Math.max(0, ...clean.map(({ rate }) => rate));
}

/** Ever more callers until more of them bring no more calls; the first few also warm the system up. */
async function sweep(
  room: Room,
  codes: DisclosedCode[],
  system: SystemName,
  turn: number,
  { callers: steps, more, seconds }: Extent,
): Promise<Run[]> {
  const runs: Run[] = [];
  let opened = await open[system](room, codes);
  try {
    for (const callers of stepsUp(steps, more)) {
      const needed = mostCalls(callers, seconds);
      if (needed > codes.length) break;
      if (opened.codesLeft() < needed) {
        await opened.close();
        opened = await open[system](room, codes);
        const spare = opened.codesLeft() - needed;
        if (spare >= mostCalls(WARM_UP.callers, WARM_UP.seconds)) await closedLoop(room.caller, opened.target, WARM_UP);
      }
      const run = await measured(room, opened, { callers, seconds });
      log(`${system}, ${callers} callers: ${run.rate} calls/s right, ${run.wrong} of ${run.right + run.wrong} wrong`);
      const before = runs.at(-1);
      runs.push({ ...run, system, round: turn });
      const saturated = before !== undefined && run.rate < before.rate * WORTHWHILE;
      if (saturated || run.wrong > HOPELESS * (run.right + run.wrong)) break;
      await sleep(BETWEEN_RUNS_MS);
    }
  } finally {
    await opened.close();
  }
  await sleep(BETWEEN_RUNS_MS);
  return runs;
}

function* stepsUp(steps: number[], more: number): Generator<number> {
  yield* steps;
  for (let callers = (steps.at(-1) ?? 0) + more; ; callers += more) yield callers;
}

async function measured(room: Room, opened: Opened, size: { callers: number; seconds: number }) {
  const asteriskPid = room.system.asterisk.current.process.pid ?? 0;
  const look = async () => ({
    asterisk: await cpuSeconds(asteriskPid),
    load: await cpuSeconds(process.pid),
    ...(opened.pid === undefined ? {} : { application: await cpuSeconds(opened.pid) }),
  });
  const before: Record<string, number> = await look();
  const result = await closedLoop(room.caller, opened.target, size);
  const after: Record<string, number> = await look();
  const calls = Math.max(1, result.right + result.wrong);
  const cpuMsPerCall = Object.fromEntries(
    Object.keys(after).map((name) => [name, round((((after[name] ?? 0) - (before[name] ?? 0)) * 1000) / calls, 2)]),
  );
  return { ...result, cpuMsPerCall };
}

const open: Record<SystemName, (room: Room, codes: DisclosedCode[]) => Promise<Opened>> = {
  /** Counts what an agent's console shows: the caller, queued, verified, with the attribute that was disclosed. */
  async civicline(room, codes) {
    await room.startGateway();
    const { gatewayUrl, gateway } = room.system;
    const cookie = await signIn(gatewayUrl, `${OBSERVER}@example.org`);
    const phone = await registerPhones(room, [cookie]);
    const socket = await openReadyConsole(gatewayUrl, cookie);
    const waiting = new Map<string, { bsn: string; settle: (isRight: boolean) => void }>();
    socket.on('call-changed', ({ call }) => {
      const caller = waiting.get(call.callingNumber ?? '');
      if (!caller || call.state !== 'queued') return;
      const bsn = call.attributes.find(({ id }) => id === BSN)?.value;
      caller.settle(call.verification.kind === 'verified' && bsn === caller.bsn);
    });
    const bsnOf = new Map(codes.map((code, index) => [callerNumber(index), code.bsn]));
    let used = 0;
    return {
      pid: gateway.current.pid,
      codesLeft: () => codes.length - used,
      target: {
        next() {
          const callerId = callerNumber(used);
          const code = codes[used++];
          return code && { number: code.number, callerId, code: code.code };
        },
        outcome: (call, callerId) =>
          new Promise((resolve) => {
            const settle = (isRight: boolean) => {
              waiting.delete(callerId);
              resolve(isRight);
            };
            waiting.set(callerId, { bsn: bsnOf.get(callerId) ?? '', settle });
            void call.ended.then(() => settle(false));
          }),
      },
      async close() {
        socket.close();
        phone.kill();
        await room.stopGateway();
      },
    };
  },

  async 'asterisk-alone'(room, codes) {
    await room.stopGateway();
    return { target: byHangUpCause(PEER_PREFIX.asteriskAlone, codes), codesLeft: unlimited, async close() {} };
  },

  async 'ari-client'(room, codes) {
    await room.stopGateway();
    const { ariUrl, ariUser, ariPassword } = room.system.asterisk.current;
    const app: ChildProcess = fork(join(import.meta.dirname, 'ari-client-app.ts'));
    const orders: Orders = {
      url: ariUrl,
      user: ariUser,
      password: ariPassword,
      application: ARI_CLIENT_APPLICATION,
      codes: codes.map(({ code }) => code),
    };
    app.send(orders);
    await once(app, 'message');
    return {
      pid: app.pid ?? 0,
      codesLeft: unlimited,
      target: byHangUpCause(PEER_PREFIX.ariClient, codes),
      async close() {
        app.kill();
        await once(app, 'exit');
      },
    };
  },
};

/** The peers end the call themselves and give 16 as the cause when the code was right. Codes may come again there. */
function byHangUpCause(prefix: string, codes: DisclosedCode[]): Target {
  let made = 0;
  return {
    next() {
      const { code } = codes[made % codes.length] as DisclosedCode;
      return { number: `${prefix}${code}`, callerId: callerNumber(made++), code };
    },
    outcome: (call) => call.ended.then(({ how, cause }) => how === 'peer-hung-up' && cause === 16),
  };
}

function unlimited(): number {
  return Number.POSITIVE_INFINITY;
}

function callerNumber(index: number): string {
  return `+316${String(10_000_000 + index)}`;
}
