/** A small organisation for the tests of calls. */
import { createOrganisations, type OrganisationsFile } from '../../directory/organisations/index.ts';

export const NUMBER = '+31850000001';
export const NAME = 'test.gemeente.personalData.fullname';
export const BSN = 'test.gemeente.personalData.bsn';

export function testOrganisations(agents: string[] = ['agent-a', 'agent-b', 'agent-c']) {
  const file: OrganisationsFile = {
    attributes: {
      [NAME]: { label: { nl: 'Naam', en: 'Name' }, variable: 'name' },
      [BSN]: { label: { nl: 'Burgerservicenummer' }, variable: 'bsn' },
    },
    organisations: [
      {
        id: 'voorbeeldstad',
        name: { nl: 'Gemeente Voorbeeldstad' },
        language: 'nl',
        numbers: [{ number: NUMBER, queue: 'algemeen' }],
        dialPauses: 1,
        widgetOrigins: [],
        purposes: [
          {
            id: 'verhuizing',
            title: { nl: 'Verhuizing doorgeven' },
            number: NUMBER,
            queue: 'burgerzaken',
            otherPhone: true,
            disclose: [[[NAME, BSN]]],
          },
        ],
        queues: [
          queue('algemeen', { capacity: 3, ringSeconds: 5 }),
          queue('burgerzaken', { ringSeconds: 5 }),
          queue('besloten', { openingHours: { timezone: 'Europe/Amsterdam', weekly: {}, closedOn: [] } }),
        ],
        agents: [
          ...agents.map((id) => ({
            id,
            name: `Demo ${id}`,
            signIn: `${id}@voorbeeldstad.example`,
            queues: id === 'agent-c' ? ['algemeen'] : ['algemeen', 'burgerzaken'],
            roles: ['agent' as const],
          })),
          { id: 'auditor', name: 'Auditor', signIn: 'auditor@voorbeeldstad.example', queues: [], roles: ['auditor'] },
        ],
        links: [{ label: { nl: 'Zoek' }, template: 'https://zaken.voorbeeldstad.example/personen{?bsn}' }],
      },
    ],
  };
  return createOrganisations(file);
}

function queue(id: string, changes: object) {
  return {
    id,
    name: { nl: id },
    capacity: 50,
    maxWaitSeconds: 1800,
    ringSeconds: 20,
    wrapUpSeconds: 120,
    ...changes,
  };
}
