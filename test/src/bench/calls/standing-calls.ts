/** What the gateway costs while many calls simply stand: callers and agents are bridged in Asterisk and talk. */
import { setTimeout as sleep } from 'node:timers/promises';
import { log } from '@civicline/launcher';
import { round } from '../statistics.ts';
import { ariRequest } from './ari-socket.ts';
import type { Consoles } from './consoles.ts';
import { cpuSeconds } from './cpu.ts';
import { DESK_NUMBER, type Room } from './room.ts';

export interface StandingCalls {
  wanted: number;
  /** Bridges with two channels, at the beginning and at the end of the measurement. */
  bridged: [number, number];
  seconds: number;
  /** Percent of one core. */
  gatewayCpu: number;
  asteriskCpu: number;
  /** The gateway's with the same consoles and phones, before any call. */
  idleCpu: number;
}

const SETTLING_MS = 3000;
const BETWEEN_CALLS_MS = 60;
const PATIENCE_MS = 60_000;

export async function measureStandingCalls(
  room: Room,
  options: { calls: number; seconds: number; idleSeconds: number; consoles: Consoles; agentIds: string[] },
): Promise<StandingCalls> {
  const { calls, seconds, idleSeconds, consoles, agentIds } = options;
  const answering = agentIds.slice(0, calls);
  await sleep(SETTLING_MS);
  const gatewayPid = room.system.gateway.current.pid;
  const asteriskPid = room.system.asterisk.current.process.pid ?? 0;
  const idleCpu = (await shareOfCore([gatewayPid], idleSeconds))[0] ?? Number.NaN;
  consoles.answerWith([...answering]);
  for (let n = 0; n < calls; n++) {
    // '#' instead of a code: a caller without one.
    const key = { digits: '#', toneMs: 80, gapMs: 0, afterMs: 50 };
    await room.caller.call({ number: DESK_NUMBER, callerId: `+316${10_000_000 + n}`, sound: 'off', key });
    await sleep(BETWEEN_CALLS_MS);
  }
  const first = await untilBridged(room, calls);
  log(`${first} calls stand; ${consoles.refusals.length} answers were refused`);
  await sleep(SETTLING_MS);
  const [gatewayCpu = Number.NaN, asteriskCpu = Number.NaN] = await shareOfCore([gatewayPid, asteriskPid], seconds);
  return { wanted: calls, bridged: [first, await bridgedCalls(room)], seconds, gatewayCpu, asteriskCpu, idleCpu };
}

/** How many there are in the end: all of them, or those after a minute. */
async function untilBridged(room: Room, calls: number): Promise<number> {
  const deadline = Date.now() + PATIENCE_MS;
  let bridged = await bridgedCalls(room);
  while (bridged < calls && Date.now() < deadline) {
    await sleep(500);
    bridged = await bridgedCalls(room);
  }
  return bridged;
}

async function bridgedCalls(room: Room): Promise<number> {
  const bridges = (await ariRequest(room.system.asterisk.current, 'GET', 'bridges')) as { channels: string[] }[];
  return bridges.filter(({ channels }) => channels.length === 2).length;
}

async function shareOfCore(pids: number[], seconds: number): Promise<number[]> {
  const look = () => Promise.all(pids.map(cpuSeconds));
  const before = await look();
  const from = performance.now();
  await sleep(seconds * 1000);
  const after = await look();
  const elapsed = (performance.now() - from) / 1000;
  return after.map((used, index) => round(((used - (before[index] ?? 0)) / elapsed) * 100, 2));
}
