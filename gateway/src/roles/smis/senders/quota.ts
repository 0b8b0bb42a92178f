/**
 * A sender's quotas: a token bucket per minute and a count per day (UTC), each optional. Pure; `store.ts` keeps the
 * usage.
 *
 *   bucket: holds at most `perMinute` tokens, fills by `perMinute`/60 each second; a message takes one
 *   warning: when 80 % is used, once until the bucket is full again, or the day is over
 */
import type { QuotaView } from './schemas.ts';

/** Messages, 1 or more; null: any number. */
export interface Limits {
  perMinute: number | null;
  perDay: number | null;
}

export interface Usage {
  /** What is left in the bucket; a fraction is a token that is filling up. */
  tokens: number;
  /** When that was, UTC milliseconds. */
  tokensAt: number;
  minuteWarned: boolean;
  /** Days since 1970-01-01 UTC. */
  day: number;
  dayUsed: number;
  dayWarned: boolean;
}

export interface Warning {
  quota: QuotaView['name'];
  limit: number;
  used: number;
}

const DAY_MS = 24 * 3_600_000;
const MINUTE_MS = 60_000;
const WARN_AT = 0.8;

export function noUsage(limits: Limits, now: number): Usage {
  return {
    tokens: limits.perMinute ?? 0,
    tokensAt: now,
    minuteWarned: false,
    day: dayOf(now),
    dayUsed: 0,
    dayWarned: false,
  };
}

/** Takes up to `count` messages. `retryAfterSeconds` is there when it took less. */
export function takeFrom(
  limits: Limits,
  before: Usage,
  count: number,
  now: number,
): { taken: number; usage: Usage; warnings: Warning[]; retryAfterSeconds?: number } {
  const usage = passTime(limits, before, now);
  const { perMinute, perDay } = limits;
  const taken = Math.min(
    count,
    perMinute === null ? count : Math.floor(usage.tokens),
    perDay === null ? count : Math.max(0, perDay - usage.dayUsed),
  );
  if (perMinute !== null) usage.tokens -= taken;
  usage.dayUsed += taken;

  const warnings: Warning[] = [];
  if (perMinute !== null && !usage.minuteWarned && perMinute - usage.tokens >= perMinute * WARN_AT) {
    usage.minuteWarned = true;
    warnings.push({ quota: 'minute', limit: perMinute, used: Math.ceil(perMinute - usage.tokens) });
  }
  if (perDay !== null && !usage.dayWarned && usage.dayUsed >= perDay * WARN_AT) {
    usage.dayWarned = true;
    warnings.push({ quota: 'day', limit: perDay, used: usage.dayUsed });
  }
  if (taken === count) return { taken, usage, warnings };
  return { taken, usage, warnings, retryAfterSeconds: secondsUntilNext(limits, usage, now) };
}

/** What is left of each quota that there is. */
export function describeQuotas(limits: Limits, before: Usage, now: number): QuotaView[] {
  const usage = passTime(limits, before, now);
  const views: QuotaView[] = [];
  if (limits.perMinute !== null) {
    const fullInMs = ((limits.perMinute - usage.tokens) / limits.perMinute) * MINUTE_MS;
    views.push({
      name: 'minute',
      limit: limits.perMinute,
      remaining: Math.floor(usage.tokens),
      windowSeconds: 60,
      resetsAt: new Date(usage.tokensAt + fullInMs).toISOString(),
    });
  }
  if (limits.perDay !== null) {
    views.push({
      name: 'day',
      limit: limits.perDay,
      remaining: Math.max(0, limits.perDay - usage.dayUsed),
      windowSeconds: DAY_MS / 1_000,
      resetsAt: new Date((usage.day + 1) * DAY_MS).toISOString(),
    });
  }
  return views;
}

/** RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers); none without quotas. */
export function rateLimitHeaders(quotas: readonly QuotaView[], now: number): Record<string, string> {
  if (quotas.length === 0) return {};
  const seconds = (time: string) => Math.max(0, Math.ceil((Date.parse(time) - now) / 1_000));
  return {
    'RateLimit-Policy': quotas
      .map(({ name, limit, windowSeconds }) => `"${name}";q=${limit};w=${windowSeconds}`)
      .join(', '),
    RateLimit: quotas
      .map(({ name, remaining, resetsAt }) => `"${name}";r=${remaining};t=${seconds(resetsAt)}`)
      .join(', '),
  };
}

/**
 * The bucket fills, a new day begins. Gateways' clocks differ a little: time that one of them gave is not given again by
 * another that is behind. Nor does a clock that was set back give anything; the bucket goes on from there, and the day
 * too if it was set back by more than one.
 */
function passTime({ perMinute }: Limits, before: Usage, now: number): Usage {
  const ahead = before.tokensAt - now;
  const at = ahead > 0 && ahead < MINUTE_MS ? before.tokensAt : now;
  const usage = { ...before, tokensAt: at };
  if (perMinute !== null) {
    const gained = (Math.max(0, at - before.tokensAt) / MINUTE_MS) * perMinute;
    usage.tokens = Math.min(perMinute, before.tokens + gained);
    if (usage.tokens === perMinute) usage.minuteWarned = false;
  }
  const daysBehind = before.day - dayOf(at);
  if (daysBehind === 0 || daysBehind === 1) return usage;
  return { ...usage, day: dayOf(at), dayUsed: 0, dayWarned: false };
}

/** Until one more message can be taken. */
function secondsUntilNext({ perMinute, perDay }: Limits, usage: Usage, now: number): number {
  const dayOver = perDay !== null && usage.dayUsed >= perDay ? (usage.day + 1) * DAY_MS - now : 0;
  const fillsInMs = perMinute === null ? 0 : (Math.max(0, 1 - usage.tokens) / perMinute) * MINUTE_MS;
  const filled = fillsInMs > 0 ? usage.tokensAt - now + fillsInMs : 0;
  return Math.max(1, Math.ceil(Math.max(dayOver, filled) / 1_000));
}

function dayOf(now: number): number {
  return Math.floor(now / DAY_MS);
}
