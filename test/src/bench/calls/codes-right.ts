/**
 * Which code reaches the application, for every length of tone and gap: ours through the product's dialplan, as the
 * gateway is given it; the peer's from ChannelDtmfReceived events of the same Asterisk.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Caller, type DigitTiming, KEY_PATTERNS, type OutgoingCall, TELLING_CODES } from '../../phone/index.ts';
import { listenToAri } from './ari-socket.ts';
import { DIGIT_EVENTS_APPLICATION, LOAD_NUMBER, PEER_PREFIX, type Room } from './room.ts';

interface Pattern extends DigitTiming {
  name: string;
  afterMs?: number;
  sound?: 'silence' | 'off';
}

const HOSTILE: Pattern[] = [
  { name: '20/20, shorter than any standard', toneMs: 20, gapMs: 20 },
  { name: '30/5', toneMs: 30, gapMs: 5 },
  { name: '90/45, at the limit of what Asterisk delays', toneMs: 90, gapMs: 45 },
  { name: '300/700, by hand', toneMs: 300, gapMs: 700 },
  { name: '80/40, two of three end packets lost', toneMs: 80, gapMs: 40, endPackets: 1 },
  { name: '100/0, end packets lost here and there', toneMs: 100, gapMs: 0, endPackets: [1, 2, 3, 1, 1, 2, 1, 3] },
  { name: '100/20, no sound beside the digits', toneMs: 100, gapMs: 20, sound: 'off' },
  { name: '80/60, from the first moment', toneMs: 80, gapMs: 60, afterMs: 0 },
  { name: '80/60, late, into the spoken prompt', toneMs: 80, gapMs: 60, afterMs: 2500 },
];

export const PATTERNS: Pattern[] = [
  ...KEY_PATTERNS.map(([toneMs, gapMs]) => ({ name: `${toneMs}/${gapMs}`, toneMs, gapMs })),
  ...HOSTILE,
];

export interface CodesRight {
  calls: number;
  ours: number;
  peer: number;
  /** Of those patterns at which somebody was wrong: how many were right. */
  byPattern: { name: string; calls: number; ours: number; peer: number }[];
  /** From the last digit to StasisStart at the application, in the product's dialplan; milliseconds. */
  stasisMs: number[];
}

interface Arrival {
  code: string;
  at: number;
}

const AT_ONCE = 20;
/** After the last digit: by then every digit has long been told, or never will be. */
const PATIENCE_MS = 5000;
/** Copies of digits come late; nobody sends more than 8. */
const STRAGGLERS_MS = 1500;

/** The gateway must not be running: this takes its place at Asterisk. */
export async function measureCodesRight(room: Room, rounds: number): Promise<CodesRight> {
  const { caller } = room;
  const asterisk = room.system.asterisk.current;
  const taken = new Map<string, Arrival>();
  const digits = new Map<string, string>();
  const callerOf = new Map<string, string>();

  const stopTaking = await listenToAri(asterisk, 'civicline', ({ type, args, channel }) => {
    if (type !== 'StasisStart' || !channel) return;
    taken.set(callerKey(channel.caller.number), { code: args?.[2] ?? '', at: performance.now() });
  });
  const stopCollecting = await listenToAri(asterisk, DIGIT_EVENTS_APPLICATION, ({ type, channel, digit }) => {
    if (!channel) return;
    if (type === 'StasisStart') callerOf.set(channel.id, callerKey(channel.caller.number));
    const key = callerOf.get(channel.id);
    if (type === 'ChannelDtmfReceived' && key) digits.set(key, (digits.get(key) ?? '') + digit);
  });

  const jobs = Array.from({ length: rounds }, () => TELLING_CODES)
    .flat()
    .flatMap((code) => PATTERNS.map((pattern) => ({ code, pattern })));
  const tallies = new Map(PATTERNS.map(({ name }) => [name, { name, calls: 0, ours: 0, peer: 0 }]));
  const stasisMs: number[] = [];

  const one = async ({ code, pattern }: (typeof jobs)[number], index: number) => {
    const tally = tallies.get(pattern.name);
    if (!tally) return;
    tally.calls += 1;
    const oursFrom = callerNumber(2 * index);
    const lastDigit = await keyIn(caller, LOAD_NUMBER, oursFrom, code, pattern, (key) => taken.has(key));
    const arrival = taken.get(callerKey(oursFrom));
    if (arrival?.code === code) tally.ours += 1;
    if (arrival) stasisMs.push(arrival.at - lastDigit);

    const peerFrom = callerNumber(2 * index + 1);
    await keyIn(caller, `${PEER_PREFIX.digitEvents}${code}`, peerFrom, code, pattern, () => false);
    if (digits.get(callerKey(peerFrom)) === code) tally.peer += 1;
  };
  const queue = jobs.entries();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const [index, job] of queue) await one(job, index);
    }),
  );
  stopTaking();
  stopCollecting();

  const byPattern = [...tallies.values()];
  const sum = (which: 'calls' | 'ours' | 'peer') => byPattern.reduce((total, tally) => total + tally[which], 0);
  return { calls: sum('calls'), ours: sum('ours'), peer: sum('peer'), byPattern, stasisMs };
}

/** Dials, keys, waits until the code is there or could have been; returns when the last digit was sent. */
async function keyIn(
  caller: Caller,
  number: string,
  callerId: string,
  code: string,
  { name: _, afterMs = 100, sound = 'silence', ...timing }: Pattern,
  isThere: (key: string) => boolean,
): Promise<number> {
  const outgoing: OutgoingCall = { number, callerId, sound, key: { digits: code, afterMs, ...timing } };
  const call = await caller.call(outgoing);
  await call.answered;
  while (call.times.lastDigit === undefined && call.state !== 'ended') await sleep(20);
  const lastDigit = call.times.lastDigit ?? performance.now();
  const isPeer = number.startsWith(PEER_PREFIX.digitEvents);
  const patience = lastDigit + (isPeer ? STRAGGLERS_MS : PATIENCE_MS);
  while (!isThere(callerKey(callerId)) && performance.now() < patience && call.state !== 'ended') await sleep(20);
  await call.hangUp();
  return lastDigit;
}

function callerNumber(index: number): string {
  return `+316${String(10_000_000 + index)}`;
}

/** With or without plus sign. */
function callerKey(number: string): string {
  return number.replace(/^\+/, '');
}
