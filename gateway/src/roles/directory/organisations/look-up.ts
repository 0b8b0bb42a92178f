import type { AttributeView, LinkView } from '@civicline/protocol';
import { parseTemplate } from 'url-template';
import type { LoadedOrganisations } from './load.ts';
import type { Logo } from './logo.ts';
import type { Agent, Organisation, OrganisationsFile, Purpose, Queue } from './schemas.ts';

export interface AgentOfOrganisation {
  agent: Agent;
  organisation: Organisation;
}

/** The organisations file with the questions that the gateway asks of it. Never changes while the gateway runs. */
export interface Organisations {
  all: readonly Organisation[];
  byId(id: string): Organisation | undefined;
  logo(organisationId: string): Logo | undefined;
  /** The number that was called, with or without its plus sign, and the organisation that it belongs to. */
  byNumber(number: string): { organisation: Organisation; number: Organisation['numbers'][number] } | undefined;
  purpose(organisationId: string, purposeId: string): { organisation: Organisation; purpose: Purpose } | undefined;
  queue(organisationId: string, queueId: string): Queue | undefined;
  agent(id: string): AgentOfOrganisation | undefined;
  /** Whom the OpenID provider means; compares without regard to case, as mail addresses are written in any. */
  agentBySignIn(signIn: string): AgentOfOrganisation | undefined;
  /** Disclosed attributes as the console shows them. */
  attributeViews(attributes: readonly { id: string; value: string }[]): AttributeView[];
  /** The organisation's links for a call, expanded by RFC 6570. A link none of whose variables is known is left out. */
  links(organisation: Organisation, call: LinkInput): LinkView[];
}

export interface LinkInput {
  callId: string;
  purposeId: string | null;
  /** E.164; null when withheld. */
  callingNumber: string | null;
  attributes: readonly { id: string; value: string }[];
}

/** Makes the look-ups of a file that {@link readOrganisationsFile} has checked. */
export function createOrganisations(file: OrganisationsFile & Partial<LoadedOrganisations>): Organisations {
  const byId = new Map(file.organisations.map((organisation) => [organisation.id, organisation]));
  const byNumber = new Map(
    file.organisations.flatMap((organisation) =>
      organisation.numbers.map((number) => [digits(number.number), { organisation, number }] as const),
    ),
  );
  const agents = file.organisations.flatMap((organisation) =>
    organisation.agents.map((agent) => ({ agent, organisation })),
  );
  const agentById = new Map(agents.map((entry) => [entry.agent.id, entry]));
  const agentBySignIn = new Map(agents.map((entry) => [entry.agent.signIn.toLowerCase(), entry]));

  return {
    all: file.organisations,
    byId: (id) => byId.get(id),
    logo: (organisationId) => file.logos?.get(organisationId),
    byNumber: (number) => byNumber.get(digits(number)),
    purpose(organisationId, purposeId) {
      const organisation = byId.get(organisationId);
      const purpose = organisation?.purposes.find(({ id }) => id === purposeId);
      return organisation && purpose && { organisation, purpose };
    },
    queue: (organisationId, queueId) => byId.get(organisationId)?.queues.find(({ id }) => id === queueId),
    agent: (id) => agentById.get(id),
    agentBySignIn: (signIn) => agentBySignIn.get(signIn.toLowerCase()),
    attributeViews: (attributes) =>
      attributes.map(({ id, value }) => ({ id, value, label: file.attributes[id]?.label ?? { en: lastPart(id) } })),
    links: (organisation, call) => expandLinks(file, organisation, call),
  };
}

function expandLinks(file: OrganisationsFile, organisation: Organisation, call: LinkInput): LinkView[] {
  const variables: Record<string, string> = { callId: call.callId };
  if (call.purposeId) variables.purpose = call.purposeId;
  if (call.callingNumber) variables.callingNumber = call.callingNumber;
  for (const { id, value } of call.attributes) {
    const variable = file.attributes[id]?.variable;
    if (variable) variables[variable] = value;
  }
  return organisation.links
    .filter(({ purposes }) => !purposes || (call.purposeId !== null && purposes.includes(call.purposeId)))
    .filter(({ template }) => !template.includes('{') || Object.keys(variables).some((name) => uses(template, name)))
    .map(({ label, template }) => ({ label, url: parseTemplate(template).expand(variables) }));
}

function uses(template: string, variable: string): boolean {
  return new RegExp(`[{,+#./;?&]${variable}(?=[},:*])`).test(template);
}

/** `+31501234567`, `31501234567` and `0031501234567` are one number. */
function digits(number: string): string {
  return number.replace(/^(\+|00)/, '');
}

function lastPart(attributeId: string): string {
  return attributeId.slice(attributeId.lastIndexOf('.') + 1);
}
