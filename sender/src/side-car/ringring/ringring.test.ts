import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { KEY, type StandInSmis, standInSmis } from '../../testing/stand-in-smis.ts';
import { checkConfig, createLog, type RunningSideCar, runSideCar } from '../index.ts';
import { readTime, writeTime } from './times.ts';
import { readFlatXml, writeXml } from './xml.ts';

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const API_KEY = 'ringring-api-key';

// biome-ignore lint/suspicious/noExplicitAny: what the vendor's clients read field by field
type Json = any;

describe('RingRing dialect of the side-car', () => {
  let smis: StandInSmis;
  let folder: string;
  let sideCar: RunningSideCar;
  let now: number;
  let logged: string;
  let hooks: { url: string; requests: { method: string; url: string; type: string; body: string }[]; server: Server };
  let hookAnswers: number[];

  beforeEach(async () => {
    smis = await standInSmis();
    folder = await mkdtemp(join(tmpdir(), 'civicline-side-car-'));
    now = Date.parse('2026-06-01T08:00:00Z');
    logged = '';
    hookAnswers = [];
    hooks = await receiver();
    sideCar = await start();
  });
  afterEach(async () => {
    await sideCar.stop();
    await smis.close();
    hooks.server.close();
    await rm(folder, { recursive: true });
    expect(logged).not.to.match(/470|afspraak|ringring-api-key|INTERNAL|TypeError/);
  });

  function start(): Promise<RunningSideCar> {
    const service = { apiKey: API_KEY, category: 'informative' };
    const config = checkConfig(
      {
        ...{ url: smis.url, listen: '127.0.0.1:0', folder },
        services: [
          {
            name: 'tracker',
            key: KEY,
            ...service,
            strategy: [{ channel: 'sms', waitSeconds: 60 }, { channel: 'email' }],
          },
          { name: 'other', key: KEY, apiKey: 'key-of-another-service' },
        ],
      },
      'test',
    );
    const log = createLog({ write: (line) => (logged += line) }, () => now);
    return runSideCar({ config, log, now: () => now });
  }

  async function receiver() {
    const requests: { method: string; url: string; type: string; body: string }[] = [];
    const server = createServer(async (request: IncomingMessage, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString();
      const { method = '', url = '', headers } = request;
      requests.push({ method, url, type: headers['content-type'] ?? '', body });
      response.writeHead(hookAnswers.shift() ?? 200).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/status`, requests, server };
  }

  const post = (path: string, body: string | Uint8Array<ArrayBuffer>, type = 'application/json; charset=UTF-8') =>
    fetch(`${sideCar.url}/sms${path}`, { method: 'POST', headers: { 'content-type': type }, body });
  const call = async (path: string, body: object): Promise<Json> => (await post(path, JSON.stringify(body))).json();
  const send = (more: object = {}, path = '/v1/Message') =>
    call(path, { ApiKey: API_KEY, To: '32470000001', Message: 'Uw afspraak is morgen', ...more });
  const statusOf = (MessageId: string, path = '/v1/StatusMessage') => call(path, { ApiKey: API_KEY, MessageId });

  async function until<Value>(look: () => Value | undefined | Promise<Value | undefined>): Promise<Value> {
    while (true) {
      const found = await look();
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  const atSmis = (id: string) => until(() => [...smis.messages.values()].find(({ view }) => view.reference === id));
  const reaches = (id: string, code: string) =>
    until(async () => ((await statusOf(id)).StatusCode === code ? true : undefined));

  describe('as the vendor’s clients speak it', () => {
    it('C#: every property, also those without a value', async () => {
      const nothing = { From: null, SenderId: null, TimeValidity: null, TimeScheduled: null, Reference: null };
      const rest = { ReplaceIfPresent: null, StatusUrl: null, StatusMethod: null, StatusFormat: null };
      const answer = await send({ ...nothing, ...rest, MessageEncoding: 'Text', Message: 'één ✓' });
      expect(answer).to.deep.equal({
        MessageCount: 1,
        Reference: '',
        Messages: [
          { MessageId: answer.Messages[0].MessageId, To: '32470000001', ResultCode: 0, ResultDescription: 'Success' },
        ],
        ResultCode: 0,
        ResultDescription: 'Success',
      });
      expect(answer.Messages[0].MessageId).to.match(GUID);
      const stored = await atSmis(answer.Messages[0].MessageId);
      expect(stored.view.category).to.equal('informative');
      expect(stored.input.strategy).to.deep.equal([{ channel: 'sms', waitSeconds: 60 }]);
      expect(await smis.opened(stored.view.id, 'sms')).to.deep.equal({ to: '+32470000001', text: 'één ✓' });
    });

    it('Java: only what has a value, and status 200, 201 or 400 with a body', async () => {
      const body = {
        ApiKey: API_KEY,
        To: '32470000001,32470000002',
        Message: 'x',
        Reference: 'ref-1',
        MessageEncoding: 'Unicode',
      };
      const sent = await post('/v1/Message', JSON.stringify(body));
      expect(sent.status).to.equal(201);
      const answer = (await sent.json()) as Json;
      expect(answer).to.include({ MessageCount: 2, Reference: 'ref-1', ResultCode: 0 });
      const [{ MessageId }] = answer.Messages;
      expect((await post('/v1/StatusMessage', JSON.stringify({ ApiKey: API_KEY, MessageId }))).status).to.equal(200);
      const refused = await post('/v1/Message', JSON.stringify({ ...body, ApiKey: 'wrong' }));
      expect([refused.status, ((await refused.json()) as Json).ResultCode]).to.deep.equal([400, 12]);
    });

    it('Node.js: names and paths in lower case, leftovers, and a status by GET', async () => {
      const lower = { apiKey: API_KEY, to: '32470000001', message: 'x', senderId: 'stad', 0: 'leftover' };
      const { Messages } = await call('/v1/message', lower);
      const query = new URLSearchParams({ apiKey: API_KEY, messageId: Messages[0].MessageId });
      const status = (await (await fetch(`${sideCar.url}/sms/v1/statusmessage?${query}`)).json()) as Json;
      expect(status).to.include({ MessageId: Messages[0].MessageId, To: '32470000001', Message: 'x' });
      expect((await call('/v1/cancel', { apiKey: API_KEY, messageId: 'x' })).ResultCode).to.equal(26);
      expect((await fetch(`${sideCar.url}/sms/v1/message?${query}`)).status).to.equal(404);
    });

    it('XML, asked and answered', async () => {
      const xml = `<?xml version="1.0" encoding="utf-16"?><MessageRequest xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
        <ApiKey>${API_KEY}</ApiKey><To>32470000001,9</To><Message>R&amp;D &lt;&#233;&gt;</Message><From/></MessageRequest>`;
      const answer = await (await post('/v1/Message', xml, 'text/xml')).text();
      expect(answer).to.match(/^<\?xml version="1.0" encoding="utf-8"\?><MessageResponse><MessageCount>1</);
      expect(answer).to.include('<Message><MessageId></MessageId><To>9</To><ResultCode>10</ResultCode>');
      const [, id = ''] = /<MessageId>([0-9a-f-]{36})</.exec(answer) ?? [];
      const stored = await atSmis(id);
      expect(await smis.opened(stored.view.id, 'sms')).to.include({ text: 'R&D <é>' });
    });
  });

  describe('status', () => {
    it('follows the message through the vendor’s ranges', async () => {
      const { Messages } = await send({ Reference: 'case-9', From: 'Stad' });
      const id = Messages[0].MessageId;
      const { view } = await atSmis(id);
      await reaches(id, '20');
      smis.happen(view.id, 'deferred', 'deferred');
      await reaches(id, '21');
      smis.happen(view.id, 'attempted', 'attempting', { channel: 'sms' });
      await reaches(id, '100');
      smis.happen(view.id, 'fallback', 'falling-back', { channel: 'sms' });
      await reaches(id, '900');
      smis.happen(view.id, 'delivered', 'delivered', { channel: 'sms', segments: 3 });
      await reaches(id, '200');
      const status = await statusOf(id);
      expect(Object.keys(status)).to.deep.equal(
        'MessageId Reference StatusCode StatusDescription TimeScheduled TimeSubmitted DeliveryTime Country ResultCode ResultDescription From To Message MessageEncoding NumberOfParts NumberOfChars'.split(
          ' ',
        ),
      );
      expect(status).to.include({
        Reference: 'case-9',
        From: 'Stad',
        To: '32470000001',
        Country: 'BE',
        NumberOfParts: 3,
      });
      expect(status).to.include({
        Message: 'Uw afspraak is morgen',
        MessageEncoding: 'TEXT',
        NumberOfChars: 21,
        ResultCode: 0,
      });
      expect(status.TimeScheduled).to.equal('2026-06-01 10:00:00');
      expect(status.DeliveryTime).to.match(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
      // SMIS never saw the service's reference.
      expect(JSON.stringify([...smis.messages])).not.to.include('case-9');
    });

    it('tells the ends apart', async () => {
      const ends: [kind: string, state: 'undeliverable' | 'expired' | 'cancelled', reason: string, code: string][] = [
        ['undeliverable', 'undeliverable', 'NUMBER_UNKNOWN', '300'],
        ['undeliverable', 'undeliverable', 'RECEIPT_MISSING', '400'],
        ['expired', 'expired', 'EXPIRED', '801'],
        ['cancelled', 'cancelled', '', '802'],
      ];
      for (const [kind, state, reason, code] of ends) {
        const [{ MessageId }] = (await send()).Messages;
        smis.happen((await atSmis(MessageId)).view.id, kind, state, { reason });
        await reaches(MessageId, code);
      }
    });

    it('is given by /Status once, in pages', async () => {
      const ids: string[] = [];
      for (let i = 0; i < 3; i++) ids.push((await send()).Messages[0].MessageId);
      for (const id of ids) smis.happen((await atSmis(id)).view.id, 'delivered', 'delivered');
      for (const id of ids) await reaches(id, '200');
      expect(await call('/v1/Status', { ApiKey: 'key-of-another-service' })).to.include({ NumberOfRecords: 0 });
      const first = await call('/v1/Status', { ApiKey: API_KEY, MaxRecords: 2 });
      expect(first).to.include({ NumberOfRecords: 2, RemainingRecords: 1, ResultCode: 0 });
      const rest = await until(async () => {
        const answer = await call('/v1/Status', { ApiKey: API_KEY });
        return answer.NumberOfRecords === 1 ? answer : undefined;
      });
      const told = [...first.StatusMessages, ...rest.StatusMessages].map(({ MessageId }: Json) => MessageId);
      expect(told.sort()).to.deep.equal(ids.sort());
      expect(await call('/v1/Status', { ApiKey: API_KEY, MaxRecords: 'many' })).to.include({ ResultCode: 24 });
      expect(await call('/v1/Status', { ApiKey: API_KEY, MaxRecords: 0 })).to.include({ ResultCode: 25 });
    });

    it('calls the StatusUrl until it is understood, in the form asked for', async () => {
      hookAnswers = [];
      const StatusUrl = `${hooks.url}?secret=s`;
      const forms = [{}, { StatusFormat: 'XML' }, { StatusMethod: 'GET', StatusFormat: 'json' }];
      for (const form of forms) {
        const before = hooks.requests.length;
        const [{ MessageId }] = (await send({ StatusUrl, ...form })).Messages;
        smis.happen((await atSmis(MessageId)).view.id, 'delivered', 'delivered');
        await until(() => hooks.requests.length > before);
      }
      const [json, xml, get] = hooks.requests;
      expect(JSON.parse(json?.body ?? '')).to.include({ StatusCode: '200', To: '32470000001', ResultCode: 0 });
      expect(json).to.include({ method: 'POST', url: '/status?secret=s', type: 'application/json; charset=utf-8' });
      expect(xml?.type).to.include('xml');
      expect(new Map(readFlatXml(xml?.body ?? '')).get('StatusCode')).to.equal('200');
      expect(get?.method).to.equal('GET');
      expect(new URL(get?.url ?? '', 'http://x').searchParams.get('Message')).to.equal('Uw afspraak is morgen');
      // "read" has no code with the vendor.
      const [stored] = smis.messages.values();
      smis.happen(stored?.view.id ?? '', 'read', 'read');
      expect(hooks.requests).to.have.length(3);
      expect(await call('/v1/Status', { ApiKey: API_KEY })).to.include({ NumberOfRecords: 0 });
    });

    it('keeps calling a StatusUrl that fails, also after a restart', async () => {
      hookAnswers = [500, 302];
      const [{ MessageId }] = (await send({ StatusUrl: hooks.url })).Messages;
      smis.happen((await atSmis(MessageId)).view.id, 'delivered', 'delivered');
      await until(() => hooks.requests.length === 1);
      await until(() => logged.includes('status webhook failed'));
      await sideCar.stop();
      now += 10_000;
      sideCar = await start();
      await until(() => hooks.requests.length === 2);
      await until(() => logged.split('status webhook failed').length === 3);
      await sideCar.stop();
      now += 20_000;
      sideCar = await start();
      await until(() => hooks.requests.length === 3);
    });
  });

  it('schedules, and cancels what has not gone', async () => {
    const [{ MessageId }] = (await send({ TimeScheduled: '01-06-2026 12:30' })).Messages;
    expect(await statusOf(MessageId)).to.include({ StatusCode: '0', TimeScheduled: '2026-06-01 12:30:00' });
    const [other] = (await send({ TimeScheduled: '01-06-2026 12:30' })).Messages;
    expect(
      await call('/v1/Cancel', { ApiKey: API_KEY, MessageId: `{${other.MessageId.toUpperCase()}}` }),
    ).to.deep.equal({
      MessageId: other.MessageId,
      ResultCode: 0,
      ResultDescription: 'Success',
    });
    expect(await call('/v1/Cancel', { ApiKey: API_KEY, MessageId: other.MessageId })).to.include({ ResultCode: 27 });
    expect(smis.messages.size).to.equal(0);

    now = Date.parse('2026-06-01T10:30:00Z');
    await send();
    const { view } = await atSmis(MessageId);
    expect(smis.messages.size).to.equal(2);
    await reaches(MessageId, '20');
    expect(await call('/v1/Cancel', { ApiKey: API_KEY, MessageId })).to.include({ ResultCode: 0 });
    expect(smis.messages.get(view.id)?.view.state).to.equal('cancelled');
  });

  it('does not cancel what is gone, another’s, or unknown', async () => {
    const [{ MessageId }] = (await send()).Messages;
    const { view } = await atSmis(MessageId);
    await reaches(MessageId, '20');
    smis.happen(view.id, 'delivered', 'delivered');
    expect(await call('/v1/Cancel', { ApiKey: API_KEY, MessageId })).to.include({ ResultCode: 29 });
    await reaches(MessageId, '200');
    expect(await call('/v1/Cancel', { ApiKey: API_KEY, MessageId })).to.include({ ResultCode: 29 });
    expect(await call('/v1/Cancel', { ApiKey: 'key-of-another-service', MessageId })).to.include({ ResultCode: 29 });
    expect(await call('/sandbox/Cancel', { ApiKey: API_KEY, MessageId })).to.include({ ResultCode: 29 });
    expect(await statusOf('00000000-0000-0000-0000-000000000000')).to.include({ ResultCode: 29 });
  });

  it('sends nothing from the sandbox, and answers the same', async () => {
    const { Messages, ...answer } = await send({ StatusUrl: hooks.url }, '/sandbox/Message');
    expect(answer).to.include({ MessageCount: 1, ResultCode: 0 });
    await until(() => hooks.requests.length === 1);
    expect(await statusOf(Messages[0].MessageId, '/sandbox/StatusMessage')).to.include({ StatusCode: '200' });
    expect(await statusOf(Messages[0].MessageId)).to.include({ ResultCode: 29 });
    expect(smis.messages.size).to.equal(0);
  });

  it('has no incoming messages', async () => {
    expect(await call('/v1/Incoming', { ApiKey: API_KEY, MaxRecords: 5 })).to.deep.equal({
      ...{ NumberOfRecords: 0, RemainingRecords: 0, IncomingMessages: [], ResultCode: 0, ResultDescription: 'Success' },
    });
  });

  it('has the vendor’s code for every mistake', async () => {
    const wrong: [object, number][] = [
      [{ ApiKey: undefined }, 14],
      [{ ApiKey: 'x' }, 12],
      [{ To: '' }, 9],
      [{ To: '12' }, 10],
      [{ To: '0470000001' }, 10],
      [{ To: Array(1_001).fill('32470000001').join() }, 20],
      [{ To: ['32470000001'] }, 13],
      [{ Message: ' ' }, 7],
      [{ Message: 'x'.repeat(759) }, 8],
      [{ Message: '\ud800' }, 13],
      [{ From: '<script>' }, 5],
      [{ SenderId: 'x'.repeat(65) }, 31],
      [{ Reference: 'x'.repeat(129) }, 4],
      [{ TimeScheduled: 'tomorrow' }, 3],
      [{ TimeScheduled: '31-06-2026 10:00' }, 3],
      [{ TimeScheduled: '01-05-2026 10:00' }, 23],
      [{ TimeScheduled: '01-05-2027 10:00' }, 23],
      [{ TimeValidity: '2026' }, 19],
      [{ TimeValidity: '01-06-2026 09:00' }, 22],
      [{ StatusUrl: 'ftp://x' }, 17],
      [{ StatusMethod: 'PUT' }, 18],
      [{ StatusFormat: 'CSV' }, 33],
    ];
    for (const [change, code] of wrong) {
      const answer = await send(change);
      expect(answer.ResultCode, JSON.stringify(change).slice(0, 80)).to.equal(code);
    }
    expect(smis.messages.size).to.equal(0);
    expect(await send({ Message: '😀'.repeat(758), TimeValidity: '05/06/2026 10:00' })).to.include({ ResultCode: 0 });
  });

  it('takes a thousand recipients, and says which are none', async () => {
    const numbers = Array.from({ length: 1_000 }, (_, i) =>
      i % 100 === 0 ? 'x' : `3247${String(i).padStart(7, '0')}`,
    );
    const { Messages, MessageCount, ResultCode } = await send({ To: numbers.join(', ') });
    expect([MessageCount, ResultCode, Messages.length]).to.deep.equal([990, 0, 1_000]);
    await until(() => smis.messages.size === 990);
    for (const [i, { MessageId, To, ResultCode }] of Messages.entries()) {
      expect(To).to.equal(numbers[i]);
      expect(ResultCode).to.equal(i % 100 === 0 ? 10 : 0);
      if (ResultCode === 0) expect((await atSmis(MessageId)).view.reference).to.equal(MessageId);
    }
  });

  it('survives whatever is thrown at it', async () => {
    const bodies: (string | Buffer<ArrayBuffer>)[] = [
      '',
      '[]',
      'null',
      '"x"',
      '{"ApiKey":',
      '{"ApiKey":{"$ne":1}}',
      '{"__proto__":{"ApiKey":"ringring-api-key"}}',
      Buffer.from([0xff, 0xfe, 0x7b]),
      Buffer.from('{"ApiKey":"\xff"}', 'latin1'),
      'x'.repeat(1_000_000),
      `{"ApiKey":"${'x'.repeat(1_000_000)}"}`,
      '['.repeat(100_000),
      '<',
      '<a><b></a></b>',
      `<a>${'<b>'.repeat(50_000)}`,
      `<!DOCTYPE a [<!ENTITY x "y">]><a><ApiKey>&x;</ApiKey></a>`,
      `<a><ApiKey>${'&'.repeat(200_000)}</ApiKey></a>`,
    ];
    for (const body of bodies) {
      const response = await post('/v1/Message', body);
      expect(response.status, String(body).slice(0, 40)).to.equal(400);
      const text = await response.text();
      expect(text).to.match(/"ResultCode":1[34]|<ResultCode>1[34]</);
    }
    expect((await post('/v2/Message', '{}')).status).to.equal(404);
    expect((await post('/v1/constructor', '{}')).status).to.equal(404);
    expect((await post('/v1/%ff', '{}')).status).to.be.within(400, 404);
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          fc.constantFrom(
            'ApiKey',
            'To',
            'Message',
            'From',
            'TimeScheduled',
            'StatusUrl',
            'Reference',
            'MessageEncoding',
          ),
          fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue(), fc.constant(API_KEY), fc.constant('32470000001')),
        ),
        async (body) => {
          const response = await post('/v1/Message', JSON.stringify(body));
          expect(response.status).to.be.oneOf([201, 400]);
          expect(((await response.json()) as Json).ResultCode).to.be.a('number');
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('RingRing’s notations', () => {
  it('times are local, over the changes of the clock', () => {
    const zone = 'Europe/Brussels';
    const at = (text: string) => {
      const time = readTime(text, zone);
      return time === null ? null : new Date(time).toISOString();
    };
    expect(at('30-06-2017 10:00')).to.equal('2017-06-30T08:00:00.000Z');
    expect(at('01/01/2026')).to.equal('2025-12-31T23:00:00.000Z');
    expect(at('29-03-2026 02:30')).to.equal('2026-03-29T01:30:00.000Z');
    expect(at('29-03-2026 03:30')).to.equal('2026-03-29T01:30:00.000Z');
    for (const wrong of ['31-02-2026 10:00', '30-06-2017 24:00', '30-06-17', '2017-06-30 10:00', ''])
      expect(at(wrong)).to.equal(null);
    fc.assert(
      fc.property(fc.integer({ min: 946_684_800, max: 4_102_444_800 }), (second) => {
        const written = writeTime(second * 1000, zone);
        const [, y, m, d, time] = /^(\d+)-(\d+)-(\d+) (.*)$/.exec(written) ?? [];
        const read = readTime(`${d}-${m}-${y} ${time}`, zone);
        // An hour of autumn comes twice.
        expect(Math.abs((read ?? 0) - second * 1000)).to.be.oneOf([0, 3600_000]);
      }),
    );
  });

  it('XML is read as it was written', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('To', 'Message', 'a.b-c'), fc.string({ unit: 'grapheme' }))),
        (fields) => {
          const wanted = fields.map(([name, value]) => [`${name}`, value] as const);
          const xml = `<r>${wanted.map(([name, value]) => writeXml(name, value, '').replace(/^<\?.*?\?>/, '')).join('')}</r>`;
          expect(readFlatXml(xml)).to.deep.equal(wanted);
        },
      ),
    );
    expect(readFlatXml('<r><!-- c --><a><![CDATA[<&]]>x</a><b/></r>')).to.deep.equal([
      ['a', '<&x'],
      ['b', ''],
    ]);
    for (const wrong of [
      '<r><a><b/></a></r>',
      '<r/><r/>',
      '<r>x</r>',
      '<r><a>&y;</a></r>',
      '<r',
      'x',
      '<r></q>',
      '<a><![CDATA[</a>',
    ]) {
      expect(readFlatXml(wrong), wrong).to.equal(null);
    }
  });
});
