/** Headless wallets for the demo's citizens: one each, with the credentials of somebody made up. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoPerson, type Issuer, prepareWallet, startWallet, type Wallet } from '../wallet/index.ts';

export interface Wallets {
  /** Gives the n-th citizen's wallet for the length of `use`; waits when too many are open. */
  borrow<T>(n: number, use: (wallet: Wallet) => Promise<T>): Promise<T>;
}

export interface WalletsOptions {
  /** The `.civicline` folder. */
  home: string;
  schemes: string;
  issuer: Issuer;
  /** Hears what takes long: the wallet is built once. */
  log(line: string): void;
}

/** A wallet is a process that computes proofs: more of them at once would only wait for one another. */
const OPEN_AT_ONCE = 4;

export async function createWallets({ home, schemes, issuer, log }: WalletsOptions): Promise<Wallets> {
  const binary = await prepareWallet({ home, log });
  const turns: (() => void)[] = [];
  let open = 0;

  const enter = async () => {
    if (open < OPEN_AT_ONCE) open++;
    else await new Promise<void>((resolve) => turns.push(resolve));
  };
  const leave = () => {
    const next = turns.shift();
    if (next) next();
    else open--;
  };

  return {
    async borrow(n, use) {
      await enter();
      const directory = await mkdtemp(join(tmpdir(), 'civicline-wallet-'));
      try {
        const wallet = await startWallet({ binary, schemes, directory, issuer });
        try {
          await wallet.issueDemoCredentials(demoPerson(n));
          return await use(wallet);
        } finally {
          await wallet.stop();
        }
      } finally {
        await rm(directory, { recursive: true, force: true });
        leave();
      }
    },
  };
}
