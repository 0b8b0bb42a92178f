/** Calls one receiver once. What it may reach, how long it may take and how much is read of its answer is bounded. */
import { Resolver } from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import { isIP, isIPv6, type LookupFunction } from 'node:net';
import { readRetryAfter } from '@civicline/protocol';
import type { Answer } from './retry.ts';

export interface Caller {
  /** Never rejects. */
  call(url: string, headers: Record<string, string>, payload: string): Promise<Answer>;
  /** Breaks off the calls under way. */
  close(): void;
}

export interface CallerOptions {
  /** Whether a receiver may stand at this address. */
  mayCall: (address: string) => boolean;
  /** All addresses of a host; rejects when it has none. */
  resolve?: (host: string) => Promise<string[]>;
  /** For a whole call. */
  timeoutMs?: number;
  now: () => number;
}

const TIMEOUT_MS = 10_000;
/** Nothing in the answer's body matters; this much is read so that the connection can be used again. */
const BODY_LIMIT = 16 * 1024;

export function createCaller({ mayCall, resolve = resolveByDns, timeoutMs = TIMEOUT_MS, now }: CallerOptions): Caller {
  // An idle connection is not kept for longer than most receivers keep it.
  const keep = { keepAlive: true, timeout: 4_000 };
  const agents = { http: new http.Agent(keep), https: new https.Agent(keep) };
  const underWay = new Set<http.ClientRequest>();

  // Runs for every new connection, which then goes to the very addresses that were checked: no second look-up by which
  // a name could lead elsewhere.
  const lookup: LookupFunction = (host, options, callback) => {
    resolve(host).then(
      (addresses) => {
        const [first] = addresses;
        if (first === undefined || !addresses.every(mayCall)) return callback(new AddressRefused(), []);
        if (!options.all) return callback(null, first, familyOf(first));
        callback(
          null,
          addresses.map((address) => ({ address, family: familyOf(address) })),
        );
      },
      (error: Error) => callback(error, []),
    );
  };

  function send(url: URL, headers: Record<string, string>, payload: string): Promise<Answer> {
    return new Promise((answer) => {
      const secure = url.protocol === 'https:';
      const request = (secure ? https : http).request(url, {
        method: 'POST',
        agent: secure ? agents.https : agents.http,
        lookup,
        headers: { ...headers, 'Content-Length': Buffer.byteLength(payload), 'User-Agent': 'Civicline' },
      });
      const tooLong = setTimeout(() => request.destroy(new TimedOut()), timeoutMs);
      let received: http.IncomingMessage | null = null;
      let failed: Error | null = null;
      underWay.add(request);
      request.on('error', (error) => {
        failed = error;
      });
      request.on('response', (response) => {
        received = response;
        let read = 0;
        response.on('data', (part: Buffer) => {
          read += part.length;
          if (read > BODY_LIMIT) request.destroy();
        });
        // Its body may break off or be endless: the status has been given.
        response.on('error', () => undefined);
      });
      request.on('close', () => {
        clearTimeout(tooLong);
        underWay.delete(request);
        // The receiver closed a kept connection just as it was used again; it has seen nothing of this call.
        const again = !received && request.reusedSocket && codeOf(failed) === 'ECONNRESET';
        answer(again ? send(url, headers, payload) : received ? answerOf(received, now()) : failureOf(failed));
      });
      request.end(payload);
    });
  }

  return {
    async call(text, headers, payload) {
      const url = new URL(text);
      const host = url.hostname.replace(/^\[|\]$/g, '');
      // Addresses are not looked up.
      if (isIP(host) !== 0 && !mayCall(host)) return failureOf(new AddressRefused());
      return send(url, headers, payload);
    },
    close() {
      for (const request of underWay) request.destroy(new TimedOut());
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

class AddressRefused extends Error {}
class TimedOut extends Error {}

function failureOf(error: Error | null): Answer {
  if (error instanceof AddressRefused) return { kind: 'failed', reason: 'address-refused' };
  return { kind: 'failed', reason: error instanceof TimedOut ? 'timeout' : 'unreachable' };
}

function answerOf({ statusCode = 0, headers }: http.IncomingMessage, now: number): Answer {
  if (statusCode >= 200 && statusCode < 300) return { kind: 'delivered' };
  if (statusCode === 410) return { kind: 'gone' };
  if (statusCode >= 300 && statusCode < 400) return { kind: 'failed', reason: 'redirect' };
  const retryAfterMs = readRetryAfter(headers['retry-after'], now);
  return { kind: 'failed', reason: 'status', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/**
 * By DNS alone. The system's own look-up would read /etc/hosts too, which is not the senders' business, and runs in a
 * few threads, in which receivers with slow name servers would hold up all others.
 */
async function resolveByDns(host: string): Promise<string[]> {
  if (host === 'localhost') return ['127.0.0.1'];
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  const found = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const addresses = found.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  if (addresses.length === 0) throw new Error('The host has no address.');
  return addresses;
}

function familyOf(address: string): 4 | 6 {
  return isIPv6(address) ? 6 : 4;
}

function codeOf(error: Error | null): unknown {
  return error && 'code' in error ? error.code : undefined;
}
