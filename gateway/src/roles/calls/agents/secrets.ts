/**
 * SIP passwords of the agents' endpoints, generated and sealed in the database. A phone keeps its own for good, since
 * somebody has typed it in; that of a browser is changed when a console asks for it and it has become old.
 */
import { randomBytes } from 'node:crypto';
import type { AgentSecret, AgentStore, EndpointKind } from './store.ts';

export interface Secrets {
  password(agentId: string, kind: EndpointKind): string;
  all(): AgentSecret[];
  /** A browser password for a new registration; `isNew` when Asterisk has to be told. */
  forBrowser(agentId: string): Promise<{ password: string; isNew: boolean }>;
}

/** A sign-in lasts 12 hours; nobody's password changes during it. */
const BROWSER_PASSWORD_MS = 13 * 3_600_000;

export async function createSecrets(store: AgentStore, agentIds: string[], now: () => number): Promise<Secrets> {
  const key = (agentId: string, kind: EndpointKind) => `${kind} ${agentId}`;
  const secrets = new Map((await store.secrets()).map((secret) => [key(secret.agentId, secret.kind), secret]));

  function make(agentId: string, kind: EndpointKind): AgentSecret {
    return { agentId, kind, password: randomBytes(18).toString('base64url'), createdAt: now() };
  }

  async function keep(made: AgentSecret[]): Promise<void> {
    await store.saveSecrets(made);
    for (const secret of made) secrets.set(key(secret.agentId, secret.kind), secret);
  }

  const kinds: EndpointKind[] = ['phone', 'browser'];
  await keep(
    agentIds.flatMap((agentId) =>
      kinds.filter((kind) => !secrets.has(key(agentId, kind))).map((kind) => make(agentId, kind)),
    ),
  );

  function password(agentId: string, kind: EndpointKind): string {
    const secret = secrets.get(key(agentId, kind));
    if (!secret) throw new Error('not an agent');
    return secret.password;
  }

  return {
    password,
    all: () => agentIds.flatMap((agentId) => kinds.flatMap((kind) => secrets.get(key(agentId, kind)) ?? [])),
    async forBrowser(agentId) {
      const known = secrets.get(key(agentId, 'browser'));
      if (known && now() - known.createdAt < BROWSER_PASSWORD_MS) return { password: known.password, isNew: false };
      const made = make(agentId, 'browser');
      await keep([made]);
      return { password: made.password, isNew: true };
    },
  };
}
