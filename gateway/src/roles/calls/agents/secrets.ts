/**
 * SIP passwords of the agents' endpoints, generated and sealed in the database. A phone keeps its own for good, since
 * somebody has typed it in; that of a browser lasts as long as its agent is signed in.
 */
import { randomBytes } from 'node:crypto';
import type { AgentSecret, AgentStore, EndpointKind } from './store.ts';

export interface Secrets {
  password(agentId: string, kind: EndpointKind): string;
  all(): AgentSecret[];
  /** A browser password for a new registration; `isNew` when Asterisk has to be told. */
  forBrowser(agentId: string): Promise<{ password: string; isNew: boolean }>;
  /** Whose browser passwords somebody knows. */
  handedOut(): string[];
  /** Makes another browser password, and resolves once `tell` has; until then the old one counts as handed out. */
  renewBrowser(agentId: string, tell: (secret: AgentSecret) => Promise<void>): Promise<void>;
}

/** A sign-in lasts 12 hours; nobody's password changes during it. */
const BROWSER_PASSWORD_MS = 13 * 3_600_000;

export async function createSecrets(store: AgentStore, agentIds: string[], now: () => number): Promise<Secrets> {
  const key = (agentId: string, kind: EndpointKind) => `${kind} ${agentId}`;
  const secrets = new Map((await store.secrets()).map((secret) => [key(secret.agentId, secret.kind), secret]));

  function make(agentId: string, kind: EndpointKind): AgentSecret {
    return { agentId, kind, password: randomBytes(18).toString('base64url'), createdAt: now(), handedOut: false };
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
      if (known && now() - known.createdAt < BROWSER_PASSWORD_MS) {
        if (!known.handedOut) await keep([{ ...known, createdAt: now(), handedOut: true }]);
        return { password: known.password, isNew: false };
      }
      const made = { ...make(agentId, 'browser'), handedOut: true };
      await keep([made]);
      return { password: made.password, isNew: true };
    },
    handedOut: () =>
      [...secrets.values()].flatMap((one) => (one.kind === 'browser' && one.handedOut ? one.agentId : [])),
    async renewBrowser(agentId, tell) {
      const made = make(agentId, 'browser');
      await keep([{ ...made, handedOut: true }]);
      await tell(made);
      // Somebody may have signed in meanwhile, and got it.
      if (password(agentId, 'browser') === made.password) await keep([made]);
    },
  };
}
