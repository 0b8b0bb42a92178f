/** Codes as citizens get them: a call request, a real disclosure by a wallet to the real Yivi server, a tel: URL. */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { log, type RunningSystem, root } from '@civicline/launcher';
import { createCallRequest } from '../../demo/gateway-api.ts';
import { parseTelUrl } from '../../phone/index.ts';
import { type DemoPerson, demoPerson, prepareWallet, startWallet, type Wallet } from '../../wallet/index.ts';

export interface DisclosedCode {
  number: string;
  code: string;
  /** What the one who keys it has disclosed, among other things. */
  name: string;
  bsn: string;
}

/** The gateway asks the Yivi server every 2 s about disclosures whose callback it has missed. */
const SETTLING_MS = 5000;
const TELL_EVERY = 200;

export async function discloseCodes(
  system: RunningSystem,
  { count, purpose }: { count: number; purpose: string },
): Promise<DisclosedCode[]> {
  const binary = await prepareWallet({ home: join(root, '.civicline'), log });
  const codes: DisclosedCode[] = [];
  let begun = 0;
  const disclose = async (wallet: Wallet, { fullname: name, bsn }: DemoPerson) => {
    while (begun < count) {
      begun += 1;
      codes.push({ ...(await persistently(() => discloseOne(system, wallet, purpose))), name, bsn });
      if (codes.length % TELL_EVERY === 0) log(`${codes.length} of ${count} codes for ${purpose} disclosed`);
    }
  };
  await Promise.all(
    Array.from({ length: availableParallelism() + 1 }, (_, n) => withWallet(system, binary, n, disclose)),
  );
  return codes;
}

/** Waits until the gateway must have heard of every disclosure. */
export function untilSettled(): Promise<void> {
  return sleep(SETTLING_MS);
}

/** On a busy machine a server may answer too late once; preparing is not what is measured. */
async function persistently<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = 5; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) throw error;
      await sleep(1000);
    }
  }
}

async function discloseOne(system: RunningSystem, wallet: Wallet, purpose: string) {
  const input = { organisation: 'voorbeeldstad', purpose, language: 'nl' } as const;
  const request = await createCallRequest(system.gatewayUrl, input);
  const outcome = await wallet.disclose(request.sessionPtr);
  if (outcome.status !== 'done' || !outcome.clientReturnUrl) throw new Error(`The disclosure was ${outcome.status}.`);
  const { number, digits } = parseTelUrl(outcome.clientReturnUrl);
  return { number, code: digits };
}

async function withWallet(
  system: RunningSystem,
  binary: string,
  n: number,
  use: (wallet: Wallet, person: DemoPerson) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'civicline-bench-wallet-'));
  const { requestorUrl, requestorToken } = system.yivi.current;
  try {
    const issuer = { requestorUrl, requestorToken };
    const wallet = await startWallet({ binary, schemes: system.yiviSchemes, directory, issuer });
    try {
      const person = demoPerson(n);
      await wallet.issueDemoCredentials(person);
      await use(wallet, person);
    } finally {
      await wallet.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
