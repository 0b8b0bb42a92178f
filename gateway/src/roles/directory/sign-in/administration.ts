import type { Database } from '../../../platform/storage/index.ts';
import { createSignInStore, migrations } from './store.ts';

/** What an operator sees of a sign-in; times are UTC milliseconds. */
export interface SignInRow {
  agentId: string;
  since: number;
  lastSeen: number;
  until: number;
}

/** For operators: who is signed in, and ending it. Running gateways notice within a minute. */
export async function createSessionAdministration(database: Database) {
  await database.migrate('sign-in', migrations);
  const store = createSignInStore(database);
  return {
    async list(): Promise<SignInRow[]> {
      const rows = await store.all();
      return rows.map(({ agent_id: agentId, created_at: since, seen_at: lastSeen, expires_at: until }) => ({
        agentId,
        since,
        lastSeen,
        until,
      }));
    },
    /** How many sign-ins of this person were ended. */
    end: async (agentId: string): Promise<number> => (await store.removeWhere('agent_id', agentId)).length,
  };
}
