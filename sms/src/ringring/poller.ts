/**
 * Asks for states and incoming messages, and so finds out whether the service is there.
 *
 *   asking ──answered──► waiting (the interval; not at all when something came and more remains) ──► asking
 *     └──not answered──► backing off (1 s, doubled up to 60 s; 5 min when the account is refused) ──► asking
 *
 * What has been fetched is gone at the vendor, so it is kept until the listener has stored it.
 */
import type { CountryCode } from '../numbers.ts';
import type { RouteListener } from '../route.ts';
import type { Answer, Api } from './api.ts';
import { readRecord, type Told } from './records.ts';
import type { Verdict } from './results.ts';

export interface Poller {
  /** Looks soon again whether the service is back. */
  hurry(): void;
  /** Resolves when everything fetched is stored, or could not be for too long. */
  stop(): Promise<void>;
}

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
const ACCOUNT_PAUSE_MS = 5 * 60_000;
const STORE_RETRY_MS = 1000;
const TRIES_AFTER_STOP = 3;
const MAXIMUM_RECORDS = 100;

export interface PollerOptions {
  api: Api;
  intervalMs: number;
  listener: RouteListener;
  /** Whose national numbers the vendor writes. */
  country?: CountryCode | undefined;
  /** What the last answer said about the service. */
  service(verdict: Verdict): void;
}

export function startPoller({ api, intervalMs, listener, country, service }: PollerOptions): Poller {
  let stopped = false;
  let pause = FIRST_PAUSE_MS;
  let wake = () => {};

  async function run(): Promise<void> {
    while (!stopped) {
      const { verdict, more } = await poll();
      if (stopped) return;
      service(verdict);
      if (verdict.kind === 'accepted') pause = FIRST_PAUSE_MS;
      if (more) continue;
      await sleep(pauseAfter(verdict));
    }
  }

  async function poll(): Promise<{ verdict: Verdict; more: boolean }> {
    const statuses = await api.call('/Status', { MaxRecords: MAXIMUM_RECORDS });
    await storeAll(recordsOf(statuses, 'statusmessages', country));
    if (statuses.verdict.kind !== 'accepted') return { verdict: statuses.verdict, more: false };
    const incoming = await api.call('/Incoming', { MaxRecords: MAXIMUM_RECORDS });
    await storeAll(recordsOf(incoming, 'incomingmessages', country));
    const more = hasMore(statuses, 'statusmessages') || hasMore(incoming, 'incomingmessages');
    return { verdict: statuses.verdict, more };
  }

  function pauseAfter({ kind }: Verdict): number {
    if (kind === 'accepted') return intervalMs;
    if (kind === 'stopped') return ACCOUNT_PAUSE_MS;
    pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
    return pause / 2;
  }

  async function storeAll(told: Told[]): Promise<void> {
    let left = told;
    for (let tries = 0; left.length > 0 && !(stopped && tries >= TRIES_AFTER_STOP); tries++) {
      if (tries > 0) await new Promise((resolve) => setTimeout(resolve, STORE_RETRY_MS));
      const stored = await Promise.all(left.map((one) => store(listener, one)));
      left = left.filter((_, i) => !stored[i]);
    }
  }

  function sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  const running = run();
  return {
    hurry() {
      pause = FIRST_PAUSE_MS;
      wake();
    },
    async stop() {
      stopped = true;
      wake();
      await running;
    },
  };
}

/** False when the listener could not store it. */
export async function store(listener: RouteListener, told: Told): Promise<boolean> {
  try {
    if (told.kind === 'receipt') await listener.receipt(told.receipt);
    else await listener.inbound(told.sms);
    return true;
  } catch {
    return false;
  }
}

function recordsOf({ fields }: Answer, name: string, country: CountryCode | undefined): Told[] {
  return listOf(fields, name).flatMap((record) => readRecord(record, country) ?? []);
}

/** More than came; where nothing came, the vendor gives nothing out however much remains. */
function hasMore({ fields }: Answer, name: string): boolean {
  return listOf(fields, name).length > 0 && Number(fields.get('remainingrecords') ?? 0) > 0;
}

function listOf(fields: Answer['fields'], name: string): unknown[] {
  const records = fields.get(name);
  return Array.isArray(records) ? records : [];
}
