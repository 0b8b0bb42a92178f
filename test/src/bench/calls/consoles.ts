/** Signs agents in and opens their consoles, all but the ones that a test shows in a browser. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { log } from '@civicline/launcher';
import { signIn } from '../../demo/sign-in.ts';
import type { Order, Word } from './consoles-process.ts';

export interface Consoles {
  /** Makes these agents answer what rings, one after the other. */
  answerWith(agentIds: string[]): void;
  /** Codes of refusals to answer, so far. */
  refusals: string[];
  close(): Promise<void>;
}

const AT_ONCE = 6;

/** The Cookie headers of these agents, by agent. */
export async function signInAll(gatewayUrl: string, agentIds: readonly string[]): Promise<Map<string, string>> {
  const cookies = new Map<string, string>();
  const queue = agentIds.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const id of queue) cookies.set(id, await signIn(gatewayUrl, `${id}@example.org`));
    }),
  );
  return cookies;
}

export async function openConsoles(gatewayUrl: string, cookies: Map<string, string>): Promise<Consoles> {
  const child = fork(join(import.meta.dirname, 'consoles-process.ts'));
  const refusals: string[] = [];
  const opened = new Promise<void>((resolve, reject) => {
    child.on('message', (word: Word) => {
      if (word.kind === 'refused') refusals.push(word.code);
      else resolve();
    });
    child.once('exit', () => reject(new Error('The process of the consoles ended.')));
  });
  const order = (what: Order) => child.send(what);
  order({ kind: 'open', gatewayUrl, consoles: [...cookies].map(([agentId, cookie]) => ({ agentId, cookie })) });
  await opened;
  log(`${cookies.size} consoles open`);
  return {
    answerWith: (agentIds) => void order({ kind: 'answer', agentIds }),
    refusals,
    async close() {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}
