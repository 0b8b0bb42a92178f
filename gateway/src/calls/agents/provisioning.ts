/** Puts into Asterisk's memory what it must know of us: the agents' endpoints, and each number's language. */
import { agentEndpoint } from '@civicline/asterisk';
import type { Ari } from '../../ari/index.ts';
import type { Organisations } from '../../organisations/index.ts';
import type { AgentSecret } from './store.ts';

/** How many requests are under way at once: calls go on while hundreds of agents are told. */
const AT_ONCE = 8;

export async function provisionLanguages(ari: Ari, organisations: Organisations): Promise<void> {
  const numbers = organisations.all.flatMap((organisation) =>
    organisation.numbers.map(({ number, language }) => ({ number, language: language ?? organisation.language })),
  );
  for (const { number, language } of numbers) {
    await ari.asterisk.setGlobalVar({ variable: `CIVICLINE_LANGUAGE_${number.replace('+', '')}`, value: language });
  }
}

/** Objects that are there already in the same form are left alone, so that nobody's registration is disturbed. */
export async function provisionAgents(ari: Ari, secrets: AgentSecret[]): Promise<void> {
  const waiting = [...secrets];
  async function work(): Promise<void> {
    for (let secret = waiting.shift(); secret; secret = waiting.shift()) await provisionAgent(ari, secret);
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

export async function provisionAgent(ari: Ari, { agentId, kind, password }: AgentSecret): Promise<void> {
  for (const { type, id, fields } of agentEndpoint({ agentId, kind, password })) {
    const object = { configClass: 'res_pjsip', objectType: type, id };
    const known = await ari.asterisk.getObject(object).catch(() => []);
    const isSame = fields.every(({ attribute, value }) =>
      known.some((field) => field.attribute === attribute && field.value === value),
    );
    if (!isSame) await ari.asterisk.updateObject({ ...object, fields });
  }
}
