import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Caller, createCaller, type Header, type OutgoingCall } from '../../test/src/phone/index.ts';
import { type RunningAsterisk, type StartOptions, startAsterisk } from './run.ts';
import {
  type Application,
  INSTALLING_MS,
  installed,
  openApplication,
  removeDirectory,
  startOptions,
} from './test-asterisk.ts';

const NUMBER = '+31612345678';
const OWN = `<sip:${NUMBER}@carrier.example>`;
const NOBODY = '"Anonymous" <sip:anonymous@anonymous.invalid>';
const asserted: Header = { name: 'P-Asserted-Identity', value: OWN };
const preferred: Header = { name: 'P-Preferred-Identity', value: OWN };
const privacy = (value: string): Header => ({ name: 'Privacy', value });
const party = (value: string): Header => ({ name: 'Remote-Party-ID', value: `"x" ${OWN};party=calling;${value}` });

type Said = Pick<OutgoingCall, 'from' | 'headers'>;

const WITHHELD: Record<string, Said> = {
  'RFC 3323, without an assertion': { from: NOBODY, headers: [privacy('id')] },
  'anonymous, asserted, Privacy: id': { from: NOBODY, headers: [asserted, privacy('id')] },
  'anonymous, asserted, no Privacy': { from: NOBODY, headers: [asserted] },
  'anonymous, asserted, Privacy: none': { from: NOBODY, headers: [asserted, privacy('none')] },
  'anonymous, preferred': { from: NOBODY, headers: [preferred] },
  'anonymous without brackets': { from: 'sip:anonymous@carrier.example', headers: [asserted] },
  'anonymous in capitals': { from: '<sip:Anonymous@carrier.example>', headers: [asserted] },
  'a host that cannot be': { from: '<sip:c8oqz84zk7z@anonymous.invalid>', headers: [asserted] },
  unavailable: { from: '"Unavailable" <sip:unavailable@unknown.invalid>', headers: [asserted] },
  restricted: { from: '<sip:restricted@carrier.example>', headers: [asserted] },
  'no user at all': { from: '<sip:carrier.example>', headers: [asserted] },
  'own number, Privacy: id': { from: OWN, headers: [privacy('id')] },
  'own number, Privacy: user': { from: OWN, headers: [privacy('user')] },
  'own number, Privacy: header': { from: OWN, headers: [privacy('header')] },
  'own number, Privacy of several': { from: OWN, headers: [privacy('session;ID; critical')] },
  'own number, a second Privacy': { from: OWN, headers: [privacy('critical'), privacy('user')] },
  'own number, asserted, Privacy: user': { from: OWN, headers: [asserted, privacy('user;id')] },
  'own number, named anonymous': { from: `"Anonymous" ${OWN}` },
  'own number, named anonymous without quotes': { from: `anonymous ${OWN}`, headers: [asserted] },
  'own number, named anonymous, brackets in between': { from: `"Anonymous" <sip:${NUMBER}@carrier.example;a=):9>` },
  'own number, named private': { from: `"Private number" ${OWN}` },
  'Remote-Party-ID, full': { from: NOBODY, headers: [party('privacy=full')] },
  'Remote-Party-ID, full, own number': { from: OWN, headers: [party('screen=yes;privacy=full')] },
  'Remote-Party-ID, uri': { from: OWN, headers: [party('privacy=uri;screen=yes')] },
  'Remote-Party-ID, name': { from: OWN, headers: [party('privacy="name"')] },
  'Remote-Party-ID beside an assertion': { from: OWN, headers: [asserted, party('privacy=full')] },
};

const SHOWN: Record<string, Said> = {
  'own number': { from: OWN },
  'a name': { from: `"J. de Vries (thuis)" ${OWN}` },
  'a name that only begins so': { from: `"Private Banking Noord" ${OWN}` },
  asserted: { from: OWN, headers: [asserted] },
  'Privacy: none': { from: OWN, headers: [asserted, privacy('none')] },
  'Remote-Party-ID, off': { from: OWN, headers: [party('privacy=off;screen=no')] },
};

/** Each call has a number of its own to dial, by which its arrival is known. */
const CASES = [
  ...Object.entries(WITHHELD).map(([name, said]) => ({ name, said, withheld: 'withheld' })),
  ...Object.entries(SHOWN).map(([name, said]) => ({ name, said, withheld: '' })),
].map((one, index) => ({ ...one, number: `+31850001${100 + index}` }));

describe('a number that is withheld', function () {
  this.timeout(60_000);
  let options: StartOptions;
  let asterisk: RunningAsterisk;
  let application: Application;
  let caller: Caller;
  /** What the gateway is told, by the number that was dialled. */
  const told = new Map<string, string[]>();

  before(async function () {
    this.timeout(INSTALLING_MS);
    await installed();
  });
  before(async () => {
    options = await startOptions({ firstDigitSeconds: 1 });
    asterisk = await startAsterisk(options);
    application = await openApplication(asterisk);
    caller = await createCaller({ server: { address: '127.0.0.1', port: options.ports.sip } });
    const calls = [];
    for (const { number, said } of CASES) {
      const key = { digits: '12345678', toneMs: 80, gapMs: 60, afterMs: 100 };
      calls.push(await caller.call({ number, key, ...said }));
      await sleep(20);
    }
    for (const _ of CASES) {
      const { args } = await application.nextStart();
      told.set(args[1] ?? '', args);
    }
    await Promise.all(calls.map((call) => call.hangUp()));
  });
  after(async () => {
    await caller?.close();
    await asterisk?.stop();
    if (options) await removeDirectory(options.directory);
  });

  for (const { name, number, withheld } of CASES) {
    it(`${name}: ${withheld || 'shown'}`, () => {
      expect(told.get(number)).to.deep.equal(['caller', number, '12345678', withheld]);
    });
  }
});
