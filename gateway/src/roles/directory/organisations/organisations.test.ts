import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { DEMO_FILE } from '../../../test-gateway.ts';
import {
  createOrganisations,
  demoAttributes,
  OrganisationsError,
  parseOrganisations,
  readOrganisationsFile,
} from './index.ts';

const demo = readFileSync(DEMO_FILE, 'utf8');
/** Beside the demo file, whose paths are relative to it. */
const TEST_FILE = join(dirname(DEMO_FILE), 'test.yaml');

function mistakes(text: string): string {
  try {
    parseOrganisations(text, TEST_FILE);
  } catch (error) {
    expect(error).to.be.instanceOf(OrganisationsError);
    return (error as Error).message.replaceAll(`${dirname(TEST_FILE)}/`, '');
  }
  return '';
}
/** The demo file with one thing changed, and the line at which the change stands. */
function changed(from: string, to: string): { text: string; line: number } {
  const at = demo.indexOf(from);
  if (at < 0) throw new Error(`the demo file has no "${from}"`);
  return { text: demo.slice(0, at) + to + demo.slice(at + from.length), line: demo.slice(0, at).split('\n').length };
}

describe('organisations file', () => {
  it('reads the annotated example', () => {
    expect(readOrganisationsFile(DEMO_FILE).organisations).to.have.length(1);
  });

  it('asks under a public name for no attributes that anybody can issue', () => {
    const file = readOrganisationsFile(DEMO_FILE);
    expect(demoAttributes(file, 'http://127.0.0.1:3000')).to.deep.equal([]);
    expect(demoAttributes(file, 'https://bellen.example.nl').map(({ why }) => why)).to.deep.equal([
      'asks for attributes of civicline-demo, which anybody can issue to himself',
    ]);
    const real = parseOrganisations(demo.replaceAll('civicline-demo.', 'pbdf.'), TEST_FILE);
    expect(demoAttributes(real, 'https://bellen.example.nl')).to.deep.equal([]);
  });

  it('brings the logo that the gateway will serve', () => {
    const logo = createOrganisations(readOrganisationsFile(DEMO_FILE)).logo('voorbeeldstad');
    expect(logo?.type).to.equal('image/svg+xml');
    expect(logo?.bytes.toString()).to.include('<title>Voorbeeldstad</title>');
  });

  const wrong: [from: string, to: string, message: RegExp][] = [
    [
      '"+31850000001"\n        queue: burgerzaken',
      '"+31850000001"\n        queue: nergens',
      /purposes\[0\]\.queue: there is no queue "nergens"/,
    ],
    [
      'number: "+31850000001", queue: algemeen',
      'number: "+31850000001", queue: x',
      /numbers\[0\]\.queue: there is no queue "x"/,
    ],
    ['number: "+31850000002"', 'number: "+31850000001"', /numbers\[1\]\.number: "\+31850000001" is there already/],
    [
      'number: "+31850000001"\n        queue: burgerzaken',
      'number: "+31859999999"\n        queue: burgerzaken',
      /purposes\[0\]\.number: there is no number/,
    ],
    [
      'queues: [algemeen, burgerzaken] }',
      'queues: [algemeen, elders] }',
      /agents\[0\]\.queues\[1\]: there is no queue "elders"/,
    ],
    ['id: agent-b', 'id: agent-a', /agents\[1\]\.id: "agent-a" is there already/],
    ['signIn: agent-b@', 'signIn: Agent-A@', /agents\[1\]\.signIn/],
    ['id: belastingen', 'id: verhuizing', /purposes\[1\]\.id: "verhuizing" is there already/],
    ['personen{?bsn}"', 'personen{?bsnn}"', /links\[0\]\.template: no attribute and no call has the variable "bsnn"/],
    [
      '"https://zaken.voorbeeldstad.example/personen',
      '"javascript:alert(1)//',
      /links\[0\]\.template: must begin with https/,
    ],
    ['logo: pages/shield.svg', 'logo: pages/none.svg', /appearance\.logo: cannot be read: .*pages\/none\.svg/],
    ['logo: pages/shield.svg', 'logo: pages/municipality.css', /appearance\.logo: is neither SVG nor PNG/],
    ['colour: "#0b6e6e"', 'colour: teal', /appearance\.colour: a colour such as #0b6e6e/],
    ['timezone: Europe/Amsterdam', 'timezone: Europe/Nergens', /openingHours\.timezone: there is no time zone/],
    ['weekly: {}', 'weekly: { mon: ["17:00-09:00"] }', /weekly\.mon\[0\]: 17:00-09:00 does not end after it starts/],
    ['weekly: {}', 'weekly: { mon: ["9-5"] }', /weekly\.mon\[0\]: a range such as/],
    ['weekly: {}', 'weekly: { monday: [] }', /weekly/],
    ['widgetOrigins: []', 'widgetOrigins: ["https://www.example.nl/page"]', /widgetOrigins\[0\]: must be an origin/],
    ['dialPauses: 1', 'dialPauses: 9', /dialPauses/],
    ['dialPauses: 1', 'dailPauses: 1', /dailPauses: is not a field that Civicline knows/],
    ['language: nl\n', 'language: xx\n', /organisations\[0\]\.language/],
    ['wrapUpSeconds: 120', 'wrapUpSeconds: soon', /queues\[0\]\.wrapUpSeconds/],
  ];
  for (const [from, to, message] of wrong) {
    it(`names line and field of ${to.split('\n')[0]}`, () => {
      const { text, line } = changed(from, to);
      const found = mistakes(text);
      expect(found).to.match(message);
      const [first = ''] = found.split('\n');
      const [, at] = /^test\.yaml:(\d+):\d+: /.exec(first) ?? [];
      expect(Number(at)).to.be.within(line, line + to.split('\n').length);
    });
  }

  it('lists several mistakes at once, in the order of the file', () => {
    const found = mistakes(
      demo.replace('language: nl\n', 'language: xx\n').replace('queues: [algemeen] }', 'queues: [] , extra: 1 }'),
    );
    expect(found.split('\n')).to.have.length(2);
  });

  it('names what is missing at the place where it should be', () => {
    const { text, line } = changed(
      '        title: { nl: Verhuizing doorgeven',
      '        tittle: { nl: Verhuizing doorgeven',
    );
    const found = mistakes(text);
    expect(found).to.include('purposes[0].title: is missing').and.include('tittle: is not a field');
    expect(Number(/^test\.yaml:(\d+)/.exec(found)?.[1])).to.be.within(line - 1, line);
  });

  it('names the place of what is not YAML, and a file that is not there', () => {
    expect(mistakes('organisations:\n  - id: [')).to.match(/^test\.yaml:2:/);
    expect(() => readOrganisationsFile('/nowhere.yaml')).to.throw(OrganisationsError, '/nowhere.yaml: cannot be read');
  });
});

describe('organisations', () => {
  const organisations = createOrganisations(readOrganisationsFile(DEMO_FILE));
  const organisation = organisations.byId('voorbeeldstad');

  it('are found by number in each of its notations', () => {
    for (const number of ['+31850000002', '31850000002', '0031850000002']) {
      expect(organisations.byNumber(number)?.number).to.include({ queue: 'algemeen', language: 'fr' });
    }
    expect(organisations.byNumber('+31850000003')).to.equal(undefined);
  });

  it('know agents by sign-in in any case', () => {
    expect(organisations.agentBySignIn('AGENT-A@voorbeeldstad.example')?.agent.id).to.equal('agent-a');
    expect(organisations.agentBySignIn('x@voorbeeldstad.example')).to.equal(undefined);
  });

  it('label attributes, by their id when there is no label', () => {
    const [known, unknown] = organisations.attributeViews([
      { id: 'civicline-demo.gemeente.personalData.bsn', value: '1' },
      { id: 'other.scheme.credential.level', value: '2' },
    ]);
    expect(known?.label.nl).to.equal('Burgerservicenummer');
    expect(unknown?.label).to.deep.equal({ en: 'level' });
  });

  it('expand links with what is known, and leave out those of which nothing is', () => {
    if (!organisation) throw new Error('no demo organisation');
    const links = (attributes: { id: string; value: string }[], purposeId: string | null) =>
      organisations.links(organisation, { callId: 'call', purposeId, callingNumber: '+31612345678', attributes });
    const bsn = { id: 'civicline-demo.gemeente.personalData.bsn', value: '12 & 3' };
    expect(links([bsn], 'verhuizing').map(({ url }) => url)).to.deep.equal([
      'https://zaken.voorbeeldstad.example/personen?bsn=12%20%26%203',
      'https://zaken.voorbeeldstad.example/nieuw?purpose=verhuizing',
    ]);
    expect(links([], null)).to.deep.equal([]);
  });
});
