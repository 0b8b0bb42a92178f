import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { submitMany } from './batches.ts';
import { createSender, type ManyAnswer, type OutgoingMessage, type Sender, SenderError } from './index.ts';
import { KEY, type StandInSmis, standInSmis } from './testing/stand-in-smis.ts';

const message: OutgoingMessage = {
  to: { phone: '0470 00 00 01' },
  text: 'Uw afspraak is morgen om 10:00',
  category: 'individual',
};

describe('sender library', () => {
  let smis: StandInSmis;
  let waits: number[];
  let now: number;
  let sender: Sender;

  beforeEach(async () => {
    smis = await standInSmis();
    waits = [];
    now = Date.parse('2026-06-01T10:00:00Z');
    sender = senderWith({});
  });
  afterEach(() => smis.close());

  /** Whose time passes by waiting only. */
  function senderWith(more: { key?: string }): Sender {
    const wait = async (ms: number) => {
      waits.push(ms);
      now += ms;
    };
    return createSender({ url: `${smis.url}/`, key: KEY, country: 'BE', clock: { now: () => now, wait }, ...more });
  }

  const failure = async (work: Promise<unknown>): Promise<SenderError> => {
    const error = await work.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(SenderError);
    return error as SenderError;
  };
  const posts = () => smis.requests.filter(({ method, path }) => method === 'POST' && path === '/v1/messages');

  it('seals number and text for the channel alone', async () => {
    const accepted = await sender.send({ ...message, from: 'Stad', reference: 'r-1' });
    expect(accepted).to.include({ state: 'accepted', reference: 'r-1', category: 'individual', urgency: 'normal' });
    expect(accepted.sms).to.deep.equal({ encoding: 'gsm', segments: 1, characters: 30 });
    expect(await smis.opened(accepted.id, 'sms')).to.deep.equal({
      to: '+32470000001',
      text: message.text,
      from: 'Stad',
    });
    const sent = JSON.stringify(smis.messages.get(accepted.id)?.input);
    expect(sent).not.to.include('470000001').and.not.to.include('afspraak');
  });

  it('seals for every address, or for those that the strategy names', async () => {
    const to = { phone: '+32470000001', email: 'A.B@Voorbeeld.BE ' };
    const both = await sender.send({ ...message, to, subject: 'Afspraak' });
    expect(await smis.opened(both.id, 'email')).to.include({ to: 'A.B@voorbeeld.be', subject: 'Afspraak' });
    const one = await sender.send({ ...message, to, strategy: [{ channel: 'sms', waitSeconds: 60 }] });
    expect(Object.keys(smis.messages.get(one.id)?.input.parts ?? {})).to.deep.equal(['sms']);
  });

  it('says what is wrong where, and repeats no number', async () => {
    const wrong: [unknown, string, string][] = [
      [{ ...message, to: { phone: '+32 470 0' } }, 'NUMBER_INVALID', '/to/phone'],
      [{ ...message, to: { phone: '+32470000001 ext. 4' } }, 'NUMBER_INVALID', '/to/phone'],
      [{ ...message, to: { phone: `${'+3247'.repeat(50_000)}` } }, 'NUMBER_INVALID', '/to/phone'],
      ...['Gemeente Gent', 'Liège', '', '12', 'Stad`'].map((from): [unknown, string, string] => [
        { ...message, from },
        'SENDER_INVALID',
        '/from',
      ]),
      [{ ...message, to: { email: 'nobody@' }, subject: 'x' }, 'EMAIL_INVALID', '/to/email'],
      [{ ...message, to: { email: 'a@b.be' } }, 'INPUT_INVALID', '/subject'],
      [{ ...message, to: {} }, 'RECIPIENT_MISSING', '/to'],
      [{ ...message, to: '+32470000001' }, 'INPUT_INVALID', '/to'],
      [{ ...message, to: { '+32470000001': '' } }, 'INPUT_INVALID', '/to/…'],
      [{ ...message, text: '' }, 'TEXT_EMPTY', '/text'],
      [{ ...message, text: 'half \ud83d' }, 'TEXT_MALFORMED', '/text'],
      [{ ...message, text: 'x'.repeat(2_001) }, 'INPUT_INVALID', '/text'],
      [
        { to: { email: 'a@b.be' }, subject: 's', text: '✓'.repeat(20_000), category: 'individual' },
        'TEXT_TOO_LONG',
        '/text',
      ],
      [{ ...message, category: '+32470000001' }, 'INPUT_INVALID', '/category'],
      [{ ...message, strategy: [{ channel: 'email' }] }, 'RECIPIENT_MISSING', '/strategy/0/channel'],
      [{ ...message, strategy: [{ channel: 'sms' }, { channel: 'sms' }] }, 'INPUT_INVALID', '/strategy/1/channel'],
      [{ ...message, expiresAt: 'tomorrow' }, 'INPUT_INVALID', '/expiresAt'],
      [null, 'INPUT_INVALID', ''],
    ];
    for (const [input, code, path] of wrong) {
      const error = await failure(sender.send(input as OutgoingMessage));
      expect(error.code, path).to.equal(code);
      expect(error.errors[0]?.path).to.equal(path);
      expect(JSON.stringify([error.message, error.errors])).not.to.match(/470|nobody/);
    }
    expect(posts()).to.deep.equal([]);
    expect(() => createSender({ url: smis.url, key: KEY, country: 'XX' as never })).to.throw(SenderError);
    expect((await failure(createSender({ url: smis.url, key: KEY }).send(message))).code).to.equal('NUMBER_INVALID');
  });

  it('repeats what got no answer, with the same key, and has one message', async () => {
    const faults = ['lost-before', 'lost-after', { status: 503 }, 'lost-after'] as const;
    let failed = 0;
    smis.trouble = ({ path }) => (path === '/v1/messages' ? faults[failed++] : undefined);
    const accepted = await sender.send(message);
    expect([...smis.messages.keys()]).to.deep.equal([accepted.id]);
    expect(posts()).to.have.length(5);
    expect(new Set(posts().map(({ idempotencyKey }) => idempotencyKey)).size).to.equal(1);
    expect(waits).to.have.length(4);
  });

  it('waits as long as SMIS asks, or gives up and says so', async () => {
    let refusals = 2;
    smis.trouble = ({ path }) =>
      path === '/v1/messages' && refusals-- > 0 ? { status: 429, headers: { 'retry-after': '7' } } : undefined;
    await sender.send(message);
    expect(waits).to.have.length(2);
    expect(Math.min(...waits)).to.be.at.least(7_000);

    smis.trouble = ({ path }) =>
      path === '/v1/messages' ? { status: 429, headers: { 'retry-after': '3600' } } : undefined;
    expect(await failure(sender.send(message))).to.include({ status: 429, retryAfterSeconds: 3600 });
    expect(waits).to.have.length(2);
  });

  it('gives up on a SMIS that stays away, and repeats nothing that was refused', async () => {
    smis.trouble = () => 'lost-before';
    expect((await failure(sender.send(message))).code).to.equal('SMIS_UNREACHABLE');
    expect(waits.length).to.be.greaterThan(3);
    smis.trouble = () => undefined;
    const before = smis.requests.length;
    expect(await failure(senderWith({ key: 'wrong' }).send(message))).to.include({
      status: 401,
      code: 'ACCESS_REFUSED',
    });
    // Once more with a fresh credential, then no more.
    expect(smis.requests.length - before).to.equal(2);
    smis.trouble = () => ({ status: 302, headers: { location: 'http://127.0.0.1:9/' } });
    expect(await failure(sender.message(randomUUID()))).to.include({ status: 302, code: 'REFUSED' });
    smis.trouble = () => ({ status: 200, body: '<html>' });
    expect((await failure(sender.message(randomUUID()))).code).to.equal('ANSWER_MALFORMED');
  });

  it('seals again when the channel has another key', async () => {
    await sender.send(message);
    await smis.changeKeys();
    const accepted = await sender.send(message);
    expect(await smis.opened(accepted.id, 'sms')).to.include({ to: '+32470000001' });
  });

  it('looks keys up once an hour, and lives with the old ones while it cannot', async () => {
    const lookUps = () => smis.requests.filter(({ path }) => path === '/v1/channels').length;
    await Promise.all([sender.send(message), sender.send(message), sender.send(message)]);
    expect(lookUps()).to.equal(1);
    now += 3600_000;
    smis.trouble = ({ path }) => (path === '/v1/channels' ? { status: 404 } : undefined);
    await sender.send(message);
    await sender.send(message);
    expect(lookUps()).to.equal(2);
    now += 60_000;
    smis.trouble = () => undefined;
    await sender.send(message);
    expect(lookUps()).to.equal(3);
  });

  it('sends nothing twice under one key, also sealed anew', async () => {
    const first = await sender.send(message, { idempotencyKey: 'order-1' });
    expect((await sender.send(message, { idempotencyKey: 'order-1' })).id).to.equal(first.id);
    const other = sender.send({ ...message, reference: 'other' }, { idempotencyKey: 'order-1' });
    expect((await failure(other)).code).to.equal('IDEMPOTENCY_KEY_REUSED');
    const sealed = JSON.parse(JSON.stringify((await sender.seal(message)).input));
    const kept = await sender.submit(sealed, 'order-2');
    expect(await sender.submit(sealed, 'order-2')).to.deep.equal(kept);
    expect([...smis.messages.keys()]).to.deep.equal([first.id, kept.id]);
  });

  it('finds, shows, cancels', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await sender.send({ ...message, reference: 'same' })).id);
    const found: string[] = [];
    for await (const { id } of sender.find({ reference: 'same' })) found.push(id);
    expect(found).to.deep.equal(ids);
    expect(await sender.cancel(ids[0] ?? '')).to.include({ state: 'cancelled' });
    expect(await sender.message(ids[0] ?? '')).to.include({ state: 'cancelled' });
    expect(await failure(sender.message('../../x?y'))).to.include({ status: 404 });
  });

  it('reads the feed from where one stopped', async () => {
    const { id } = await sender.send(message);
    for (let i = 0; i < 4; i++) smis.happen(id, 'attempted', 'attempting', { channel: 'sms' });
    const seen: number[] = [];
    let cursor: string | undefined;
    for await (const { events, next } of sender.events()) {
      seen.push(events.length);
      cursor = next;
      break;
    }
    smis.happen(id, 'delivered', 'delivered', { channel: 'sms' });
    for await (const { events } of sender.events({ after: cursor })) {
      seen.push(events.length);
      if (events.some(({ type }) => type.endsWith('.delivered'))) break;
    }
    expect(seen).to.deep.equal([3, 2]);
  });

  it('stops waiting for events when told to', async () => {
    const stop = new AbortController();
    const real = createSender({ url: smis.url, key: KEY });
    const reading = (async () => {
      for await (const page of real.events({ signal: stop.signal })) expect(page).to.equal(undefined);
    })();
    while (!smis.requests.some(({ path }) => path === '/v1/events'))
      await new Promise((resolve) => setImmediate(resolve));
    stop.abort(new Error('enough'));
    expect(await reading.catch((error: unknown) => (error as Error).message)).to.equal('enough');
  });

  it('follows a message to its end', async () => {
    const { id } = await sender.send(message);
    const states: string[] = [];
    for await (const { state } of sender.follow(id)) {
      states.push(state);
      if (state === 'accepted') smis.happen(id, 'attempted', 'attempting');
      if (state === 'attempting') smis.happen(id, 'delivered', 'delivered');
    }
    expect(states).to.deep.equal(['accepted', 'attempting', 'delivered']);
  });

  describe('many', () => {
    const all = async (answers: AsyncIterable<ManyAnswer>) => {
      const list: ManyAnswer[] = [];
      for await (const answer of answers) list.push(answer);
      return list;
    };
    const numbered = (count: number, wrong: (i: number) => boolean = () => false): OutgoingMessage[] =>
      Array.from({ length: count }, (_, i) => ({
        ...message,
        reference: `r-${i}`,
        to: { phone: wrong(i) ? 'x' : '+32470000001' },
      }));

    it('answers each in order, the refused among them', async () => {
      const answers = await all(sender.sendMany(numbered(50, (i) => i % 7 === 0)));
      expect(answers.map(({ index }) => index)).to.deep.equal(Array.from({ length: 50 }, (_, i) => i));
      for (const answer of answers) {
        expect(answer.reference).to.equal(`r-${answer.index}`);
        if (answer.index % 7 === 0) expect(answer).to.have.nested.property('problem.code', 'NUMBER_INVALID');
        else expect(smis.messages.get((answer as { id: string }).id)?.view.reference).to.equal(answer.reference);
      }
    });

    it('asks its source for no more than two batches ahead', async () => {
      let asked = 0;
      async function* source() {
        for (; asked < 45_000; asked++) yield asked;
      }
      const batches: number[] = [];
      const answers = submitMany(source(), {
        seal: async () => ({ input: { category: 'individual', parts: { sms: { keyId: 'k', sealed: 'AAAA' } } } }),
        submit: async (batch) => {
          batches.push(batch.length);
          return batch.map(() => ({ id: randomUUID() }));
        },
        refreshKeys: async () => undefined,
      });
      let most = 0;
      for await (const { index } of answers) most = Math.max(most, asked - index);
      // Submitted, being filled, and the message that did not fit any more.
      expect(most).to.be.at.most(30_001);
      expect(batches.every((size) => size <= 10_000) && batches.reduce((sum, size) => sum + size)).to.equal(45_000);
    });

    it('gives the answers that it has before it tells what went wrong', async () => {
      let failing: number | null = null;
      let batches: number[] = [];
      async function* source(count: number) {
        for (let i = 0; i < count; i++) yield i;
        throw new Error('bad row');
      }
      const many = (count: number) =>
        submitMany(source(count), {
          seal: async () => ({ input: { category: 'individual', parts: { sms: { keyId: 'k', sealed: 'AAAA' } } } }),
          submit: async (batch) => {
            if (batches.push(batch.length) - 1 === failing) throw new SenderError('SMIS_UNREACHABLE', 'away');
            return batch.map(() => ({ id: randomUUID() }));
          },
          refreshKeys: async () => undefined,
        });
      const given = async (answers: AsyncIterable<ManyAnswer>) => {
        const indices: number[] = [];
        try {
          for await (const { index } of answers) indices.push(index);
        } catch (error) {
          return { count: indices.length, last: indices.at(-1), error: (error as Error).message };
        }
        return null;
      };
      const [all, first] = [await given(many(20_005)), batches[0] ?? 0];
      const two = first + (batches[1] ?? 0);
      expect(batches).to.have.length(2);
      expect(all).to.deep.equal({ count: two, last: two - 1, error: 'bad row' });
      // The second is under way when the first fails.
      [failing, batches] = [0, []];
      expect(await given(many(20_005))).to.deep.equal({ count: two - first, last: two - 1, error: 'away' });
      // What is not known is not passed over.
      [failing, batches] = [1, []];
      expect(await given(many(20_005))).to.deep.equal({ count: first, last: first - 1, error: 'away' });
    });

    it('repeats a batch whose answer was lost, and has each message once', async () => {
      let lost = 0;
      smis.trouble = ({ path }) => (path.endsWith('/batch') && lost++ < 2 ? 'lost-after' : undefined);
      expect(await all(sender.sendMany(numbered(20)))).to.have.length(20);
      expect(smis.messages.size).to.equal(20);
    });

    it('seals again what was sealed for a key of before', async () => {
      await sender.send(message);
      await smis.changeKeys();
      const answers = await all(sender.sendMany(numbered(5, (i) => i === 2)));
      expect(answers.map((answer) => 'id' in answer)).to.deep.equal([true, true, false, true, true]);
    });

    it('ends when there is no access, without inventing answers', async () => {
      expect((await failure(all(senderWith({ key: 'wrong' }).sendMany(numbered(3))))).status).to.equal(401);
      expect(await all(sender.sendMany([]))).to.deep.equal([]);
    });
  });
});
