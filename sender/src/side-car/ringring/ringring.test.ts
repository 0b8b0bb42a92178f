import { expect } from 'chai';
import fc from 'fast-check';
import { API_KEY, type Json, type RingRingRoom, ringRingRoom, until } from '../../testing/ringring-room.ts';

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

describe('RingRing dialect of the side-car', () => {
  let room: RingRingRoom;

  beforeEach(async () => {
    room = await ringRingRoom();
  });
  afterEach(() => room.close());

  describe('as the vendor’s clients speak it', () => {
    it('C#: every property, also those without a value', async () => {
      const nothing = { From: null, SenderId: null, TimeValidity: null, TimeScheduled: null, Reference: null };
      const rest = { ReplaceIfPresent: null, StatusUrl: null, StatusMethod: null, StatusFormat: null };
      const answer = await room.send({ ...nothing, ...rest, MessageEncoding: 'Text', Message: 'één ✓' });
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
      const stored = await room.atSmis(answer.Messages[0].MessageId);
      expect(stored.view.category).to.equal('informative');
      expect(stored.input.strategy).to.deep.equal([{ channel: 'sms', waitSeconds: 60 }]);
      expect(await room.smis.opened(stored.view.id, 'sms')).to.deep.equal({ to: '+32470000001', text: 'één ✓' });
    });

    it('Java: only what has a value, and status 200, 201 or 400 with a body', async () => {
      const body = {
        ApiKey: API_KEY,
        To: '32470000001,32470000002',
        Message: 'x',
        Reference: 'ref-1',
        MessageEncoding: 'Unicode',
      };
      const sent = await room.post('/v1/Message', JSON.stringify(body));
      expect(sent.status).to.equal(201);
      const answer = (await sent.json()) as Json;
      expect(answer).to.include({ MessageCount: 2, Reference: 'ref-1', ResultCode: 0 });
      const [{ MessageId }] = answer.Messages;
      expect((await room.post('/v1/StatusMessage', JSON.stringify({ ApiKey: API_KEY, MessageId }))).status).to.equal(
        200,
      );
      const refused = await room.post('/v1/Message', JSON.stringify({ ...body, ApiKey: 'wrong' }));
      expect([refused.status, ((await refused.json()) as Json).ResultCode]).to.deep.equal([400, 12]);
    });

    it('Node.js: names and paths in lower case, leftovers, and a status by GET', async () => {
      const lower = { apiKey: API_KEY, to: '32470000001', message: 'x', senderId: 'stad', 0: 'leftover' };
      const { Messages } = await room.call('/v1/message', lower);
      const query = new URLSearchParams({ apiKey: API_KEY, messageId: Messages[0].MessageId });
      const status = (await (await room.get(`/v1/statusmessage?${query}`)).json()) as Json;
      expect(status).to.include({ MessageId: Messages[0].MessageId, To: '32470000001', Message: 'x' });
      expect((await room.call('/v1/cancel', { apiKey: API_KEY, messageId: 'x' })).ResultCode).to.equal(26);
      expect((await room.get(`/v1/message?${query}`)).status).to.equal(404);
    });

    it('XML, asked and answered', async () => {
      const xml = `<?xml version="1.0" encoding="utf-16"?><MessageRequest xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
        <ApiKey>${API_KEY}</ApiKey><To>32470000001,9</To><Message>R&amp;D &lt;&#233;&gt;</Message><From/></MessageRequest>`;
      const answer = await (await room.post('/v1/Message', xml, 'text/xml')).text();
      expect(answer).to.match(/^<\?xml version="1.0" encoding="utf-8"\?><MessageResponse><MessageCount>1</);
      expect(answer).to.include('<Message><MessageId></MessageId><To>9</To><ResultCode>10</ResultCode>');
      const [, id = ''] = /<MessageId>([0-9a-f-]{36})</.exec(answer) ?? [];
      const stored = await room.atSmis(id);
      expect(await room.smis.opened(stored.view.id, 'sms')).to.include({ text: 'R&D <é>' });
    });
  });

  it('schedules, and cancels what has not gone', async () => {
    const [{ MessageId }] = (await room.send({ TimeScheduled: '01-06-2026 12:30' })).Messages;
    expect(await room.statusOf(MessageId)).to.include({ StatusCode: '0', TimeScheduled: '2026-06-01 12:30:00' });
    const [other] = (await room.send({ TimeScheduled: '01-06-2026 12:30' })).Messages;
    expect(
      await room.call('/v1/Cancel', { ApiKey: API_KEY, MessageId: `{${other.MessageId.toUpperCase()}}` }),
    ).to.deep.equal({
      MessageId: other.MessageId,
      ResultCode: 0,
      ResultDescription: 'Success',
    });
    expect(await room.call('/v1/Cancel', { ApiKey: API_KEY, MessageId: other.MessageId })).to.include({
      ResultCode: 27,
    });
    expect(room.smis.messages.size).to.equal(0);

    room.pass(2.5 * 3600_000);
    await room.send();
    const { view } = await room.atSmis(MessageId);
    expect(room.smis.messages.size).to.equal(2);
    await room.reaches(MessageId, '20');
    expect(await room.call('/v1/Cancel', { ApiKey: API_KEY, MessageId })).to.include({ ResultCode: 0 });
    expect(room.smis.messages.get(view.id)?.view.state).to.equal('cancelled');
  });

  it('does not cancel what is gone, another’s, or unknown', async () => {
    const [{ MessageId }] = (await room.send()).Messages;
    const { view } = await room.atSmis(MessageId);
    await room.reaches(MessageId, '20');
    room.smis.happen(view.id, 'delivered', 'delivered');
    expect(await room.call('/v1/Cancel', { ApiKey: API_KEY, MessageId })).to.include({ ResultCode: 29 });
    await room.reaches(MessageId, '200');
    expect(await room.call('/v1/Cancel', { ApiKey: API_KEY, MessageId })).to.include({ ResultCode: 29 });
    expect(await room.call('/v1/Cancel', { ApiKey: 'key-of-another-service', MessageId })).to.include({
      ResultCode: 29,
    });
    expect(await room.call('/sandbox/Cancel', { ApiKey: API_KEY, MessageId })).to.include({ ResultCode: 29 });
    expect(await room.statusOf('00000000-0000-0000-0000-000000000000')).to.include({ ResultCode: 29 });
  });

  it('sends nothing from the sandbox, and answers the same', async () => {
    const { Messages, ...answer } = await room.send({ StatusUrl: room.hooks.url }, '/sandbox/Message');
    expect(answer).to.include({ MessageCount: 1, ResultCode: 0 });
    await until(() => room.hooks.requests.length === 1);
    expect(await room.statusOf(Messages[0].MessageId, '/sandbox/StatusMessage')).to.include({ StatusCode: '200' });
    expect(await room.statusOf(Messages[0].MessageId)).to.include({ ResultCode: 29 });
    expect(room.smis.messages.size).to.equal(0);
  });

  it('has no incoming messages', async () => {
    expect(await room.call('/v1/Incoming', { ApiKey: API_KEY, MaxRecords: 5 })).to.deep.equal({
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
      [{ From: 'Gemeente Gent' }, 5],
      [{ From: 'Liège' }, 5],
      [{ From: '12' }, 5],
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
      const answer = await room.send(change);
      expect(answer.ResultCode, JSON.stringify(change).slice(0, 80)).to.equal(code);
    }
    expect(room.smis.messages.size).to.equal(0);
    expect(await room.send({ To: '\u202d+32 470 00\u00a000 01\u202c', From: 'Stad_Gent' })).to.include({
      ResultCode: 0,
    });
    expect(await room.send({ Message: '😀'.repeat(758), TimeValidity: '05/06/2026 10:00' })).to.include({
      ResultCode: 0,
    });
  });

  it('takes a thousand recipients, and says which are none', async () => {
    const numbers = Array.from({ length: 1_000 }, (_, i) =>
      i % 100 === 0 ? 'x' : `3247${String(i).padStart(7, '0')}`,
    );
    const { Messages, MessageCount, ResultCode } = await room.send({ To: numbers.join(', ') });
    expect([MessageCount, ResultCode, Messages.length]).to.deep.equal([990, 0, 1_000]);
    await until(() => room.smis.messages.size === 990);
    for (const [i, { MessageId, To, ResultCode }] of Messages.entries()) {
      expect(To).to.equal(numbers[i]);
      expect(ResultCode).to.equal(i % 100 === 0 ? 10 : 0);
      if (ResultCode === 0) expect((await room.atSmis(MessageId)).view.reference).to.equal(MessageId);
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
      const response = await room.post('/v1/Message', body);
      expect(response.status, String(body).slice(0, 40)).to.equal(400);
      const text = await response.text();
      expect(text).to.match(/"ResultCode":1[34]|<ResultCode>1[34]</);
    }
    expect((await room.post('/v2/Message', '{}')).status).to.equal(404);
    expect((await room.post('/v1/constructor', '{}')).status).to.equal(404);
    expect((await room.post('/v1/%ff', '{}')).status).to.be.within(400, 404);
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
          const response = await room.post('/v1/Message', JSON.stringify(body));
          expect(response.status).to.be.oneOf([201, 400]);
          expect(((await response.json()) as Json).ResultCode).to.be.a('number');
        },
      ),
      { numRuns: 150 },
    );
  });
});
