import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import type { OutgoingSms, SendResult } from '../route.ts';
import { admit, type Breaker, CLOSED, conclude } from './breaker.ts';
import { choose, type Offer } from './choose.ts';
import { parseRoutes, type RouteSettings, RoutesError, readRoutesFile, routesInClear } from './index.ts';
import { routeAmong } from './router.ts';

const offer = (name: string, priority: number, prefixes: Record<string, number>): Offer => ({
  name,
  priority,
  prefixes: Object.entries(prefixes).map(([prefix, price]) => ({ prefix, price })),
});

describe('choice of route', () => {
  it('prefers the longest prefix, then priority, then price, then the file’s order', () => {
    const routes = [
      offer('world', 1, { '+': 90_000 }),
      offer('belgium', 2, { '+32': 40_000, '+3247': 39_000 }),
      offer('belgium-cheap', 2, { '+32': 30_000, '+3247': 30_000 }),
      offer('belgium-first', 1, { '+32': 50_000 }),
      offer('germany', 1, { '+49': 1 }),
    ];
    const names = (to: string) => choose(routes, to).map(({ route, price }) => `${route.name} ${price}`);
    expect(names('+32470000001')).to.deep.equal([
      'belgium-cheap 30000',
      'belgium 39000',
      'belgium-first 50000',
      'world 90000',
    ]);
    expect(names('+32500000001')[0]).to.equal('belgium-first 50000');
    expect(names('+31600000001')).to.deep.equal(['world 90000']);
    expect(choose(routes.slice(1), '+31600000001')).to.deep.equal([]);
  });
});

describe('circuit breaker', () => {
  const after = (...trials: ('success' | 'failure' | 'neutral')[]) =>
    trials.reduce<Breaker>((breaker, trial) => conclude(breaker, trial, 0), CLOSED);

  it('opens after five failures in a row, and lets one try after a pause that grows', () => {
    expect(after('failure', 'failure', 'failure', 'failure', 'success', 'failure').state).to.equal('closed');
    let breaker = after('failure', 'failure', 'failure', 'neutral', 'failure', 'failure');
    expect(breaker).to.deep.equal({ state: 'open', until: 1000, pause: 1000 });
    expect(admit(breaker, 999).admitted).to.equal(false);
    const trial = admit(breaker, 1000);
    expect(trial.admitted).to.equal(true);
    expect(admit(trial.breaker, 5000).admitted, 'one at a time').to.equal(false);
    breaker = conclude(trial.breaker, 'failure', 1000);
    expect(breaker).to.deep.equal({ state: 'open', until: 3000, pause: 2000 });
    expect(conclude(admit(breaker, 3000).breaker, 'success', 3000)).to.deep.equal(CLOSED);
    const neither = conclude(admit(breaker, 3000).breaker, 'neutral', 3000);
    expect(admit(neither, 3000).admitted, 'still to be found out').to.equal(true);
  });

  it('never stays away for more than a minute, whatever happens', () => {
    const events = fc.array(fc.tuple(fc.constantFrom('success', 'failure', 'neutral'), fc.nat(100_000)));
    fc.assert(
      fc.property(events, (list) => {
        let breaker: Breaker = CLOSED;
        let now = 0;
        for (const [trial, pause] of list) {
          now += pause;
          const admission = admit(breaker, now);
          breaker = admission.breaker;
          if (admission.admitted) breaker = conclude(breaker, trial as 'success', now);
          expect(breaker.state).not.to.equal('half-open');
        }
        expect(admit(breaker, now + 60_000).admitted).to.equal(true);
      }),
    );
  });
});

/** A stand-in for a route: answers as the test says. */
function standIn(name: string, answers: (SendResult | 'down')[], settings: Partial<RouteSettings> = {}) {
  const sent: string[] = [];
  return {
    sent,
    settings: {
      name,
      kind: 'smpp',
      priority: 1,
      prefixes: [{ prefix: '+', price: 10 }],
      onUnknown: 'wait',
      ...settings,
    } as RouteSettings,
    route: {
      name,
      up: () => answers[0] !== 'down',
      async send({ id }: OutgoingSms): Promise<SendResult> {
        sent.push(id);
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        return answer as SendResult;
      },
      close: async () => undefined,
    },
  };
}

describe('router', () => {
  const sms = (to = '+32470000001'): OutgoingSms => ({
    id: 'x',
    to,
    text: 'Hello',
    validUntil: Date.now() + 60_000,
    urgent: false,
  });
  const accepted: SendResult = { kind: 'accepted', carrierIds: ['1'], segments: 1 };
  const refused: SendResult = { kind: 'refused', permanent: false, reason: 'ESME_RSYSERR' };
  const permanent: SendResult = { kind: 'refused', permanent: true, reason: 'ESME_RINVDSTADR' };
  const tooLong: SendResult = { kind: 'refused', permanent: false, reason: 'TEXT_TOO_LONG' };
  const unknown: SendResult = { kind: 'unknown', carrierIds: [], segments: 1 };
  const unavailable: SendResult = { kind: 'unavailable' };

  it('goes on to the next route when it surely was not sent', async () => {
    for (const first of [refused, unavailable, tooLong, 'down'] as const) {
      const second = standIn('second', [accepted], { prefixes: [{ prefix: '+3', price: 20 }], priority: 2 });
      const router = routeAmong([standIn('first', [first], { prefixes: [{ prefix: '+32', price: 9 }] }), second]);
      expect(await router.send(sms())).to.deep.equal({ ...accepted, route: 'second', segmentPrice: 20 });
    }
  });

  it('does not when the number is wrong, nor when it may have been sent', async () => {
    for (const first of [permanent, unknown]) {
      const second = standIn('second', [accepted], { priority: 2 });
      const router = routeAmong([standIn('first', [first]), second]);
      expect(await router.send(sms())).to.deep.equal({ ...first, route: 'first', segmentPrice: 10 });
      expect(second.sent).to.have.length(0);
    }
  });

  it('sends again after a lost answer only where the rule says so, and forgets no perhaps', async () => {
    const unsure = () => standIn('unsure', [unknown], { onUnknown: 'resend' });
    const next = (answer: SendResult) => routeAmong([unsure(), standIn('next', [answer], { priority: 2 })]).send(sms());
    expect(await next(accepted)).to.include({ kind: 'accepted', route: 'next' });
    for (const answer of [refused, unavailable, permanent]) {
      expect(await next(answer)).to.include({ kind: 'unknown', route: 'unsure' });
    }
  });

  it('tells the most telling of several refusals', async () => {
    const both = (a: SendResult, b: SendResult) => routeAmong([standIn('a', [a]), standIn('b', [b])]).send(sms());
    expect(await both(unavailable, refused)).to.include({ kind: 'refused', permanent: false, route: 'b' });
    expect(await both(tooLong, tooLong)).to.include({ kind: 'refused', permanent: true, reason: 'TEXT_TOO_LONG' });
    const noSender: SendResult = { kind: 'refused', permanent: false, reason: 'SENDER_INVALID' };
    expect(await both(noSender, noSender)).to.include({ kind: 'refused', permanent: true, reason: 'SENDER_INVALID' });
    expect(await both(noSender, tooLong)).to.include({ kind: 'refused', permanent: true });
    expect(await both(noSender, refused), 'b may take it later').to.include({ kind: 'refused', permanent: false });
    expect(await both(tooLong, unavailable), 'b may take it later').to.include({ kind: 'refused', permanent: false });
    expect(await routeAmong([standIn('a', ['down'])]).send(sms())).to.include({ kind: 'unavailable', route: 'a' });
    const nowhere = routeAmong([standIn('a', [accepted], { prefixes: [{ prefix: '+31', price: 1 }] })]);
    expect(await nowhere.send(sms())).to.deep.include({ kind: 'refused', permanent: true, reason: 'NO_ROUTE' });
  });

  it('leaves a failing route alone', async () => {
    const failing = standIn('failing', [unavailable]);
    const router = routeAmong([failing, standIn('good', [accepted], { priority: 2 })]);
    for (let i = 0; i < 20; i++) expect(await router.send(sms())).to.include({ route: 'good' });
    expect(failing.sent).to.have.length(5);
    expect(router.routes().map(({ name, up, breaker }) => [name, up, breaker])).to.deep.equal([
      ['failing', true, 'open'],
      ['good', true, 'closed'],
    ]);
    const wrongNumbers = standIn('working', [permanent]);
    const other = routeAmong([wrongNumbers]);
    for (let i = 0; i < 20; i++) await other.send(sms());
    expect(other.routes()[0]?.breaker).to.equal('closed');
  });

  for (const reason of ['SENDER_INVALID', 'PDU_FIELD_INVALID', 'ESME_RINVSRCADR', 'ESME_RINVEXPIRY', 'RINGRING_5']) {
    it(`does not hold against a route what was wrong with one SMS (${reason})`, async () => {
      const wrong: SendResult = { kind: 'refused', permanent: reason === 'PDU_FIELD_INVALID', reason };
      const only = standIn('only', [...Array(20).fill(wrong), ...Array(5).fill(unavailable), wrong, accepted]);
      const router = routeAmong([only]);
      const breaker = () => router.routes()[0]?.breaker;
      for (let i = 0; i < 24; i++) await router.send(sms());
      expect(breaker()).to.equal('closed');
      await router.send(sms());
      expect(breaker()).to.equal('open');
      // A second by the breaker's clock; a timer may fire a millisecond early.
      await new Promise((resolve) => setTimeout(resolve, 1_050));
      expect(await router.send(sms())).to.include({ reason });
      expect(breaker(), 'nothing was found out').to.equal('open');
      expect(await router.send(sms()), 'the next one may try at once').to.include({ kind: 'accepted' });
    });
  }
});

describe('routes file', () => {
  const environment = {
    CARRIER_PASSWORD: 'secret-1',
    KEY: 'secret-2',
    HOOK: 'h'.repeat(32),
    SHORT: 'short-hook',
    LONG: 'x'.repeat(64),
    TOO_LONG: 'much'.repeat(17),
  };
  const parse = (text: string) => parseRoutes(text, 'routes.yaml', { environment, folder: tmpdir() });
  const mistakes = (text: string) => {
    try {
      parse(text);
    } catch (error) {
      expect(error).to.be.instanceOf(RoutesError).and.have.property('code', 'ROUTES_INVALID');
      return (error as Error).message.split('\n');
    }
    return [];
  };
  const SMPP = `routes:
  - name: carrier
    kind: smpp
    host: smsc.example
    port: 2775
    systemId: civicline
    password: \${CARRIER_PASSWORD}
    prefixes:
      - { prefix: '+32', price: 0.045 }
`;

  it('knows the routes whose numbers and texts leave this machine in clear', () => {
    const inClear = (from: string, to: string) => routesInClear(parse(SMPP.replace(from, to)));
    expect(inClear('', '')).to.deep.equal(['carrier']);
    expect(inClear('smsc.example', '127.0.0.1')).to.deep.equal([]);
    expect(inClear('    port', '    tls: {}\n    port')).to.deep.equal([]);
  });

  it('gives routes with prices in millionths and secrets from elsewhere', () => {
    const [carrier, vendor] = parse(`${SMPP}
  - name: vendor
    kind: ringring
    url: https://api.ringring.be/sms/v1/
    apiKey: \${KEY}
    webhookSecret: \${HOOK}
    onUnknown: resend
    prefixes: [{ prefix: '+', price: 0.0512345 }]
`).routes;
    expect(carrier).to.include({ name: 'carrier', secret: 'secret-1', onUnknown: 'wait', priority: 100 });
    expect(carrier?.prefixes).to.deep.equal([{ prefix: '+32', price: 45_000 }]);
    expect(vendor).to.include({ url: 'https://api.ringring.be/sms/v1', secret: 'secret-2', onUnknown: 'resend' });
    expect(vendor?.webhook).to.equal('h'.repeat(32));
    expect(vendor?.prefixes[0]?.price).to.equal(51_235);
  });

  it('names file, line and field of every mistake', () => {
    expect(mistakes(SMPP.replace('2775', '277500').replace('host:', 'hots:'))).to.deep.equal([
      'routes.yaml:2:5: routes[0].host: is missing',
      'routes.yaml:4:11: routes[0].hots: is not a field that Civicline knows',
      'routes.yaml:5:11: routes[0].port: Too big: expected number to be <=65535',
    ]);
    expect(mistakes(SMPP.replace('kind: smpp', 'kind: fax'))).to.deep.equal([
      'routes.yaml:3:11: routes[0].kind: must be smpp or ringring',
    ]);
    expect(mistakes(SMPP.replace("'+32'", "'32'"))[0]).to.match(
      /^routes\.yaml:9:19: routes\[0\]\.prefixes\[0\]\.prefix:/,
    );
    const sender = (text: string) => mistakes(SMPP.replace('systemId', `sender: '${text}'\n    systemId`));
    for (const good of ['8850', '+32470000001', 'Stad Gent 1']) expect(sender(good), good).to.deep.equal([]);
    for (const bad of ['Stad Antwerpen', 'Liège']) {
      expect(sender(bad)).to.deep.equal([
        'routes.yaml:6:13: routes[0].sender: must be a number or up to 11 ASCII characters',
      ]);
    }
    expect(mistakes(SMPP + SMPP.replace('routes:\n', ''))[0]).to.match(
      /^routes\.yaml:10:\d+: routes\[1\]\.name: "carrier"/,
    );
    expect(mistakes('routes: [')[0]).to.match(/^routes\.yaml:1:/);
    expect(mistakes('')).to.have.length(1);
    expect(mistakes('routes: []')).to.have.length(1);
    const vendor = (url: string) =>
      mistakes(
        `routes:\n  - { name: v, kind: ringring, url: '${url}', apiKey: '\${KEY}', webhookSecret: '\${SHORT}', prefixes: [{ prefix: '+', price: 0 }] }`,
      );
    expect(vendor('http://api.ringring.be/sms/v1')[0]).to.include('must begin with https://');
    expect(vendor('http://127.0.0.1:1/sms/v1')[0]).to.include('webhookSecret: must be 32');
  });

  it('takes no secret that stands in the file, and shows none', () => {
    const literal = mistakes(SMPP.replace(`\${CARRIER_PASSWORD}`, 'hunter2'));
    expect(literal.join()).to.include('routes[0].password').and.not.include('hunter2');
    expect(mistakes(SMPP.replace('CARRIER_PASSWORD', 'LONG'))).to.deep.equal([]);
    expect(mistakes(SMPP.replace('CARRIER_PASSWORD', 'TOO_LONG'))[0])
      .to.include('at most 64')
      .and.not.include('much');
    expect(mistakes(SMPP.replace('CARRIER_PASSWORD', 'ABSENT'))).to.deep.equal([
      'routes.yaml:7:15: routes[0].password: the environment variable ABSENT is not set',
    ]);
    expect(mistakes(SMPP.replace(`password: \${CARRIER_PASSWORD}`, 'systemType: x'))[0]).to.include(
      'either password or',
    );
    expect(mistakes(SMPP.replace(`password: \${CARRIER_PASSWORD}`, 'passwordFile: absent'))[0]).to.include('ENOENT');
  });

  it('reads file and secret files beside it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'civicline-routes-'));
    writeFileSync(join(folder, 'routes.yaml'), SMPP.replace(`password: \${CARRIER_PASSWORD}`, 'passwordFile: pass'));
    writeFileSync(join(folder, 'pass'), 'in-file\n');
    expect(readRoutesFile(join(folder, 'routes.yaml'), {}).routes[0]?.secret).to.equal('in-file');
    rmSync(folder, { recursive: true });
    expect(() => readRoutesFile(join(folder, 'routes.yaml'))).to.throw(RoutesError, 'cannot be read');
  });
});
