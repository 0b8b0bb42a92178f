/** The calls and the surroundings that the stand-in shows. All of it is made up. */
import type { CallView, Snapshot } from '@civicline/protocol';
import { PEOPLE } from './people.ts';

const ORGANISATION = PEOPLE.agent?.organisation ?? { id: 'voorbeeldstad', name: {} };

const ATTRIBUTES: CallView['attributes'] = [
  {
    id: 'civicline-demo.gemeente.personalData.fullname',
    label: { nl: 'Naam', fr: 'Nom', de: 'Name', en: 'Name' },
    value: 'V. Beeld',
  },
  {
    id: 'civicline-demo.gemeente.personalData.bsn',
    label: {
      nl: 'Burgerservicenummer',
      fr: 'Numéro de citoyen (BSN)',
      de: 'Bürgerservicenummer (BSN)',
      en: 'Citizen service number (BSN)',
    },
    value: '999990019',
  },
  {
    id: 'civicline-demo.gemeente.address.street',
    label: { nl: 'Straat', fr: 'Rue', de: 'Straße', en: 'Street' },
    value: 'Dorpsstraat',
  },
  {
    id: 'civicline-demo.gemeente.address.houseNumber',
    label: { nl: 'Huisnummer', fr: 'Numéro', de: 'Hausnummer', en: 'House number' },
    value: '12',
  },
  {
    id: 'civicline-demo.gemeente.address.zipcode',
    label: { nl: 'Postcode', fr: 'Code postal', de: 'Postleitzahl', en: 'Postal code' },
    value: '1234 AB',
  },
  {
    id: 'civicline-demo.gemeente.address.city',
    label: { nl: 'Woonplaats', fr: 'Localité', de: 'Wohnort', en: 'City' },
    value: 'Voorbeeldstad',
  },
];

let made = 0;

/** A call that began to wait `waitedSeconds` ago; verified unless told otherwise. */
export function exampleCall(given: Partial<CallView> = {}, waitedSeconds = 0): CallView {
  const began = new Date(Date.now() - waitedSeconds * 1000).toISOString();
  made++;
  return {
    id: `0195a000-0000-7000-8000-${String(made).padStart(12, '0')}`,
    state: 'queued',
    verification: {
      kind: 'verified',
      disclosedAt: began,
      binding: 'app-dialled',
      numberAgrees: null,
      contested: false,
    },
    organisation: ORGANISATION,
    purpose: {
      id: 'verhuizing',
      title: { nl: 'Verhuizing doorgeven', fr: 'Signaler un déménagement', de: 'Umzug melden', en: 'Report a move' },
    },
    queueId: 'burgerzaken',
    callingNumber: '+31612345678',
    arrivedAt: began,
    queuedAt: began,
    connectedAt: null,
    attributes: ATTRIBUTES,
    links: [
      {
        label: { nl: 'Zoek persoon', fr: 'Rechercher la personne', de: 'Person suchen', en: 'Find person' },
        url: 'https://zaken.voorbeeldstad.example/personen?bsn=999990019',
      },
      {
        label: { nl: 'Nieuwe zaak', fr: 'Nouveau dossier', de: 'Neuer Vorgang', en: 'New case' },
        url: 'https://zaken.voorbeeldstad.example/nieuw?purpose=verhuizing',
      },
    ],
    agentId: null,
    offeredTo: null,
    transferredBy: null,
    cutOffFrom: null,
    device: null,
    held: false,
    muted: false,
    source: { kind: 'asterisk' },
    note: '',
    wrapUpEndsAt: null,
    ...given,
  };
}

export const NOT_VERIFIED: Partial<CallView> = {
  verification: { kind: 'not-verified', reason: 'no-code' },
  purpose: null,
  queueId: 'algemeen',
  callingNumber: null,
  attributes: [],
  links: [],
};

export function exampleSnapshot(): Snapshot {
  const queues = [
    { id: 'algemeen', name: { nl: 'Algemeen', fr: 'Général', de: 'Allgemein', en: 'General' } },
    {
      id: 'burgerzaken',
      name: { nl: 'Burgerzaken', fr: 'État civil', de: 'Bürgerangelegenheiten', en: 'Civil affairs' },
    },
    { id: 'avondloket', name: { nl: 'Avondloket', fr: 'Guichet du soir', de: 'Abendschalter', en: 'Evening desk' } },
  ];
  const views = queues.map((queue, index) => ({
    ...queue,
    open: index < 2,
    waiting: 0,
    agentsReady: index < 2 ? 3 - index : 0,
  }));
  return {
    sequence: 0,
    self: {
      id: 'agent-a',
      name: 'Demo agent A',
      organisation: ORGANISATION,
      roles: ['agent'],
      presence: 'ready',
      presenceReason: '',
      device: 'sip-phone',
      registered: { browser: false, 'sip-phone': true },
    },
    queues: views,
    calls: [],
    colleagues: [
      { id: 'agent-b', name: 'Demo agent B', presence: 'break' },
      { id: 'agent-c', name: 'Demo agent C', presence: 'ready' },
      { id: 'agent-d', name: 'Demo agent D', presence: 'offline' },
    ],
    transferQueues: views,
    telephonyAvailable: true,
    now: new Date().toISOString(),
  };
}
