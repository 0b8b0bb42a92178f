import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Counter, createMetrics, Gauge } from '../platform/http/index.ts';
import { type Database, openDatabase } from '../platform/storage/index.ts';
import { eachEngine } from '../platform/storage/testing/index.ts';
import { openRoom, type Room } from '../roles/smis/feedback/testing/room.ts';
import { USUAL_SCOPES } from '../roles/smis/senders/index.ts';
import { main } from './main.ts';

describe('civicline', () =>
  eachEngine((_open, place) =>
    describe('on a command line', () => {
      let database: Database;
      let room: Room;
      let environment: Record<string, string>;

      beforeEach(async () => {
        // The command opens roles by their own names.
        const { url } = place();
        database = await openDatabase({ url, role: 'smis' });
        room = await openRoom({ database });
        environment = {
          DATABASE_URL: url,
          CIVICLINE_DATA_KEY: room.dataKey.toString('base64'),
          CIVICLINE_RUN_FILE: '/nowhere',
        };
        await database.withTables<{ senders: object; webhooks: object }>().write(async (sql) => {
          await sql.deleteFrom('senders').execute();
          await sql.deleteFrom('webhooks').execute();
        });
      });
      afterEach(async () => {
        await room.close();
        await database.close();
      });

      async function run(...args: string[]) {
        const out: string[] = [];
        const error: string[] = [];
        const output = {
          stdout: { write: (text: string) => out.push(text) },
          stderr: { write: (text: string) => error.push(text) },
        };
        const code = await main(args, { environment, output });
        return { code, out: out.join(''), error: error.join('') };
      }
      async function json<Value>(...args: string[]): Promise<Value> {
        const { code, out, error } = await run(...args, '--json');
        expect(code, error).to.equal(0);
        return JSON.parse(out) as Value;
      }
      const status = async (key: string) => (await room.ask(key, '/v1/limits')).status;

      it('adds a sender whose key works, rotates and revokes it', async () => {
        const { apiKey } = await json<{ apiKey: string }>('senders', 'add', 'CTPC', '--per-minute', '100');
        expect(await status(apiKey)).to.equal(200);
        const { out } = await run('senders', 'rotate', 'CTPC', '--overlap-hours', '1');
        const [second = ''] = /cvl_\S+/.exec(out) ?? [];
        expect([await status(apiKey), await status(second)]).to.deep.equal([200, 200]);
        room.clock.now += 3_700_000;
        expect([await status(apiKey), await status(second)]).to.deep.equal([401, 200]);
        const keys = await json<{ id: string }[]>('senders', 'keys', 'CTPC');
        expect(keys).to.have.lengthOf(2);
        await json('senders', 'revoke', '--key', keys[1]?.id ?? '');
        room.clock.now += 5_000;
        expect(await status(second)).to.equal(401);
      });

      it('cancels what a revoked sender has waiting, and what is named, with one filter at least', async () => {
        const { id } = await json<{ id: string }>('senders', 'add', 'CTPC');
        await run('senders', 'add', 'Kept');
        expect(await run('messages', 'cancel')).to.include({ code: 2 });
        expect((await run('messages', 'cancel', '--category', 'spam')).error).to.include('must be one of: emergency');
        expect((await run('messages', 'cancel', '--sender', 'Nobody')).error).to.include('SENDER_UNKNOWN');
        await json('messages', 'cancel', '--category', 'broadcast', '--from', '2026-11-30');
        await json('senders', 'revoke', 'Kept', '--keep-messages');
        const { recallId } = await json<{ recallId: string }>('senders', 'revoke', 'CTPC');
        const recalls = await json<object[]>('messages', 'recalls');
        expect(recalls).to.have.lengthOf(2);
        expect(recalls[0]).to.deep.include({ id: recallId, senderId: id, category: null, doneAt: null });
        expect(recalls[1]).to.deep.include({ senderId: null, category: 'broadcast', from: Date.UTC(2026, 10, 30) });
        expect((await run('messages', 'recalls')).out).to.include('under way');
      });

      it('makes nothing under a data key that the gateway would not take', async () => {
        for (const wrong of ['too short', `${environment.CIVICLINE_DATA_KEY},${Buffer.alloc(16).toString('base64')}`]) {
          environment = { ...environment, CIVICLINE_DATA_KEY: wrong };
          const { code, error } = await run('senders', 'add', 'CTPC');
          expect(code).to.equal(1);
          expect(error).to.include('CIVICLINE_DATA_KEY must be 32 bytes in base64').and.not.include(wrong);
        }
      });

      it('makes no key that has expired already, and lets the others live', async () => {
        const { apiKey } = await json<{ apiKey: string }>('senders', 'add', 'CTPC');
        for (const args of [
          ['rotate', 'CTPC', '--expires', '2020-01-01'],
          ['rotate', 'CTPC', '--expires', '2020-01-01T00:00:00+01:00', '--overlap-hours', '1'],
          ['add', 'NCCN', '--expires', '2020-01-01'],
        ]) {
          const { code, error } = await run('senders', ...args);
          expect([code, error.split('\n')[0]]).to.deep.equal([2, '--expires must be in the future.']);
        }
        const keys = await json<{ expiresAt: number | null }[]>('senders', 'keys', 'CTPC');
        expect(keys.map(({ expiresAt }) => expiresAt)).to.deep.equal([null]);
        room.clock.now += 30 * 24 * 3_600_000;
        expect(await status(apiKey)).to.equal(200);
      });

      it('shows no key and no digest twice', async () => {
        const { apiKey } = await json<{ apiKey: string }>('senders', 'add', 'CTPC');
        const secret = apiKey.split('_').slice(2).join('_');
        for (const args of [
          ['list'],
          ['keys', 'CTPC'],
          ['quota', 'CTPC'],
          ['list', '--json'],
          ['keys', 'CTPC', '--json'],
        ]) {
          const { out } = await run('senders', ...args);
          expect(out).not.to.include(secret).and.not.to.include('digest');
        }
      });

      it('sets and shows quotas', async () => {
        await json('senders', 'add', 'CTPC', '--per-day', '10');
        expect(await json('senders', 'quota', 'CTPC')).to.include({ perMinute: null, perDay: 10 });
        expect(await json('senders', 'quota', 'CTPC', '--per-minute', '5', '--per-day', 'any')).to.include({
          perMinute: 5,
          perDay: null,
        });
        expect((await run('senders', 'list')).out).to.match(/CTPC .* usual +5 +any/);
      });

      it('lets a new sender send emergencies only when told so', async () => {
        await json('senders', 'add', 'CTPC');
        await json('senders', 'add', 'NCCN', '--scope', 'messages:send', '--scope', 'messages:emergency');
        const all = await json<{ name: string; scopes: string[] }[]>('senders', 'list');
        expect(all.map(({ name, scopes }) => [name, scopes])).to.deep.equal([
          ['CTPC', ['messages:send', 'messages:read', 'events:read', 'webhooks:manage']],
          ['NCCN', ['messages:send', 'messages:emergency']],
        ]);
      });

      it('changes what a sender may do, however often it is told', async () => {
        const { apiKey } = await json<{ apiKey: string }>('senders', 'add', 'CTPC');
        const events = async () => (await room.ask(apiKey, '/v1/events')).status;
        expect(await events()).to.equal(200);
        const changed = ['messages:send', 'messages:read', 'webhooks:manage', 'messages:emergency'];
        for (let time = 0; time < 2; time++) {
          const answer = await json<{ scopes: string[] }>(
            ...['senders', 'scopes', 'CTPC', '--add', 'messages:emergency', '--remove', 'events:read'],
          );
          expect(answer.scopes).to.deep.equal(changed);
        }
        room.clock.now += 3_000;
        expect(await events()).to.equal(403);
        expect(await json('senders', 'scopes', 'CTPC'))
          .to.have.property('scopes')
          .that.deep.equals(changed);
        expect((await run('senders', 'list')).out).to.include(changed.join(' '));
        const keys = await json<{ scopes: string[] }[]>('senders', 'keys', 'CTPC');
        expect(keys.map(({ scopes }) => scopes)).to.deep.equal([changed]);
      });

      it('says what is wrong, with the exit code', async () => {
        await run('senders', 'add', 'CTPC');
        const wrong: [number, string, string[]][] = [
          [1, 'SENDER_EXISTS', ['senders', 'add', 'CTPC']],
          [1, 'SENDER_UNKNOWN', ['senders', 'keys', 'PLF']],
          [1, 'SENDER_UNKNOWN', ['senders', 'scopes', 'PLF', '--add', 'messages:emergency']],
          [1, 'SCOPE_NEEDED', ['senders', 'scopes', 'CTPC', ...USUAL_SCOPES.flatMap((scope) => ['--remove', scope])]],
          [1, 'SCOPE_NOT_GIVEN', ['senders', 'rotate', 'CTPC', '--scope', 'messages:emergency']],
          [2, 'SCOPE_UNKNOWN: --add must be one of', ['senders', 'scopes', 'CTPC', '--add', 'emergency']],
          [2, 'SCOPE_UNKNOWN: --remove must', ['senders', 'scopes', 'CTPC', '--remove', 'all']],
          [2, 'Either --add or', ['senders', 'scopes', 'CTPC', '--add', 'events:read', '--remove', 'events:read']],
          [2, 'Name one sender', ['senders', 'scopes']],
          [1, 'KEY_UNKNOWN', ['senders', 'revoke', '--key', 'x']],
          [1, 'WEBHOOK_UNKNOWN', ['webhooks', 'replay', 'x']],
          [2, '--zone must be one of', ['senders', 'add', 'X', '--zone', 'Mars']],
          [2, '--scope must be one of', ['senders', 'add', 'X', '--scope', 'all']],
          [2, '--per-day must be', ['senders', 'add', 'X', '--per-day', '0']],
          [2, '--expires must be a date', ['senders', 'add', 'X', '--expires', 'soon']],
          [2, '--expires must be a date', ['senders', 'add', 'X', '--expires', '2999-02-30']],
          [2, '--month must be', ['ledger', '--month', '2026']],
          [2, 'Unknown option', ['senders', 'list', '--x']],
          [2, 'Name one sender', ['senders', 'add']],
          [2, 'no such command', ['senders', 'paint']],
          [2, '', []],
          [1, 'CIVICLINE_GATEWAY_URL', ['queue']],
        ];
        for (const [code, text, args] of wrong) {
          const answer = await run(...args);
          expect(answer.code, args.join(' ')).to.equal(code);
          expect(answer.error, args.join(' ')).to.include(text).and.not.include('    at ');
        }
        environment = { CIVICLINE_RUN_FILE: '/nowhere' };
        expect((await run('senders', 'list')).error).to.include('npm start');
        expect((await run('help')).out).to.include('civicline ledger');
      });

      it('lists webhooks and has a dead one called again', async () => {
        const { id, key } = await room.addSender('CTPC');
        await room.ask(key, '/v1/webhooks', { url: 'https://receiver.example/' });
        await database
          .withTables<{ webhooks: { disabled_reason: string } }>()
          .write((sql) => sql.updateTable('webhooks').set({ disabled_reason: 'GONE' }).execute());
        const [webhook] = await json<{ id: string }[]>('webhooks', 'list');
        expect(webhook).to.include({ senderId: id, state: 'disabled', reason: 'GONE' });
        await json('webhooks', 'replay', webhook?.id ?? '');
        expect((await json<object[]>('webhooks', 'list'))[0]).to.include({ state: 'enabled' });
      });

      it('shows the bill, also when there is none', async () => {
        expect((await run('ledger')).out).to.include('total');
        expect(await json('ledger', '--month', '2026-06')).to.deep.equal([]);
        expect((await run('ledger', '--csv')).out).to.match(/^month,/);
        expect((await run('ledger', '--svg')).out).to.match(/^<svg /);
      });

      it('copies the databases of SQLite while they are written, and leaves a copy that is there alone', async () => {
        const folder = await mkdtemp(join(tmpdir(), 'civicline-copy-'));
        const to = join(folder, 'copies', 'today');
        try {
          const { id } = await room.addSender('CTPC');
          const answer = await run('backup', to);
          if (database.engine === 'postgresql') {
            expect(answer).to.include({ code: 1, out: '' });
            expect(answer.error).to.include('pg_dump');
            return;
          }
          expect(answer).to.deep.include({ code: 0, error: '' });
          await room.addSender('Later');
          const copy = await openDatabase({ url: `file:${to}`, role: 'smis' });
          const senders = copy.withTables<{ senders: { id: string } }>().sql.selectFrom('senders').select('id');
          expect(await senders.execute().finally(() => copy.close())).to.deep.equal([{ id }]);
          expect((await run('backup', to)).error).to.include('smis.db is there already');
        } finally {
          await rm(folder, { recursive: true });
        }
      });

      it('makes a key for a channel', async () => {
        const made = await json<{ keyId: string; privateKey: string }>('keys', 'new');
        expect(Buffer.from(made.privateKey, 'base64url')).to.have.lengthOf(32);
        const [setting = '', ...how] = (await run('keys', 'new')).out.split('\n');
        expect((JSON.parse(setting) as object[])[0]).to.have.keys('keyId', 'privateKey');
        expect(how.join(' ')).to.include('CIVICLINE_SMS_KEYS').and.to.include('new one first');
      });
    }),
  ));

describe('civicline queue and routes', () => {
  let gateway: Server;
  let environment: Record<string, string>;

  beforeEach(async () => {
    const metrics = createMetrics(false);
    const registers = [metrics];
    const gauge = (name: string, labelNames: string[]) => new Gauge({ name, help: name, labelNames, registers });
    const counter = (name: string, labelNames: string[]) => new Counter({ name, help: name, labelNames, registers });
    gauge('civicline_messages_queued', ['channel', 'lane']).set({ channel: 'sms', lane: 0 }, 3);
    const queue = gauge('civicline_sms_queue', ['lane', 'state']);
    queue.set({ lane: 'bulk', state: 'waiting' }, 7);
    queue.set({ lane: 'bulk', state: 'leased' }, 2);
    gauge('civicline_email_queue', ['lane', 'state']).set({ lane: 'normal', state: 'waiting' }, 4);
    gauge('civicline_sms_route_up', ['route']).set({ route: 'first "one"' }, 1);
    const results = counter('civicline_sms_results_total', ['route', 'result']);
    results.inc({ route: 'first "one"', result: 'accepted' }, 10);
    results.inc({ route: 'first "one"', result: 'THROTTLED' }, 1);
    counter('civicline_sms_receipts_total', ['route', 'result']).inc({ route: 'first "one"', result: 'delivered' }, 9);
    gateway = createServer(async (_request, response) => void response.end(await metrics.metrics()));
    gateway.listen(0, '127.0.0.1');
    await once(gateway, 'listening');
    environment = { CIVICLINE_GATEWAY_URL: `http://127.0.0.1:${(gateway.address() as AddressInfo).port}` };
  });
  afterEach(() => {
    gateway.closeAllConnections();
    gateway.close();
  });

  async function json(...args: string[]): Promise<unknown> {
    const written: string[] = [];
    const write = (text: string) => written.push(text);
    await main([...args, '--json'], { environment, output: { stdout: { write }, stderr: { write } } });
    return JSON.parse(written.join(''));
  }

  it('read what the gateway measures', async () => {
    expect(await json('queue')).to.deep.equal([
      { queue: 'messages for sms', lane: 'urgent', waiting: 3, underWay: 0 },
      { queue: 'sms', lane: 'bulk', waiting: 7, underWay: 2 },
      { queue: 'email', lane: 'normal', waiting: 4, underWay: 0 },
    ]);
    expect(await json('routes')).to.deep.equal([
      { route: 'first "one"', up: true, accepted: 10, failed: 1, delivered: 9, undelivered: 0 },
    ]);
  });
});
