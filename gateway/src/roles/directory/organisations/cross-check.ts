import type { Mistake } from '@civicline/settings-file';
import { parseTemplate } from 'url-template';
import type { OpeningHours, Organisation, OrganisationsFile } from './schemas.ts';

/** Variables that every link template may use besides those of the attributes. */
export const CALL_VARIABLES = ['callId', 'purpose', 'callingNumber'] as const;

/** What no single field can tell: references that lead nowhere, and names given twice. */
export function crossCheck(file: OrganisationsFile): Mistake[] {
  const variables = new Set<string>([
    ...CALL_VARIABLES,
    ...Object.values(file.attributes).flatMap((attribute) => attribute?.variable ?? []),
  ]);
  const all = file.organisations.map((organisation, i) => ({ organisation, path: ['organisations', i] }));
  return [
    ...all.flatMap(({ organisation, path }) => checkOrganisation(organisation, variables, path)),
    ...duplicates(all.map(({ organisation, path }) => ({ value: organisation.id, path: [...path, 'id'] }))),
    // Across organisations: a number is how a call finds its organisation, an agent's id names SIP endpoints, and the
    // sign-in name is all that the OpenID provider tells.
    ...duplicates(
      all.flatMap(({ organisation, path }) =>
        organisation.numbers.map(({ number }, i) => ({ value: number, path: [...path, 'numbers', i, 'number'] })),
      ),
    ),
    ...duplicates(
      all.flatMap(({ organisation, path }) =>
        organisation.agents.map(({ id }, i) => ({ value: id, path: [...path, 'agents', i, 'id'] })),
      ),
    ),
    ...duplicates(
      all.flatMap(({ organisation, path }) =>
        organisation.agents.map(({ signIn }, i) => ({
          value: signIn.toLowerCase(),
          path: [...path, 'agents', i, 'signIn'],
        })),
      ),
    ),
  ];
}

function checkOrganisation(organisation: Organisation, variables: Set<string>, path: PropertyKey[]): Mistake[] {
  const queues = new Set(organisation.queues.map((queue) => queue.id));
  const purposes = new Set(organisation.purposes.map((purpose) => purpose.id));
  const numbers = new Set(organisation.numbers.map(({ number }) => number));
  const known = (set: Set<string>, value: string, what: string, ...field: PropertyKey[]): Mistake[] =>
    set.has(value) ? [] : [{ path: [...path, ...field], message: `there is no ${what} "${value}"` }];
  return [
    ...organisation.numbers.flatMap(({ queue }, i) => known(queues, queue, 'queue', 'numbers', i, 'queue')),
    ...organisation.purposes.flatMap((purpose, i) => [
      ...known(queues, purpose.queue, 'queue', 'purposes', i, 'queue'),
      ...known(numbers, purpose.number, 'number of this organisation', 'purposes', i, 'number'),
    ]),
    ...organisation.agents.flatMap((agent, i) =>
      agent.queues.flatMap((queue, j) => known(queues, queue, 'queue', 'agents', i, 'queues', j)),
    ),
    ...organisation.links.flatMap((link, i) => [
      ...(link.purposes ?? []).flatMap((purpose, j) => known(purposes, purpose, 'purpose', 'links', i, 'purposes', j)),
      ...checkTemplate(link.template, variables, [...path, 'links', i, 'template']),
    ]),
    ...organisation.queues.flatMap((queue, i) =>
      queue.openingHours ? checkHours(queue.openingHours, [...path, 'queues', i, 'openingHours']) : [],
    ),
    ...organisation.widgetOrigins.flatMap((origin, i) =>
      new URL(origin).origin === origin
        ? []
        : [
            {
              path: [...path, 'widgetOrigins', i],
              message: 'must be an origin, without path, such as https://www.example.nl',
            },
          ],
    ),
    ...duplicates(organisation.queues.map(({ id }, i) => ({ value: id, path: [...path, 'queues', i, 'id'] }))),
    ...duplicates(organisation.purposes.map(({ id }, i) => ({ value: id, path: [...path, 'purposes', i, 'id'] }))),
  ];
}

function checkTemplate(template: string, variables: Set<string>, path: PropertyKey[]): Mistake[] {
  try {
    parseTemplate(template);
  } catch {
    return [{ path, message: 'is not an RFC 6570 template' }];
  }
  if (!/^https?:\/\/[^{}]/i.test(template)) {
    return [{ path, message: 'must begin with https:// or http:// and a host' }];
  }
  const unknown = templateVariables(template).filter((name) => !variables.has(name));
  return unknown.map((name) => ({ path, message: `no attribute and no call has the variable "${name}"` }));
}

/** The variable names between the braces, without operators, prefixes (`:3`) and explode marks (`*`). */
function templateVariables(template: string): string[] {
  return [...template.matchAll(/\{[+#./;?&]?([^{}]+)\}/g)].flatMap(([, names = '']) =>
    names.split(',').map((name) => name.replace(/(:\d+|\*)$/, '')),
  );
}

function checkHours(hours: OpeningHours, path: PropertyKey[]): Mistake[] {
  const mistakes: Mistake[] = [];
  try {
    new Intl.DateTimeFormat('en', { timeZone: hours.timezone });
  } catch {
    mistakes.push({ path: [...path, 'timezone'], message: `there is no time zone "${hours.timezone}"` });
  }
  for (const [day, ranges = []] of Object.entries(hours.weekly)) {
    for (const [i, range] of ranges.entries()) {
      const [start = '', end = ''] = range.split('-');
      if (start >= end || end > '24:00') {
        mistakes.push({
          path: [...path, 'weekly', day, i],
          message: `${range} does not end after it starts, on one day`,
        });
      }
    }
  }
  return mistakes;
}

function duplicates(entries: { value: string; path: PropertyKey[] }[]): Mistake[] {
  const seen = new Set<string>();
  return entries.flatMap(({ value, path }) => {
    if (seen.has(value)) return [{ path, message: `"${value}" is there already` }];
    seen.add(value);
    return [];
  });
}
