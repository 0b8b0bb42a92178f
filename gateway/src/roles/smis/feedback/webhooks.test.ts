import { expect } from 'chai';
import { CloudEvent } from 'cloudevents';
import { Webhook } from 'standardwebhooks';
import { v7 as uuid } from 'uuid';
import type { Database } from '../../../platform/storage/index.ts';
import { eachEngine } from '../../../platform/storage/testing/index.ts';
import type { MessageEvent } from './index.ts';
import { WAITS } from './retry.ts';
import { answer, openReceiver, type Receiver } from './testing/receiver.ts';
import { openRoom, type Room } from './testing/room.ts';

interface View {
  id: string;
  url: string;
  state: string;
  reason?: string;
  secret: string;
  deliveredTo: string;
  nextTryAt?: string;
}

const HOUR_MS = 3_600_000;

describe('webhooks', () =>
  eachEngine((open) =>
    describe('behind HTTP', () => {
      let database: Database;
      let room: Room;
      let sender: { id: string; key: string };
      let receivers: Receiver[];

      beforeEach(async () => {
        database = await open();
        room = await openRoom({ database });
        sender = await room.addSender('CTPC');
        receivers = [];
        room.feedback.start();
      });
      afterEach(async () => {
        await room.close();
        await Promise.all(receivers.map((receiver) => receiver.close()));
      });

      async function receive(...options: Parameters<typeof openReceiver>): Promise<Receiver> {
        const receiver = await openReceiver(...options);
        receivers.push(receiver);
        return receiver;
      }
      async function add(url: string, key = sender.key): Promise<View> {
        const response = await room.ask(key, '/v1/webhooks', { url });
        expect(response.status).to.equal(201);
        return (await response.json()) as View;
      }
      const list = async () =>
        ((await (await room.ask(sender.key, '/v1/webhooks')).json()) as { webhooks: View[] }).webhooks;
      async function untilState(state: string): Promise<View> {
        for (;;) {
          const [view] = await list();
          if (view?.state === state) return view;
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }
      async function callsUnsigned(count: number): Promise<void> {
        const line = `civicline_smis_webhook_calls_total{result="unsigned"} ${count}\n`;
        while (!(await room.metrics.metrics()).includes(line)) await new Promise((resolve) => setTimeout(resolve, 10));
      }
      const event = (data: object = {}, more: Partial<MessageEvent> = {}): MessageEvent => ({
        messageId: uuid(),
        senderId: sender.id,
        kind: 'delivered',
        at: room.clock.now,
        data,
        ...more,
      });
      const record = (...events: MessageEvent[]) => database.write((sql) => room.feedback.record(sql, events));
      const feed = async () =>
        ((await (await room.ask(sender.key, '/v1/events?limit=1000')).json()) as { events: View[] }).events;

      it('calls with the event of the feed, signed as Standard Webhooks', async () => {
        const receiver = await receive();
        const { secret } = await add(receiver.url);
        await record(event({ reference: 'dossier 7' }));
        await receiver.until(() => receiver.calls.length === 1);
        const [call] = receiver.calls;
        if (!call) throw new Error('no call');
        expect(new Webhook(secret).verify(call.body, call.headers)).to.deep.equal((await feed())[0]);
        expect(new CloudEvent(JSON.parse(call.body)).validate()).to.equal(true);
        expect(call.headers['webhook-id']).to.equal(call.event.id);
        expect(call.headers['content-type']).to.match(/^application\/cloudevents\+json/);
        expect(() => new Webhook(secret).verify(`${call.body} `, call.headers)).to.throw();
      });

      it('gives a repeat under the same Idempotency-Key the same webhook and secret', async () => {
        const url = 'https://example.com/events';
        const again = (key: string, wanted = url) => room.ask(sender.key, '/v1/webhooks', { url: wanted }, 'POST', key);
        const answers = await Promise.all([again('first'), again('first'), again('first')]);
        expect(answers.map(({ status }) => status)).to.deep.equal([201, 201, 201]);
        const views = (await Promise.all(answers.map((answer) => answer.json()))) as View[];
        expect(new Set(views.map(({ id, secret }) => `${id} ${secret}`)).size).to.equal(1);
        expect(await list()).to.have.length(1);
        expect((await again('first', `${url}/other`)).status).to.equal(422);
        expect((await again('second')).status).to.equal(409);
      });

      it('signs with the old secret too, for a day', async () => {
        const receiver = await receive();
        const { id, secret } = await add(receiver.url);
        const rotated = (await (await room.ask(sender.key, `/v1/webhooks/${id}/rotate-secret`, {})).json()) as View;
        expect(rotated.secret).not.to.equal(secret);
        // Signed once more by the package: the clock was turned, so it would take the timestamp for old.
        const verify = (by: string, n: number) => {
          const call = receiver.calls[n];
          const at = new Date(Number(call?.headers['webhook-timestamp']) * 1_000);
          const signed = new Webhook(by).sign(call?.event.id ?? '', at, call?.body ?? '');
          return call?.headers['webhook-signature']?.split(' ').includes(signed);
        };
        await record(event());
        await receiver.until(() => receiver.calls.length === 1);
        expect([verify(secret, 0), verify(rotated.secret, 0)]).to.deep.equal([true, true]);
        room.clock.now += 24 * HOUR_MS + 1;
        await record(event());
        await receiver.until(() => receiver.calls.length === 2);
        expect([verify(secret, 1), verify(rotated.secret, 1)]).to.deep.equal([false, true]);
      });

      it('begins with what comes after it was made, and ends when it is removed', async () => {
        await record(event({ n: 0 }));
        const receiver = await receive();
        const { id } = await add(receiver.url);
        await record(event({ n: 1 }));
        await receiver.until(() => receiver.calls.length === 1);
        expect(receiver.calls[0]?.event.data).to.deep.equal({ n: 1 });
        expect((await room.ask(sender.key, `/v1/webhooks/${id}`, undefined, 'DELETE')).status).to.equal(204);
        expect(await list()).to.deep.equal([]);
        expect((await room.ask(sender.key, `/v1/webhooks/${id}`, undefined, 'DELETE')).status).to.equal(404);
      });

      it('keeps the order of each message, over many pages', async () => {
        const receiver = await receive((_call, response) => {
          setTimeout(() => response.writeHead(204).end(), Math.random() * 5);
        });
        await add(receiver.url);
        const messages = Array.from({ length: 40 }, () => uuid());
        for (let step = 0; step < 10; step++) {
          await record(...messages.map((messageId) => event({ step }, { messageId })));
        }
        await receiver.until(() => receiver.calls.length === 400);
        for (const messageId of messages) {
          const steps = receiver.calls
            .filter((call) => call.event.subject === messageId)
            .map((call) => call.event.data.step);
          expect(steps).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        }
        expect(new Set(receiver.calls.map((call) => call.event.id)).size).to.equal(400);
      });

      it('is not held up by another receiver that hangs', async () => {
        const other = await room.addSender('PLF');
        const hanging = await receive(() => undefined);
        const receiver = await receive();
        await add(hanging.url);
        await add(receiver.url, other.key);
        await record(...Array.from({ length: 20 }, () => event()));
        await hanging.until(() => hanging.calls.length > 0);
        await record(...Array.from({ length: 200 }, () => event({}, { senderId: other.id })));
        await receiver.until(() => receiver.calls.length === 200);
        expect((await list())[0]?.state).to.equal('enabled');
      });

      it('tries again after 500, in order, and loses nothing', async () => {
        const messageId = uuid();
        let down = true;
        const receiver = await receive(
          (call, response) => void response.writeHead(down ? 500 : 204).end(`${call.body}`),
        );
        await add(receiver.url);
        await record(event({ n: 0 }, { messageId }), event({ n: 1 }, { messageId }), event({ n: 2 }, { messageId }));
        const failing = await untilState('failing');
        expect(failing.nextTryAt).to.be.a('string');
        expect(receiver.calls).to.have.lengthOf(1);
        down = false;
        room.clock.now += 10_000;
        await receiver.until(() => receiver.calls.length === 4);
        expect(receiver.calls.map((call) => call.event.data.n)).to.deep.equal([0, 0, 1, 2]);
        expect(receiver.calls[0]?.event.id).to.equal(receiver.calls[1]?.event.id);
        await untilState('enabled');
      });

      it('disables a receiver that stays away, tells it in the feed only, and replays', async () => {
        let status = 503;
        const receiver = await receive((call, response, request) => answer(status)(call, response, request));
        await add(receiver.url);
        await record(event({ n: 0 }));
        for (let tries = 1; tries <= 10; tries++) {
          await receiver.until(() => receiver.calls.length === tries);
          if (tries === 10) break;
          await untilState('failing');
          room.clock.now += 30 * HOUR_MS;
        }
        const disabled = await untilState('disabled');
        expect(disabled.reason).to.equal('UNREACHABLE');
        const told = (await feed()).at(-1);
        expect(told).to.deep.include({
          type: 'be.smis.v1.webhook.disabled',
          data: { webhook: disabled.id, reason: 'UNREACHABLE', deliveredTo: disabled.deliveredTo },
        });
        expect(room.lines.join('')).to.include('WEBHOOK_DISABLED').and.not.include(receiver.url);
        status = 204;
        await record(event({ n: 1 }));
        expect((await room.ask(sender.key, `/v1/webhooks/${disabled.id}/replay`, {})).status).to.equal(200);
        await receiver.until(() => receiver.calls.length === 12);
        expect(receiver.calls.slice(10).map((call) => call.event.data.n)).to.deep.equal([0, 1]);
        expect(receiver.calls.every((call) => call.event.type === 'be.smis.v1.message.delivered')).to.equal(true);
      });

      it('gives up a webhook whose secret does not open, as one that stays away', async () => {
        const receiver = await receive();
        await add(receiver.url);
        // As it is when the data key that it was sealed with is not there any more.
        const { sql, write } = database.withTables<{ webhooks: { secret: string } }>();
        const { secret } = await sql.selectFrom('webhooks').select('secret').executeTakeFirstOrThrow();
        await write((sql) =>
          sql
            .updateTable('webhooks')
            .set({ secret: `0${secret}` })
            .execute(),
        );
        await record(event());
        for (let tries = 1; tries <= 9; tries++) {
          await callsUnsigned(tries);
          await untilState('failing');
          room.clock.now += 30 * HOUR_MS;
        }
        expect((await untilState('disabled')).reason).to.equal('UNREACHABLE');
        expect((await feed()).at(-1)).to.include({ type: 'be.smis.v1.webhook.disabled' });
        expect(receiver.calls).to.have.lengthOf(0);
      });

      it('replays from a cursor', async () => {
        const receiver = await receive();
        const { id } = await add(receiver.url);
        await record(event({ n: 0 }), event({ n: 1 }));
        await receiver.until(() => receiver.calls.length === 2);
        const first = (await (await room.ask(sender.key, '/v1/events?limit=1')).json()) as { next: string };
        await room.ask(sender.key, `/v1/webhooks/${id}/replay`, { after: first.next });
        await receiver.until(() => receiver.calls.length === 3);
        expect(receiver.calls[2]?.event.data).to.deep.equal({ n: 1 });
        expect((await room.ask(sender.key, `/v1/webhooks/${id}/replay`, { after: 'x' })).status).to.equal(400);
      });

      it('disables what answers 410', async () => {
        const receiver = await receive(answer(410));
        await add(receiver.url);
        await record(event());
        expect((await untilState('disabled')).reason).to.equal('GONE');
      });

      it('honours Retry-After', async () => {
        let status = 429;
        const receiver = await receive(
          (_call, response) => void response.writeHead(status, { 'retry-after': '120' }).end(),
        );
        await add(receiver.url);
        await record(event());
        const { nextTryAt } = await untilState('failing');
        expect(Date.parse(nextTryAt ?? '') - room.clock.now).to.equal(120_000);
        status = 204;
        room.clock.now += 120_000;
        await receiver.until(() => receiver.calls.length === 2);
      });

      it('is called after growing pauses by a receiver that always asks for none', async () => {
        const receiver = await receive(answer(503, { 'retry-after': '0' }));
        await add(receiver.url);
        await record(event());
        const pauses: number[] = [];
        for (let tries = 1; tries <= 4; tries++) {
          await receiver.until(() => receiver.calls.length === tries);
          // That of the call before stands until this one is recorded.
          let pause = 0;
          while (!(pause > 0)) pause = Date.parse((await untilState('failing')).nextTryAt ?? '') - room.clock.now;
          pauses.push(pause);
          room.clock.now += pause;
        }
        for (const [n, wait] of WAITS.slice(0, 4).entries()) expect(pauses[n]).to.be.within(wait * 0.8, wait * 1.2);
      });

      it('follows no redirect', async () => {
        const elsewhere = await receive();
        const receiver = await receive(answer(307, { location: elsewhere.url }));
        await add(receiver.url);
        await record(event());
        await untilState('failing');
        expect(elsewhere.calls).to.have.lengthOf(0);
        expect(await room.metrics.getSingleMetricAsString('civicline_smis_webhook_calls_total')).to.include(
          'result="redirect"',
        );
      });

      it('takes the status of a receiver that lies about its body, and reads little of an endless one', async () => {
        const receiver = await receive((call, response) => {
          if (call.event.data.n === 0) {
            response.writeHead(200, { 'content-length': '1000' }).write('short', () => response.destroy());
          } else {
            response.writeHead(200);
            const flood = () => {
              while (!response.destroyed && response.write('x'.repeat(65_536)));
            };
            response.on('drain', flood);
            flood();
          }
        });
        await add(receiver.url);
        await record(event({ n: 0 }), event({ n: 1 }));
        await receiver.until(() => receiver.calls.length === 2);
        await record(event({ n: 0 }));
        await receiver.until(() => receiver.calls.length === 3);
        expect((await list())[0]?.state).to.equal('enabled');
      });

      it('refuses URLs that lead inside, and more than ten', async () => {
        const urls = [
          'http://example.com/',
          'ftp://example.com/',
          'https://user:pass@example.com/',
          'https://10.0.0.1/',
          'https://169.254.169.254/latest',
          'https://[::1]/',
          'https://[fd00::1]/',
          'https://[::ffff:10.0.0.1]/',
          'https://0x0a000001/',
          'https://192.168.1',
          'http://[::1]/',
          'no url',
        ];
        for (const url of urls) {
          expect((await room.ask(sender.key, '/v1/webhooks', { url })).status, url).to.equal(400);
        }
        for (let n = 0; n < 10; n++) await add(`https://example.com/${n}`);
        const again = await room.ask(sender.key, '/v1/webhooks', { url: 'https://example.com/0' });
        expect(await again.json()).to.include({ status: 409 });
        expect((await room.ask(sender.key, '/v1/webhooks', { url: 'https://example.com/10' })).status).to.equal(409);
      });

      it('belongs to its sender', async () => {
        const { id } = await add('https://example.com/');
        const other = await room.addSender('PLF');
        for (const [path, method] of [
          [`/v1/webhooks/${id}`, 'DELETE'],
          [`/v1/webhooks/${id}/replay`, 'POST'],
          [`/v1/webhooks/${id}/rotate-secret`, 'POST'],
        ] as const) {
          const response = await room.ask(other.key, path, method === 'POST' ? {} : undefined, method);
          expect(response.status, path).to.equal(404);
        }
      });

      it('stores secrets sealed', async () => {
        const { secret } = await add('https://example.com/');
        const rows = await database.withTables<{ webhooks: object }>().sql.selectFrom('webhooks').selectAll().execute();
        expect(JSON.stringify(rows)).not.to.include(secret);
      });

      it('measures calls and how far they are behind', async () => {
        const receiver = await receive(answer(500));
        await add(receiver.url);
        await record(event({}, { at: room.clock.now - 60_000 }));
        await untilState('failing');
        const metrics = await room.metrics.metrics();
        expect(metrics).to.include('civicline_smis_events_total{kind="message.delivered"} 1');
        expect(metrics).to.include('civicline_smis_webhook_calls_total{result="status"} 1');
        expect(metrics).to.match(/civicline_smis_webhook_lag_seconds 60\b/);
      });
    }),
  ));
