/** Puts into Asterisk's memory what it must know of us: the agents' endpoints, and the organisations' numbers. */
import { createHash } from 'node:crypto';
import { agentEndpoint } from '@civicline/asterisk';
import type { Ari } from '../../../platform/ari/index.ts';
import type { Organisations } from '../../directory/organisations/index.ts';
import { agentOfEndpoint } from './registrations.ts';
import type { AgentSecret } from './store.ts';

/** How many agents are told about at once: calls go on while there are hundreds. */
const AT_ONCE = 8;
/** Lives in Asterisk as long as the endpoints do: says which ones it was given last. */
const GIVEN = 'CIVICLINE_ENDPOINTS';
/** The list of numbers that the dialplan goes by; it refuses all others unanswered. */
const NUMBERS = 'CIVICLINE_NUMBERS';

/**
 * The organisations' numbers and their languages. A new list is written beside the old one and takes its place with one
 * variable, so that no call meets half of it.
 */
export async function provisionNumbers(ari: Ari, organisations: Organisations): Promise<void> {
  const numbers = organisations.all.flatMap((organisation) =>
    organisation.numbers.map(({ number, language }) => ({
      digits: number.replace('+', ''),
      language: language ?? organisation.language,
    })),
  );
  const list = createHash('sha256').update(JSON.stringify(numbers)).digest('hex').slice(0, 16);
  if ((await ari.asterisk.getGlobalVar({ variable: NUMBERS })).value === list) return;
  await Promise.all(
    numbers.map(({ digits, language }) =>
      ari.asterisk.setGlobalVar({ variable: `CIVICLINE_${list}_${digits}`, value: language }),
    ),
  );
  await ari.asterisk.setGlobalVar({ variable: NUMBERS, value: list });
}

/** Nothing is sent to an Asterisk that has it all: a gateway that comes back disturbs nobody's phone. */
export async function provisionAgents(ari: Ari, secrets: AgentSecret[]): Promise<void> {
  const digest = createHash('sha256')
    .update(JSON.stringify(secrets.map(agentEndpoint)))
    .digest('hex');
  const given = await ari.asterisk.getGlobalVar({ variable: GIVEN });
  if (given.value === digest) return;
  const waiting = [...secrets];
  async function work(): Promise<void> {
    for (let secret = waiting.shift(); secret; secret = waiting.shift()) await provisionAgent(ari, secret);
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await ari.asterisk.setGlobalVar({ variable: GIVEN, value: digest });
}

export async function provisionAgent(
  ari: Ari,
  { agentId, kind, password }: Omit<AgentSecret, 'createdAt' | 'handedOut'>,
): Promise<void> {
  for (const { type, id, fields } of agentEndpoint({ agentId, kind, password })) {
    await ari.asterisk.updateObject({ configClass: 'res_pjsip', objectType: type, id, fields });
  }
}

/** Takes the endpoints of people who are agents no more: their passwords open nothing. */
export async function withdrawFormerAgents(ari: Ari, isAgent: (agentId: string) => boolean): Promise<void> {
  const endpoints = await ari.endpoints.listByTech({ tech: 'PJSIP' });
  for (const { resource } of endpoints) {
    const agent = agentOfEndpoint(resource);
    if (!agent || isAgent(agent.agentId)) continue;
    for (const objectType of ['endpoint', 'aor', 'auth']) {
      await ari.asterisk.deleteObject({ configClass: 'res_pjsip', objectType, id: resource });
    }
  }
}
