/** Drives the headless wallet, the Go program in `test/wallet/`; its protocol is described at the head of its main.go. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { DemoPerson } from './demo-person.ts';
import { type CredentialRequest, demoCredentials, type Issuer, type SessionPtr, startIssuance } from './issuance.ts';

const STOP_TIMEOUT_MS = 3_000;

export interface WalletOptions {
  /** From `prepareWallet`. */
  binary: string;
  /** The Yivi installation's folder of schemes. */
  schemes: string;
  /** This wallet's own; credentials stay in it from one start to the next. */
  directory: string;
  /** The Yivi server that issues the demo credentials. */
  issuer: Issuer;
}

export interface WalletOutcome {
  status: 'done' | 'cancelled' | 'failed';
  /** Where the app sends its user; only when done. */
  clientReturnUrl?: string;
  requestor?: string;
  disclosed?: { id: string; value: string }[];
  error?: string;
}

export interface DisclosureOptions {
  decline?: boolean;
  /** How long the person thinks before answering. */
  delayMs?: number;
  /** Discloses an expired credential, which an honest app refuses. */
  useExpired?: boolean;
  /** Aborting closes the app in mid-session. */
  signal?: AbortSignal;
}

export interface Wallet {
  issueDemoCredentials(person: DemoPerson): Promise<void>;
  issue(credentials: CredentialRequest[]): Promise<void>;
  /** Runs a disclosure or signature session, given as session pointer or as the link in a QR code. */
  disclose(session: SessionPtr | string, options?: DisclosureOptions): Promise<WalletOutcome>;
  /** The code that the session now running shows for pairing; waits until there is one. */
  pairingCode(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a wallet. Its sessions run one after another; people who act at the same time have a wallet each. */
export async function startWallet({ binary, schemes, directory, issuer }: WalletOptions): Promise<Wallet> {
  await mkdir(directory, { recursive: true });
  const child = spawn(binary, ['-storage', directory, '-schemes', schemes], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, HOME: directory },
  });
  const url = `http://127.0.0.1:${await readPort(child)}`;

  const runSession = async (path: string, session: SessionPtr | string, options: DisclosureOptions = {}) => {
    const { signal, ...wishes } = options;
    const which = typeof session === 'string' ? { link: session } : { sessionPtr: session };
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      body: JSON.stringify({ ...which, ...wishes }),
      ...(signal && { signal }),
    });
    if (!response.ok) throw new Error(`The wallet refuses the session: ${await response.text()}`);
    return (await response.json()) as WalletOutcome;
  };
  const issue = async (credentials: CredentialRequest[]) => {
    const outcome = await runSession('/issue', await startIssuance(issuer, credentials));
    if (outcome.status !== 'done') throw new Error(`Issuance ${outcome.status}: ${outcome.error ?? ''}`);
  };
  return {
    issue,
    issueDemoCredentials: (person) => issue(demoCredentials(person)),
    disclose: (session, options) => runSession('/disclose', session, options),
    pairingCode: async () => ((await (await fetch(`${url}/pairing-code`)).json()) as { code: string }).code,
    stop: () => stop(child),
  };
}

async function readPort(child: ChildProcess): Promise<number> {
  if (!child.stdout) throw new Error('The wallet has no standard output.');
  const ended = once(child, 'close').then(([code]) => {
    throw new Error(`The wallet ended with status ${code}.`);
  });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  ended.catch(() => {});
  return (JSON.parse(line) as { port: number }).port;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.stdin?.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
