import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { createSealer, type Database, openDatabase } from '../../../platform/storage/index.ts';
import { eachEngine } from '../../../platform/storage/testing/index.ts';
import { openRoom, type Room } from '../feedback/testing/room.ts';
import { createSenderAdministration, SCOPES, type Scope } from './index.ts';
import { migrations, type Tables } from './tables.ts';

const ISSUER = 'https://issuer.example';
const AUDIENCE = 'https://smis.example';

describe('senders', () =>
  eachEngine((open, place) =>
    describe('behind HTTP', () => {
      let database: Database;
      let room: Room;
      let keyServer: Server;
      let issuer: Awaited<ReturnType<typeof generateKeyPair>>;
      let keysFetched: number;
      let keysStatus: number;

      beforeEach(async () => {
        database = await open();
        issuer = await generateKeyPair('ES256');
        const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(issuer.publicKey)), kid: 'one', alg: 'ES256' }] });
        keysFetched = 0;
        keysStatus = 200;
        keyServer = createServer((_request, response) => {
          keysFetched++;
          response.writeHead(keysStatus, { 'content-type': 'application/json' }).end(jwks);
        }).listen(0, '127.0.0.1');
        await once(keyServer, 'listening');
        const keysUrl = `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/keys`;
        room = await openRoom({ database, tokenIssuer: { issuer: ISSUER, audience: AUDIENCE, keysUrl } });
      });
      afterEach(async () => {
        await room.close();
        keyServer.closeAllConnections();
        keyServer.close();
      });

      /** Long enough that nothing is believed from before. */
      const moment = () => {
        room.clock.now += 60_000;
      };
      const status = async (credential: string, path = '/v1/limits') => (await room.ask(credential, path)).status;

      describe('API keys', () => {
        it('lets a sender in, and tells who it is', async () => {
          const { id, key } = await room.addSender('CTPC');
          expect(key).to.match(/^cvl_[0-9a-f]{16}_[\w-]{43}$/);
          const response = await room.ask(key, '/v1/limits');
          expect(response.status).to.equal(200);
          expect(await response.json()).to.deep.equal({
            sender: { id, name: 'CTPC', zone: 'Europe/Brussels' },
            quotas: [],
            sendWindows: [],
          });
        });

        it('answers everything that is wrong in the same way', async () => {
          const { key } = await room.addSender('CTPC');
          const { key: revoked } = await room.addSender('PLF');
          await room.administration.revokeSender('PLF');
          const flipped = key.slice(0, -1) + (key.endsWith('A') ? 'B' : 'A');
          const wrong = [
            flipped,
            revoked,
            `cvl_${'0'.repeat(16)}_${'A'.repeat(43)}`,
            'cvl_',
            'x',
            'a.b.c',
            `${key}x`,
            '',
          ];
          const answers = await Promise.all(
            wrong.map(async (credential) => {
              const response = await room.ask(credential, '/v1/limits');
              return `${response.status} ${response.headers.get('www-authenticate')} ${await response.text()}`;
            }),
          );
          expect(new Set(answers)).to.have.lengthOf(1);
          expect(answers[0]).to.match(/^401 Bearer /);
          expect((await fetch(`${room.url}/v1/limits`)).status).to.equal(401);
        });

        it('ends a revoked key within seconds, and only that key', async () => {
          const { key } = await room.addSender('CTPC');
          const { apiKey: second } = await room.administration.rotate('CTPC', {
            overlapMs: 3_600_000,
            scopes: null,
            expiresAt: null,
          });
          expect([await status(key), await status(second)]).to.deep.equal([200, 200]);
          await room.administration.revokeKey(key.split('_')[1] ?? '');
          room.clock.now += 5_000;
          expect([await status(key), await status(second)]).to.deep.equal([401, 200]);
        });

        it('rotates with an overlap', async () => {
          const { key } = await room.addSender('CTPC');
          const { apiKey } = await room.administration.rotate('CTPC', {
            overlapMs: 3_600_000,
            scopes: null,
            expiresAt: null,
          });
          room.clock.now += 3_590_000;
          expect([await status(key), await status(apiKey)]).to.deep.equal([200, 200]);
          room.clock.now += 10_000;
          expect([await status(key), await status(apiKey)]).to.deep.equal([401, 200]);
        });

        it('ends a key at its time', async () => {
          await room.addSender('CTPC');
          const expiresAt = room.clock.now + 1_000;
          const { apiKey } = await room.administration.rotate('CTPC', { overlapMs: 0, scopes: null, expiresAt });
          expect(await status(apiKey)).to.equal(200);
          room.clock.now = expiresAt;
          expect(await status(apiKey)).to.equal(401);
        });

        it('refuses what the scopes do not hold', async () => {
          await room.addSender('CTPC');
          const { apiKey } = await room.administration.rotate('CTPC', {
            overlapMs: 0,
            scopes: ['messages:send'],
            expiresAt: null,
          });
          const response = await room.ask(apiKey, '/v1/events');
          expect(response.status).to.equal(403);
          expect(await response.json()).to.include({ code: 'SCOPE_MISSING' });
        });

        it('gives and takes a scope within seconds at every gateway, but gives none to a key made for less', async () => {
          const { key } = await room.addSender('CTPC');
          const { apiKey: narrow } = await room.administration.rotate('CTPC', {
            overlapMs: 3_600_000,
            scopes: ['messages:send', 'webhooks:manage'],
            expiresAt: null,
          });
          const other = await openRoom({ database, dataKey: room.dataKey, clock: room.clock });
          const statuses = async () => {
            const asked = [room, other].flatMap(({ ask }) => [
              ask(key, '/v1/events'),
              ask(narrow, '/v1/events'),
              ask(narrow, '/v1/webhooks'),
            ]);
            return (await Promise.all(asked)).map(({ status }) => status);
          };
          const change = async (add: Scope[], remove: Scope[]) => {
            await room.administration.changeScopes('CTPC', { add, remove });
            room.clock.now += 3_000;
          };
          try {
            expect(await statuses()).to.deep.equal([200, 403, 200, 200, 403, 200]);
            await change([], ['events:read', 'webhooks:manage']);
            expect(await statuses()).to.deep.equal([403, 403, 403, 403, 403, 403]);
            await change(['events:read', 'webhooks:manage'], []);
            expect(await statuses()).to.deep.equal([200, 403, 200, 200, 403, 200]);
          } finally {
            await other.close();
          }
        });

        it('gives a later scope to keys from before there was a difference, unless they were made for less', async () => {
          const older = await open();
          await older.migrate('senders', migrations.slice(0, 1));
          await older.withTables<Tables>().write(async (sql) => {
            const sender = { zone: 'Europe/Brussels' as const, client_id: null, per_minute: null, per_day: null };
            const common = { created_at: 0, revoked_at: null };
            await sql
              .insertInto('senders')
              .values({ ...sender, ...common, id: 'one', name: 'CTPC', scopes: 'messages:send events:read' })
              .execute();
            const key = { ...common, sender_id: 'one', digest: '', expires_at: null };
            await sql
              .insertInto('sender_keys')
              .values([
                { ...key, id: 'a', scopes: 'messages:send events:read' },
                { ...key, id: 'b', scopes: 'messages:send' },
              ] as Tables['sender_keys'][])
              .execute();
          });
          const sealer = createSealer([room.dataKey]);
          const administration = await createSenderAdministration({ database: older, sealer, now: Date.now });
          await administration.changeScopes('CTPC', { add: ['messages:emergency'], remove: ['events:read'] });
          const allowed = (await administration.keys('CTPC')).map(({ id, scopes }) => [id, scopes]);
          expect(Object.fromEntries(allowed)).to.deep.equal({
            a: ['messages:send', 'messages:emergency'],
            b: ['messages:send'],
          });
        });

        it('loses no change to another at the same time, and leaves no sender without a scope', async () => {
          const there = place();
          const first = await openDatabase(there);
          // Two processes may write to PostgreSQL at once.
          const databases = [first, first.engine === 'postgresql' ? await openDatabase(there) : first];
          const sealer = createSealer([room.dataKey]);
          const [one, two] = await Promise.all(
            databases.map((used) => createSenderAdministration({ database: used, sealer, now: Date.now })),
          );
          if (!one || !two) throw new Error('There are two.');
          const limits = { perMinute: null, perDay: null };
          const zone = 'Europe/Brussels';
          await one.add({ name: 'CTPC', zone, scopes: [...SCOPES], clientId: null, limits, expiresAt: null });
          for (let round = 0; round < 10; round++) {
            await one.changeScopes('CTPC', { add: [...SCOPES], remove: [] });
            await Promise.all([
              one.changeScopes('CTPC', { add: [], remove: ['messages:read', 'messages:emergency'] }),
              two.changeScopes('CTPC', { add: [], remove: ['events:read', 'webhooks:manage'] }),
            ]);
            expect((await one.find('CTPC')).scopes).to.deep.equal(['messages:send']);
          }
          const refused = await two
            .changeScopes('CTPC', { add: [], remove: ['messages:send'] })
            .catch((error) => error);
          expect(refused).to.have.property('code', 'SCOPE_NEEDED');
          expect((await one.find('CTPC')).scopes).to.deep.equal(['messages:send']);
          await Promise.all(databases.map((used) => used.close()));
        });

        it('stores and logs no key', async () => {
          const { key } = await room.addSender('CTPC');
          await status(key);
          const [, , ...secret] = key.split('_');
          const rows = JSON.stringify(
            await database.withTables<{ sender_keys: object }>().sql.selectFrom('sender_keys').selectAll().execute(),
          );
          expect(rows).not.to.include(secret.join('_'));
          expect(room.lines.join('')).not.to.include(secret.join('_'));
        });
      });

      describe('access tokens', () => {
        const token = (claims: JWTPayload = {}, header: object = {}, key = issuer.privateKey) => {
          const at = Math.floor(room.clock.now / 1_000);
          return new SignJWT({
            iss: ISSUER,
            aud: AUDIENCE,
            sub: 'ctpc-client',
            client_id: 'ctpc-client',
            jti: 'one',
            scope: SCOPES.join(' '),
            iat: at,
            exp: at + 300,
            ...claims,
          })
            .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'one', ...header })
            .sign(key);
        };
        beforeEach(() =>
          room.administration.add({
            name: 'CTPC',
            zone: 'Europe/Amsterdam',
            scopes: ['messages:send', 'events:read'],
            clientId: 'ctpc-client',
            limits: { perMinute: null, perDay: null },
            expiresAt: null,
          }),
        );

        it('lets the sender in that the issuer vouches for, as far as both say', async () => {
          expect(await status(await token())).to.equal(200);
          expect(await status(await token({ scope: 'events:read' }), '/v1/events')).to.equal(200);
          expect(await status(await token({ scope: 'messages:send' }), '/v1/events')).to.equal(403);
          expect(await status(await token({ scope: 'webhooks:manage' }), '/v1/webhooks')).to.equal(403);
        });

        it('refuses forged, foreign, expired and repurposed ones alike', async () => {
          const other = await generateKeyPair('ES256');
          const at = Math.floor(room.clock.now / 1_000);
          const unsigned = `${btoa('{"alg":"none","typ":"at+jwt"}')}.${btoa('{}')}.`.replaceAll('=', '');
          const wrong = [
            await token({}, {}, other.privateKey),
            await token({}, { kid: 'two' }),
            await token({}, { typ: 'JWT' }),
            await token({ iss: 'https://other.example' }),
            await token({ aud: 'https://other.example' }),
            await token({ exp: at - 10 }),
            await token({ nbf: at + 60 }),
            await token({ client_id: 'somebody-else' }),
            await token({ client_id: null }),
            await token({ client_id: 5 as never }),
            await token({ exp: undefined as never }),
            await token({ scope: 5 as never }),
            unsigned,
            `${(await token()).slice(0, -4)}AAAA`,
          ];
          for (const [i, credential] of wrong.entries()) expect(await status(credential), `token ${i}`).to.equal(401);
        });

        it('is limited by its expiry also when it was believed before', async () => {
          const credential = await token();
          expect(await status(credential)).to.equal(200);
          room.clock.now += 306_000;
          expect(await status(credential)).to.equal(401);
        });

        it('gives and takes a scope within seconds, also to a token that was believed before', async () => {
          const credential = await token();
          const { changeScopes } = room.administration;
          expect(await status(credential, '/v1/webhooks')).to.equal(403);
          await changeScopes('CTPC', { add: ['webhooks:manage'], remove: ['events:read'] });
          room.clock.now += 3_000;
          expect(await status(credential, '/v1/webhooks')).to.equal(200);
          expect(await status(credential, '/v1/events')).to.equal(403);
          expect(await status(await token({ scope: 'messages:send' }), '/v1/webhooks')).to.equal(403);
        });

        it('refuses the tokens of a revoked sender', async () => {
          const credential = await token();
          expect(await status(credential)).to.equal(200);
          await room.administration.revokeSender('CTPC');
          room.clock.now += 5_000;
          expect(await status(credential)).to.equal(401);
        });

        it('fetches the issuer’s keys once, however many tokens come', async () => {
          await Promise.all(Array.from({ length: 20 }, async (_, i) => status(await token({ jti: String(i) }))));
          expect(keysFetched).to.equal(1);
        });

        it('says so when the issuer’s keys cannot be had', async () => {
          keysStatus = 500;
          expect(await status(await token())).to.equal(503);
          keysStatus = 200;
          expect(await status(await token())).to.equal(200);
        });
      });

      describe('quotas', () => {
        const take = (senderId: string, count: number) =>
          database.write((sql) => room.senders.quota.take(sql, senderId, count, room.clock.now));

        it('takes as much as there is, and says when there is more', async () => {
          room.clock.now = Date.parse('2026-06-01T10:00:00Z');
          const { id, key } = await room.addSender('CTPC', { perMinute: 60, perDay: 100 });
          expect(await take(id, 40)).to.deep.equal({
            taken: 40,
            headers: {
              'RateLimit-Policy': '"minute";q=60;w=60, "day";q=100;w=86400',
              RateLimit: '"minute";r=20;t=40, "day";r=60;t=50400',
            },
          });
          expect(await take(id, 40)).to.include({ taken: 20, retryAfterSeconds: 1 });
          expect(await take(id, 1)).to.include({ taken: 0, retryAfterSeconds: 1 });
          moment();
          expect(await take(id, 60)).to.include({ taken: 40, retryAfterSeconds: 50340 });
          const limits = (await (await room.ask(key, '/v1/limits')).json()) as { quotas: object[] };
          expect(limits.quotas).to.deep.equal([
            { name: 'minute', limit: 60, remaining: 20, windowSeconds: 60, resetsAt: '2026-06-01T10:01:40.000Z' },
            { name: 'day', limit: 100, remaining: 0, windowSeconds: 86400, resetsAt: '2026-06-02T00:00:00.000Z' },
          ]);
        });

        it('warns once per period', async () => {
          room.clock.now = Date.parse('2026-06-01T10:00:00Z');
          const { id, key } = await room.addSender('CTPC', { perMinute: null, perDay: 10 });
          const warnings = async () =>
            ((await (await room.ask(key, '/v1/events')).json()) as { events: { type: string; data: object }[] }).events;
          await take(id, 7);
          expect(await warnings()).to.have.lengthOf(0);
          await take(id, 1);
          await take(id, 1);
          expect(await warnings()).to.have.lengthOf(1);
          expect((await warnings())[0]).to.deep.include({
            type: 'be.smis.v1.quota.warning',
            data: { quota: 'day', limit: 10, used: 8 },
          });
          room.clock.now += 24 * 3_600_000;
          await take(id, 10);
          expect(await warnings()).to.have.lengthOf(2);
        });

        it('takes nothing back of what a failed write took', async () => {
          const { id } = await room.addSender('CTPC', { perMinute: 10, perDay: null });
          const failed = database.write(async (sql) => {
            await room.senders.quota.take(sql, id, 10, room.clock.now);
            throw new Error('later');
          });
          await failed.catch(() => undefined);
          expect(await take(id, 10)).to.include({ taken: 10 });
        });

        it('has no limits and no headers without quotas', async () => {
          const { id } = await room.addSender('CTPC');
          expect(await take(id, 1_000_000)).to.deep.equal({ taken: 1_000_000, headers: {} });
        });

        it('sees a changed quota within seconds', async () => {
          const { id, key } = await room.addSender('CTPC');
          await status(key);
          await room.administration.setLimits('CTPC', { perMinute: 5, perDay: null });
          room.clock.now += 5_000;
          expect(await take(id, 10)).to.include({ taken: 5 });
        });
      });
    }),
  ));
