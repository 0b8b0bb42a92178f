import type { BatchAnswer, MessageView } from '@civicline/protocol';
import { expect } from 'chai';
import { eachEngine } from '../../../platform/storage/testing/index.ts';
import { USUAL_SCOPES } from '../senders/index.ts';
import { aMessage, aPart, NDJSON, NOON, openRoom, type Room, type TestSender } from '../testing/room.ts';

const lines = (items: unknown[]) =>
  items.map((item) => `${typeof item === 'string' ? item : JSON.stringify(item)}\n`).join('');

describe('messages over HTTP', () =>
  eachEngine((open) => {
    let room: Room;
    let sender: TestSender;

    beforeEach(async () => {
      room = await openRoom({ open });
      sender = await room.addSender('CTPC');
    });
    afterEach(() => room.close());

    const problemOf = async (response: Response) => {
      expect(response.headers.get('content-type')).to.match(/^application\/problem\+json/);
      return (await response.json()) as { status: number; code: string; errors?: { path: string }[] };
    };
    const count = async () =>
      Number(
        (
          await room.database
            .withTables<{ messages: { id: string } }>()
            .sql.selectFrom('messages')
            .select((e) => e.fn.countAll().as('n'))
            .executeTakeFirstOrThrow()
        ).n,
      );

    it('takes a message in and shows it to its sender alone', async () => {
      const response = await sender.send(aMessage({ reference: 'ref-1', expiresAt: '2026-03-05T12:00:00+01:00' }));
      expect(response.status).to.equal(201);
      const view = (await response.json()) as MessageView;
      expect(response.headers.get('location')).to.equal(`/v1/messages/${view.id}`);
      expect(view).to.deep.equal({
        id: view.id,
        reference: 'ref-1',
        state: 'accepted',
        category: 'individual',
        urgency: 'normal',
        createdAt: new Date(NOON).toISOString(),
        updatedAt: new Date(NOON).toISOString(),
        expiresAt: '2026-03-05T11:00:00.000Z',
        attempts: [],
      });
      expect(await sender.get(view.id)).to.deep.equal(view);
      const other = await room.addSender('PLF');
      for (const path of [`/v1/messages/${view.id}`, '/v1/messages/nothing']) {
        expect(await problemOf(await other.ask(path))).to.include({ status: 404, code: 'MESSAGE_UNKNOWN' });
      }
      expect(await problemOf(await other.cancel(view.id))).to.include({ status: 404 });
      expect((await other.ask('/v1/messages')).status).to.equal(200);
      expect(((await (await other.ask('/v1/messages')).json()) as { messages: [] }).messages).to.deep.equal([]);
    });

    it('lists the channels with their keys', async () => {
      const { channels } = (await (await sender.ask('/v1/channels')).json()) as { channels: { name: string }[] };
      expect(channels.map(({ name }) => name)).to.deep.equal(['sms', 'email']);
    });

    it('says what is wrong where', async () => {
      const wrong: [unknown, string][] = [
        [{ ...aMessage(), category: 'spam' }, '/category'],
        [{ ...aMessage(), more: 1 }, '/more'],
        [{ ...aMessage(), parts: {} }, '/parts'],
        [{ ...aMessage(), parts: { sms: { keyId: 'x', sealed: 'not base64!' } } }, '/parts/sms/sealed'],
        ...['', '\u0000', '\ud800', 'a key', 'x'.repeat(65)].map((keyId): [unknown, string] => [
          { ...aMessage(), parts: { sms: { keyId, sealed: 'AAAA' } } },
          '/parts/sms/keyId',
        ]),
        [{ ...aMessage(), parts: { app: aPart('app') } }, '/strategy/0/channel'],
        [{ ...aMessage(), strategy: [{ channel: 'email' }] }, '/strategy/0/channel'],
        [{ ...aMessage(), strategy: [{ channel: 'sms' }, { channel: 'sms' }] }, '/strategy/1/channel'],
        [
          aMessage({ strategy: [{ channel: 'sms' }], parts: { sms: aPart('sms'), email: aPart('email') } }),
          '/parts/email',
        ],
        [aMessage({ reference: 'a\u0000b' }), '/reference'],
        [aMessage({ reference: 'a\ud800' }), '/reference'],
        [aMessage({ expiresAt: '2026-03-04T10:59:59Z' }), '/expiresAt'],
        [aMessage({ expiresAt: '2027-03-04T10:59:59Z' }), '/expiresAt'],
        [aMessage({ expiresAt: 'tomorrow' }), '/expiresAt'],
        ['text', ''],
        [[], ''],
      ];
      for (const [body, path] of wrong) {
        const problem = await problemOf(await sender.send(body));
        expect(problem, path).to.include({
          status: 400,
          code: typeof body === 'string' ? 'JSON_MALFORMED' : 'INPUT_INVALID',
        });
        if (typeof body !== 'string') expect(problem.errors?.map((error) => error.path)).to.include(path);
      }
      expect(await count()).to.equal(0);
      const big = aMessage({ parts: { sms: { keyId: 'sms-1', sealed: 'A'.repeat(70_000) } } });
      expect(await problemOf(await sender.send(big))).to.include({ status: 413, code: 'BODY_TOO_LARGE' });
    });

    it('takes emergencies of those alone who may send them', async () => {
      const usual = await room.addSender('PLF', null, USUAL_SCOPES);
      const emergency = aMessage({ category: 'emergency' });
      const refused = { status: 403, code: 'SCOPE_MISSING' };
      expect(await problemOf(await usual.send(emergency))).to.include(refused);
      const answers = (await (await usual.sendBatch(lines([aMessage(), emergency, aMessage()]))).text()).trim();
      const [first, second, third] = answers.split('\n').map((line) => JSON.parse(line));
      expect(second.problem).to.include(refused);
      expect([first, third].map(({ id }) => typeof id)).to.deep.equal(['string', 'string']);
      expect((await sender.send(emergency)).status).to.equal(201);
      expect(await count()).to.equal(3);
    });

    it('finds nothing under what no database can hold', async () => {
      for (const path of ['/v1/messages/%00', '/v1/messages/a%0Ab/cancel']) {
        const init = path.endsWith('cancel') ? { method: 'POST' } : {};
        expect(await problemOf(await sender.ask(path, init)), path).to.include({ status: 404, code: 'NOT_FOUND' });
      }
      const problem = await problemOf(await sender.ask('/v1/messages?reference=a%00'));
      expect(problem).to.include({ status: 400, code: 'INPUT_INVALID' });
      expect(problem.errors?.map(({ path }) => path)).to.deep.equal(['/reference']);
      expect((await sender.send(aMessage({ reference: 'r\u{1f600}é' }))).status).to.equal(201);
    });

    it('needs an Idempotency-Key', async () => {
      for (const headers of [
        {},
        { 'idempotency-key': '' },
        { 'idempotency-key': 'a b' },
        { 'idempotency-key': 'x'.repeat(256) },
      ]) {
        for (const path of ['/v1/messages', '/v1/messages/batch']) {
          const init = {
            method: 'POST',
            headers: { 'content-type': 'application/json', ...headers } as Record<string, string>,
          };
          const body = JSON.stringify(path.endsWith('batch') ? [aMessage()] : aMessage());
          expect(await problemOf(await sender.ask(path, { ...init, body }))).to.include({
            code: 'IDEMPOTENCY_KEY_MISSING',
          });
        }
      }
    });

    it('gives a repeated request the first answer, also later, and refuses the key for another body', async () => {
      const message = aMessage({ reference: 'r', expiresAt: '2026-03-04T11:30:00Z' });
      const first = await (await sender.send(message, 'key')).json();
      room.clock.now += 3600_000;
      const again = await sender.send(message, 'key');
      expect(again.status).to.equal(201);
      expect(await again.json()).to.deep.equal(first);
      expect(await problemOf(await sender.send(aMessage(), 'key'))).to.include({
        status: 422,
        code: 'IDEMPOTENCY_KEY_REUSED',
      });
      expect(await problemOf(await sender.sendBatch(lines([message]), { key: 'key' }))).to.include({ status: 422 });
      expect(await count()).to.equal(1);
      const other = await room.addSender('PLF');
      expect((await other.send(aMessage(), 'key')).status).to.equal(201);
    });

    it('takes a message that was sealed anew for a repeat: the first one stands', async () => {
      const sealedAs = (letter: string, length = 240) =>
        aMessage({ reference: 'r', parts: { sms: { keyId: 'sms-1', sealed: letter.repeat(length) } } });
      const first = await (await sender.send(sealedAs('A'), 'key')).json();
      const again = await sender.send(sealedAs('B'), 'key');
      expect([again.status, await again.json()]).to.deep.equal([201, first]);
      const batches = ['A', 'B'].map((letter) => lines([sealedAs(letter), '{', sealedAs(letter)]));
      const [one, two] = [
        await (await sender.sendBatch(batches[0] ?? '', { key: 'batch' })).text(),
        await (await sender.sendBatch(batches[1] ?? '', { key: 'batch' })).text(),
      ];
      expect(two).to.equal(one);
      expect(await count()).to.equal(3);
      const parts = await room.database
        .withTables<{ message_parts: { parts: string } }>()
        .sql.selectFrom('message_parts')
        .select('parts')
        .execute();
      for (const row of parts) expect(row.parts).to.include('AAA').and.not.include('BBB');
      const { sms = aPart('sms') } = sealedAs('A').parts;
      for (const other of [
        sealedAs('A', 412),
        { ...sealedAs('A'), parts: { sms: { ...sms, keyId: 'sms-2' } } },
        { ...sealedAs('A'), parts: { email: sms } },
        { ...sealedAs('A'), reference: 'other' },
      ]) {
        expect(await problemOf(await sender.send(other, 'key'))).to.include({ code: 'IDEMPOTENCY_KEY_REUSED' });
      }
    });

    it('creates one message of requests that are repeated at the same moment', async () => {
      const answers = await Promise.all(
        Array.from({ length: 30 }, () => sender.send(aMessage({ reference: 'x' }), 'key')),
      );
      const views = (await Promise.all(answers.map((answer) => answer.json()))) as MessageView[];
      expect(new Set(views.map(({ id }) => id)).size).to.equal(1);
      expect(await count()).to.equal(1);
    });

    it('remembers nothing of what it refused', async () => {
      expect((await sender.send(aMessage({ category: 'x' as 'emergency' }), 'key')).status).to.equal(400);
      expect((await sender.send(aMessage({ expiresAt: '2020-01-01T00:00:00Z' }), 'key')).status).to.equal(400);
      expect((await sender.send(aMessage(), 'key')).status).to.equal(201);
    });

    it('answers a batch item by item, in lines or as an array', async () => {
      const items = [
        aMessage({ reference: 'a' }),
        { nonsense: true },
        '{"broken',
        aMessage(),
        'null',
        aMessage({ reference: 'b' }),
      ];
      const check = (answers: BatchAnswer[]) => {
        expect(answers.map((one) => ('problem' in one ? one.problem.code : (one.reference ?? 'ok')))).to.deep.equal([
          'a',
          'INPUT_INVALID',
          'JSON_MALFORMED',
          'ok',
          'INPUT_INVALID',
          'b',
        ]);
      };
      const asLines = await sender.sendBatch(lines(items));
      expect(asLines.headers.get('content-type')).to.include(NDJSON);
      check(
        (await asLines.text())
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      );

      const array = `[${[...items.slice(0, 2), '{"broken}', ...items.slice(3)].map((item) => (typeof item === 'string' ? item.replace('{"broken}', '{broken}') : JSON.stringify(item))).join(',')}]`;
      const asArray = await sender.sendBatch(array, { type: 'application/json; charset=utf-8' });
      expect(asArray.headers.get('content-type')).to.include('application/json');
      check((await asArray.json()) as BatchAnswer[]);

      const crossed = await sender.sendBatch(lines(items), { accept: 'application/json' });
      check((await crossed.json()) as BatchAnswer[]);
      expect(await count()).to.equal(9);
      expect(await problemOf(await sender.sendBatch('x', { type: 'text/plain' }))).to.include({ status: 415 });
    });

    it('refuses an item that is nested too deeply, and takes the others', async () => {
      const deep = `${'['.repeat(70_000)}${']'.repeat(70_000)}`;
      const answers = (await (await sender.sendBatch(lines([aMessage(), deep, aMessage()]))).text()).trim().split('\n');
      expect(answers.map((line) => JSON.parse(line).problem?.code ?? 'ok')).to.deep.equal([
        'ok',
        'JSON_MALFORMED',
        'ok',
      ]);
      expect(await count()).to.equal(2);
    });

    it('answers a batch full of mistakes briefly', async () => {
      const unknown = Array.from({ length: 10_000 }, (_, n) => [`key ${n}`, 1]);
      const text = await (await sender.sendBatch(lines([Object.fromEntries(unknown)]))).text();
      expect(JSON.parse(text).problem).to.include({ code: 'INPUT_INVALID' });
      expect(text.length).to.be.below(5_000);
    });

    it('gives a repeated batch the first answers and makes nothing twice', async () => {
      const items = Array.from({ length: 1_234 }, (_, n) => (n % 100 === 7 ? '{' : aMessage({ reference: `r${n}` })));
      const first = await (await sender.sendBatch(lines(items), { key: 'key' })).text();
      expect(first.trim().split('\n')).to.have.length(1_234);
      expect(await count()).to.equal(1_234 - 13);
      room.clock.now += 3600_000;
      const repeats = await Promise.all([1, 2, 3].map(() => sender.sendBatch(lines(items), { key: 'key' })));
      for (const repeat of repeats) expect(await repeat.text()).to.equal(first);
      const changed = [...items.slice(0, -1), aMessage({ reference: 'other' })];
      expect(await problemOf(await sender.sendBatch(lines(changed), { key: 'key' }))).to.include({ status: 422 });
      expect(await count()).to.equal(1_234 - 13);
    });

    it('goes on with a batch whose first part had been taken in when the connection was lost', async () => {
      const items = Array.from({ length: 1_100 }, (_, n) => aMessage({ reference: `r${n}` }));
      const whole = lines(items);
      const part = whole.slice(0, whole.length * 0.7);
      const controller = new AbortController();
      const body = new ReadableStream({
        async start(stream) {
          stream.enqueue(Buffer.from(part));
          while ((await count()) < 500) await new Promise((resolve) => setTimeout(resolve, 5));
          controller.abort();
        },
      });
      const headers = { authorization: `Bearer ${sender.key}`, 'idempotency-key': 'key', 'content-type': NDJSON };
      const init = { method: 'POST', headers, body, duplex: 'half', signal: controller.signal } as RequestInit;
      await fetch(`${room.url}/v1/messages/batch`, init).catch(() => undefined);
      const answers = (await (await sender.sendBatch(whole, { key: 'key' })).text()).trim().split('\n');
      expect(answers).to.have.length(1_100);
      expect(new Set(answers.map((line) => JSON.parse(line).id)).size).to.equal(1_100);
      expect(await count()).to.equal(1_100);
    });

    it('ignores a byte order mark, and refuses octets that are not UTF-8, alone and in a batch', async () => {
      const item = (reference: string) => Buffer.from(JSON.stringify(aMessage({ reference })), 'latin1');
      const post = (body: Buffer) =>
        sender.ask('/v1/messages', {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
          body: new Uint8Array(body),
        });
      const mark = Buffer.from('\ufeff');
      expect((await post(Buffer.concat([mark, item('single')]))).status).to.equal(201);
      for (const [type, before, after] of [
        [NDJSON, '', ''],
        ['application/json', '[', ']'],
      ] as const) {
        const body = Buffer.concat([mark, Buffer.from(before), item(type), Buffer.from(after)]);
        const answers = await (await sender.sendBatch(new Uint8Array(body), { type, accept: NDJSON })).text();
        expect(JSON.parse(answers)).to.include({ reference: type });
      }
      for (const octets of ['\xff', '\xc0\xaf', '\xed\xa0\x80', 'Li\xe8ge']) {
        const refused = await problemOf(await post(item(octets)));
        expect(refused, octets).to.include({ status: 400, code: 'JSON_MALFORMED' });
        const [answer] = (await (await sender.sendBatch(new Uint8Array(item(octets)))).text()).split('\n');
        expect(JSON.parse(answer ?? '').problem).to.include({ status: 400, code: 'JSON_MALFORMED' });
      }
      expect(await problemOf(await sender.ask('/v1/messages?reference=%ff'))).to.include({ status: 400 });
      expect(await count()).to.equal(3);
    });

    it('says when a batch is too long, too large or breaks off, and keeps what came before', async () => {
      const long = lines(Array.from({ length: 10_050 }, () => aMessage()));
      const answers = (await (await sender.sendBatch(long)).text()).trim().split('\n');
      expect(answers).to.have.length(10_001);
      expect(JSON.parse(answers.at(-1) ?? '').problem.code).to.equal('BATCH_TOO_LONG');
      expect(await count()).to.equal(10_000);
      const broken = await sender.sendBatch(`[${JSON.stringify(aMessage())},${JSON.stringify(aMessage())}`, {
        type: 'application/json',
      });
      expect(
        ((await broken.json()) as BatchAnswer[]).map((one) => ('problem' in one ? one.problem.code : 'ok')),
      ).to.deep.equal(['ok', 'ok', 'JSON_MALFORMED']);
      const big = await sender.sendBatch(
        lines([aMessage(), 'x'.repeat(300_000), Buffer.from([0xff, 0x0a]).toString('latin1'), aMessage()]),
      );
      expect(
        (await big.text())
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).problem?.code ?? 'ok'),
      ).to.deep.equal(['ok', 'ITEM_TOO_LARGE', 'JSON_MALFORMED', 'ok']);
    });

    it('takes what the quota allows, and says when to come back', async () => {
      const small = await room.addSender('small', 10);
      const batch = (n: number) => lines(Array.from({ length: n }, () => aMessage()));
      const answers = (await (await small.sendBatch(batch(15))).text())
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(answers.filter(({ id }) => id)).to.have.length(10);
      expect(answers.at(-1).problem).to.include({ status: 429, code: 'QUOTA_EXCEEDED' });
      for (const refused of [await small.send(aMessage(), 'key'), await small.sendBatch(batch(3), { key: 'key' })]) {
        expect(Number(refused.headers.get('retry-after'))).to.be.greaterThan(0);
        expect(refused.headers.get('ratelimit')).to.include('r=0');
        expect(await problemOf(refused)).to.include({ status: 429, code: 'QUOTA_EXCEEDED' });
      }
      room.clock.now += 60_000;
      const accepted = await small.send(aMessage(), 'key');
      expect(accepted.status).to.equal(201);
      expect(accepted.headers.get('ratelimit')).to.include('r=9');
    });

    it('lists by reference and state, page by page', async () => {
      const items = Array.from({ length: 25 }, (_, n) => aMessage({ reference: `r${n % 5}` }));
      const ids = (await (await sender.sendBatch(lines(items))).text())
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).id);
      for (const id of ids.slice(0, 7)) expect((await sender.cancel(id)).status).to.equal(200);
      const all = async (query: string) => {
        const found: string[] = [];
        for (let after = ''; ; ) {
          const response = await sender.ask(`/v1/messages?limit=3${query}${after}`);
          const page = (await response.json()) as { messages: MessageView[]; next: string | null };
          expect(page.messages.length).to.be.at.most(3);
          found.push(...page.messages.map(({ id }) => id));
          if (page.next === null) return found;
          after = `&after=${page.next}`;
        }
      };
      expect(await all('')).to.deep.equal(ids);
      expect(await all('&reference=r3')).to.deep.equal(ids.filter((_, n) => n % 5 === 3));
      expect(await all('&state=cancelled')).to.deep.equal(ids.slice(0, 7));
      expect(await all('&state=accepted&reference=r0')).to.deep.equal([ids[10], ids[15], ids[20]]);
      expect(await all('&reference=unknown')).to.deep.equal([]);
      for (const wrong of ['limit=0', 'state=lost', 'after=x', 'other=1']) {
        expect((await sender.ask(`/v1/messages?${wrong}`)).status, wrong).to.equal(400);
      }
    });

    it('has no part of a message, nor a reference, in its log', async () => {
      await sender.send(aMessage({ reference: 'secret-reference' }));
      await sender.sendBatch(lines([aMessage({ reference: 'secret-reference' }), '{"secret-reference']));
      expect(room.lines.join('\n')).not.to.include('secret-reference').and.not.to.include('AAAA');
    });
  }));
