import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { KEY, type StandInSmis, standInSmis } from '../testing/stand-in-smis.ts';
import { checkConfig, createLog, type RunningSideCar, runSideCar } from './index.ts';

// biome-ignore lint/suspicious/noExplicitAny: what services read field by field
type Json = any;

describe('side-car', () => {
  let smis: StandInSmis;
  let folder: string;
  let sideCar: RunningSideCar;
  let now: number;
  let logged: string;

  beforeEach(async () => {
    smis = await standInSmis();
    folder = await mkdtemp(join(tmpdir(), 'civicline-side-car-'));
    now = Date.parse('2026-06-01T08:00:00Z');
    logged = '';
    sideCar = await start();
  });
  afterEach(async () => {
    await sideCar.stop();
    await smis.close();
    await rm(folder, { recursive: true });
    expect(logged).not.to.match(/(?<!\d)0470|470 ?00 ?00 ?01|afspraak|INTERNAL|TypeError/);
  });

  function start(more: object = {}): Promise<RunningSideCar> {
    const services = [{ name: 'service', key: KEY, urgency: 'urgent' }];
    const config = checkConfig(
      { url: smis.url, listen: '127.0.0.1:0', folder, services, country: 'BE', ...more },
      'test',
    );
    return runSideCar({ config, log: createLog({ write: (line) => (logged += line) }, () => now), now: () => now });
  }

  const post = (body: unknown, headers: Record<string, string> = {}, path = '/messages') =>
    fetch(sideCar.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' || body instanceof Uint8Array ? (body as BodyInit) : JSON.stringify(body),
    });
  const get = async (id: string): Promise<Json> => (await fetch(`${sideCar.url}/messages/${id}`)).json();
  const sent = { to: '0470 00 00 01', text: 'Uw afspraak is morgen' };

  async function until<Value>(
    look: () => Value | undefined | false | Promise<Value | undefined | false>,
  ): Promise<Value> {
    while (true) {
      const found = await look();
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  const reaches = (id: string, state: string) => until(async () => (await get(id)).state === state);

  it('takes a message, brings it to SMIS, and tells what became of it', async () => {
    const response = await post({ ...sent, reference: 'r-1' });
    expect(response.status).to.equal(202);
    const accepted = (await response.json()) as Json;
    expect(accepted).to.include({ reference: 'r-1', state: 'waiting' });
    expect(accepted.sms).to.deep.equal({ encoding: 'gsm', segments: 1, characters: 21 });
    await reaches(accepted.id, 'accepted');
    const [stored] = smis.messages.values();
    // SMIS knows it by the side-car's id, not by the service's reference.
    expect(stored?.view).to.include({ reference: accepted.id, urgency: 'urgent', category: 'individual' });
    const smisId = stored?.view.id ?? '';
    expect(await smis.opened(smisId, 'sms')).to.deep.equal({ to: '+32470000001', text: sent.text });
    smis.happen(smisId, 'attempted', 'attempting', { channel: 'sms' });
    smis.happen(smisId, 'delivered', 'delivered', { channel: 'sms', segments: 1 });
    await reaches(accepted.id, 'delivered');
    expect(await get(accepted.id)).to.include({ channel: 'sms', segments: 1, smisId, reference: 'r-1' });
  });

  it('sends an e-mail, by the strategy that is asked for', async () => {
    const body = {
      to: { phone: '0470000001', email: 'a@b.be' },
      text: 'x',
      subject: 's',
      strategy: [{ channel: 'email' }],
    };
    const { id } = (await (await post(body)).json()) as Json;
    await reaches(id, 'accepted');
    const [stored] = smis.messages.values();
    expect(Object.keys(stored?.input.parts ?? {})).to.deep.equal(['email']);
  });

  it('has one message per Idempotency-Key, also after a restart', async () => {
    const headers = { 'idempotency-key': 'order-1' };
    const [first, same] = await Promise.all([post(sent, headers), post(sent, headers)]);
    const { id } = (await first.json()) as Json;
    expect(((await same.json()) as Json).id).to.equal(id);
    await sideCar.stop();
    sideCar = await start();
    expect(((await (await post(sent, headers)).json()) as Json).id).to.equal(id);
    const other = await post({ ...sent, text: 'anders' }, headers);
    expect([other.status, ((await other.json()) as Json).code]).to.deep.equal([422, 'IDEMPOTENCY_KEY_REUSED']);
    await reaches(id, 'accepted');
    expect(smis.messages.size).to.equal(1);
  });

  it('gives the first answer to a repeat that comes after the message has expired', async () => {
    const headers = { 'idempotency-key': 'order-1' };
    const body = { ...sent, expiresAt: new Date(now + 60_000).toISOString() };
    const { id } = (await (await post(body, headers)).json()) as Json;
    now += 120_000;
    const repeat = await post(body, headers);
    expect([repeat.status, ((await repeat.json()) as Json).id]).to.deep.equal([202, id]);
    const other = await post({ ...body, text: 'anders' }, headers);
    expect([other.status, ((await other.json()) as Json).code]).to.deep.equal([422, 'IDEMPOTENCY_KEY_REUSED']);
    expect((await post(body, { 'idempotency-key': 'order-2' })).status).to.equal(400);
  });

  it('keeps what it took while SMIS is away, and repeats a batch unchanged', async () => {
    smis.trouble = ({ path }) => (path === '/v1/channels' ? { status: 404 } : undefined);
    const { id } = (await (await post(sent)).json()) as Json;
    await until(() => logged.includes('submission failed'));
    const health = (await (await fetch(`${sideCar.url}/health`)).json()) as Json;
    expect(health).to.include({ status: 'ok', waiting: 1 });
    expect(health.failures.service).to.equal('REFUSED');
    await sideCar.stop();
    // Its answer is lost; the side-car stops before it can repeat.
    let lost = 0;
    smis.trouble = ({ path }) => (path.endsWith('/batch') && lost++ === 0 ? 'lost-after' : undefined);
    sideCar = await start();
    await until(() => lost === 1);
    await sideCar.stop();
    sideCar = await start();
    await reaches(id, 'accepted');
    expect(smis.messages.size).to.equal(1);
    const keys = smis.requests
      .filter(({ path }) => path.endsWith('/batch'))
      .map(({ idempotencyKey }) => idempotencyKey);
    expect(new Set(keys).size).to.equal(1);
  });

  it('asks SMIS what it has before it repeats a batch of days ago', async () => {
    let lost = 0;
    smis.trouble = ({ path }) => (path.endsWith('/batch') && lost++ === 0 ? 'lost-after' : undefined);
    const { id } = (await (await post(sent)).json()) as Json;
    await until(() => lost === 1);
    await sideCar.stop();
    now += 30 * 3600_000;
    smis.trouble = () => undefined;
    const before = smis.requests.length;
    sideCar = await start();
    await reaches(id, 'accepted');
    expect(smis.messages.size).to.equal(1);
    expect(smis.requests.slice(before).map(({ path }) => path)).not.to.include('/v1/messages/batch');
  });

  it('says what SMIS will not have, and submits the rest', async () => {
    const refusal = { type: 'about:blank', title: 'no', status: 400, code: 'CATEGORY_NOT_ALLOWED' };
    smis.trouble = ({ path, body }) => {
      if (!path.endsWith('/batch')) return undefined;
      const answers = body
        .trim()
        .split('\n')
        .map(() => ({ problem: refusal }));
      return { status: 200, body: JSON.stringify(answers) };
    };
    const { id } = (await (await post(sent)).json()) as Json;
    await reaches(id, 'refused');
    expect(await get(id)).to.include({ reason: 'CATEGORY_NOT_ALLOWED' });
    expect((await post('', {}, `/messages/${id}/cancel`)).status).to.equal(409);
  });

  it('seals again when the channel’s key is another', async () => {
    const first = (await (await post(sent)).json()) as Json;
    await reaches(first.id, 'accepted');
    await smis.changeKeys();
    const second = (await (await post(sent)).json()) as Json;
    await reaches(second.id, 'accepted');
    expect(smis.messages.size).to.equal(2);
  });

  it('cancels what SMIS can still withdraw', async () => {
    const { id } = (await (await post(sent)).json()) as Json;
    await reaches(id, 'accepted');
    const cancelled = await post('', {}, `/messages/${id}/cancel`);
    expect([cancelled.status, ((await cancelled.json()) as Json).state]).to.deep.equal([200, 'cancelled']);
    expect((await post('', {}, '/messages/x/cancel')).status).to.equal(404);
  });

  it('keeps numbers and texts sealed, and no longer than needed', async () => {
    const { id } = (await (await post(sent)).json()) as Json;
    await reaches(id, 'accepted');
    await sideCar.stop();
    for (const file of ['side-car.db', 'side-car.key']) {
      const bytes = await readFile(join(folder, file));
      expect(bytes.includes('470000001') || bytes.includes('afspraak'), file).to.equal(false);
    }
    sideCar = await start();
  });

  it('does not start without the key of the messages that it has', async () => {
    const { id } = (await (await post(sent)).json()) as Json;
    await sideCar.stop();
    const file = join(folder, 'side-car.key');
    const key = await readFile(file);
    const failure = () => start().catch((error: unknown) => error as { code: string; message: string });
    await rm(file);
    expect(await failure()).to.include({ code: 'SIDE_CAR_KEY_MISSING' });
    // None was made.
    expect(((await failure()) as { message: string }).message).to.match(/^side-car\.key is missing/);
    await writeFile(file, randomBytes(32).toString('base64url'));
    expect(await failure()).to.include({ code: 'SIDE_CAR_KEY_WRONG' });
    await writeFile(file, key);
    sideCar = await start();
    await reaches(id, 'accepted');
  });

  it('says what is wrong with a request', async () => {
    const wrong: [unknown, number, string][] = [
      ['{', 400, 'JSON_MALFORMED'],
      [Buffer.from([0x22, 0xff, 0x22]), 400, 'JSON_MALFORMED'],
      ['x'.repeat(1_000_000), 413, 'BODY_TOO_LARGE'],
      ['[]', 400, 'INPUT_INVALID'],
      ['null', 400, 'INPUT_INVALID'],
      [{}, 400, 'INPUT_INVALID'],
      [{ ...sent, to: '0470' }, 400, 'NUMBER_INVALID'],
      [{ ...sent, from: 'Gemeente Gent' }, 400, 'SENDER_INVALID'],
      [{ ...sent, to: 'a@b' }, 400, 'INPUT_INVALID'],
      [{ ...sent, to: 470 }, 400, 'INPUT_INVALID'],
      [{ ...sent, colour: 'red' }, 400, 'INPUT_INVALID'],
      [{ ...sent, expiresAt: '2026-05-01T00:00:00Z' }, 400, 'INPUT_INVALID'],
      [{ ...sent, strategy: [{ channel: 'email' }] }, 400, 'RECIPIENT_MISSING'],
    ];
    for (const [body, status, code] of wrong) {
      const response = await post(body);
      const problem = (await response.json()) as Json;
      expect([response.status, problem.code], JSON.stringify(body).slice(0, 60)).to.deep.equal([status, code]);
      expect(response.headers.get('content-type')).to.equal('application/problem+json; charset=utf-8');
    }
    expect((await post(sent, { 'content-type': 'text/plain' })).status).to.equal(415);
    expect((await post(sent, { 'idempotency-key': 'é'.repeat(2) })).status).to.equal(400);
    expect((await post(sent, { authorization: 'Bearer guess' })).status).to.equal(401);
    expect((await fetch(`${sideCar.url}/messages/unknown`)).status).to.equal(404);
    expect((await fetch(`${sideCar.url}/%ff`)).status).to.equal(404);
    expect(smis.requests.filter(({ method }) => method === 'POST')).to.deep.equal([]);
  });

  it('serves no page in a browser that calls this machine by another name', async () => {
    const { port } = new URL(sideCar.url);
    const status = await new Promise((resolve, reject) => {
      const headers = { host: 'attacker.example', 'content-type': 'application/json' };
      const request = httpRequest(
        { port, host: '127.0.0.1', path: '/messages', method: 'POST', headers },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      request.on('error', reject).end(JSON.stringify(sent));
    });
    expect(status).to.equal(403);
  });

  it('lets a second one not into its folder', async () => {
    const error = await start().catch((reason: unknown) => reason);
    expect((error as Error).message).to.include('another side-car');
  });
});
