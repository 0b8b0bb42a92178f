/** A real Yivi server and a real wallet for the tests of this folder, and a receiver for the server's callbacks. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePorts } from '@civicline/launcher/ports';
import { prepareYivi, type RunningYivi, startYivi } from '@civicline/yivi';
import { prepareWallet, startWallet, type Wallet } from '../wallet/index.ts';

const HOME = resolve(import.meta.dirname, '../../../.civicline');
const log = (line: string) => console.error(line);

export interface TestYivi {
  /** Another one after `restart`. */
  yivi: RunningYivi;
  newWallet(): Promise<Wallet>;
  /** Starts the killed server again, where it was. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startTestYivi(): Promise<TestYivi> {
  const installation = await prepareYivi({ home: HOME, log });
  const binary = await prepareWallet({ home: HOME, log });
  const directory = await mkdtemp(join(tmpdir(), 'civicline-irma-'));
  const { yiviRequestor: requestor, yiviClient: client } = await freePorts();
  const start = () => startYivi({ installation, directory: join(directory, 'yivi'), ports: { requestor, client } });
  const wallets: Wallet[] = [];
  const test: TestYivi = {
    yivi: await start(),
    async newWallet() {
      const own = await mkdtemp(join(directory, 'wallet-'));
      const wallet = await startWallet({ binary, schemes: installation.schemes, directory: own, issuer: test.yivi });
      wallets.push(wallet);
      return wallet;
    },
    async restart() {
      test.yivi = await start();
    },
    async stop() {
      await Promise.all(wallets.map((wallet) => wallet.stop()));
      await test.yivi.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return test;
}

export interface Callback {
  contentType: string;
  body: string;
}

export interface CallbackReceiver {
  /** An address of its own, and what will be posted there first. */
  expectOne(): { url: string; callback: Promise<Callback> };
  stop(): Promise<void>;
}

export async function startCallbackReceiver(): Promise<CallbackReceiver> {
  const expected: ((callback: Callback) => void)[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    response.writeHead(204).end();
    // The server adds a slash to the address.
    expected[Number.parseInt(request.url?.slice(1) ?? '', 10)]?.({
      contentType: request.headers['content-type'] ?? '',
      body,
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    expectOne() {
      const callback = new Promise<Callback>((arrived) => expected.push(arrived));
      return { url: `http://127.0.0.1:${port}/${expected.length - 1}`, callback };
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
