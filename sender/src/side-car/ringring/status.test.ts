import { expect } from 'chai';
import { API_KEY, type Json, type RingRingRoom, ringRingRoom, until } from '../../testing/ringring-room.ts';
import { readFlatXml } from './xml.ts';

describe('status in the RingRing dialect', () => {
  let room: RingRingRoom;

  beforeEach(async () => {
    room = await ringRingRoom();
  });
  afterEach(() => room.close());

  it('follows the message through the vendor’s ranges', async () => {
    const { Messages } = await room.send({ Reference: 'case-9', From: 'Stad' });
    const id = Messages[0].MessageId;
    const { view } = await room.atSmis(id);
    await room.reaches(id, '20');
    room.smis.happen(view.id, 'deferred', 'deferred');
    await room.reaches(id, '21');
    room.smis.happen(view.id, 'attempted', 'attempting', { channel: 'sms' });
    await room.reaches(id, '100');
    room.smis.happen(view.id, 'fallback', 'falling-back', { channel: 'sms' });
    await room.reaches(id, '900');
    room.smis.happen(view.id, 'delivered', 'delivered', { channel: 'sms', segments: 3 });
    await room.reaches(id, '200');
    const status = await room.statusOf(id);
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
    expect(JSON.stringify([...room.smis.messages])).not.to.include('case-9');
  });

  it('tells the ends apart', async () => {
    const ends: [kind: string, state: 'undeliverable' | 'expired' | 'cancelled', reason: string, code: string][] = [
      ['undeliverable', 'undeliverable', 'NUMBER_UNKNOWN', '300'],
      ['undeliverable', 'undeliverable', 'RECEIPT_MISSING', '400'],
      ['expired', 'expired', 'EXPIRED', '801'],
      ['cancelled', 'cancelled', '', '802'],
    ];
    for (const [kind, state, reason, code] of ends) {
      const [{ MessageId }] = (await room.send()).Messages;
      room.smis.happen((await room.atSmis(MessageId)).view.id, kind, state, { reason });
      await room.reaches(MessageId, code);
    }
  });

  it('is given by /Status once, in pages', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.push((await room.send()).Messages[0].MessageId);
    for (const id of ids) room.smis.happen((await room.atSmis(id)).view.id, 'delivered', 'delivered');
    for (const id of ids) await room.reaches(id, '200');
    expect(await room.call('/v1/Status', { ApiKey: 'key-of-another-service' })).to.include({ NumberOfRecords: 0 });
    const first = await room.call('/v1/Status', { ApiKey: API_KEY, MaxRecords: 2 });
    expect(first).to.include({ NumberOfRecords: 2, RemainingRecords: 1, ResultCode: 0 });
    const rest = await until(async () => {
      const answer = await room.call('/v1/Status', { ApiKey: API_KEY });
      return answer.NumberOfRecords === 1 ? answer : undefined;
    });
    const told = [...first.StatusMessages, ...rest.StatusMessages].map(({ MessageId }: Json) => MessageId);
    expect(told.sort()).to.deep.equal(ids.sort());
    expect(await room.call('/v1/Status', { ApiKey: API_KEY, MaxRecords: 'many' })).to.include({ ResultCode: 24 });
    expect(await room.call('/v1/Status', { ApiKey: API_KEY, MaxRecords: 0 })).to.include({ ResultCode: 25 });
  });

  it('calls the StatusUrl until it is understood, in the form asked for', async () => {
    const StatusUrl = `${room.hooks.url}?secret=s`;
    const forms = [{}, { StatusFormat: 'XML' }, { StatusMethod: 'GET', StatusFormat: 'json' }];
    async function deliver(form: object): Promise<string> {
      const before = room.hooks.requests.length;
      const [{ MessageId }] = (await room.send({ StatusUrl, ...form })).Messages;
      room.smis.happen((await room.atSmis(MessageId)).view.id, 'delivered', 'delivered');
      await until(() => room.hooks.requests.length > before);
      return MessageId;
    }
    for (const form of forms) await deliver(form);
    const [json, xml, get] = room.hooks.requests;
    expect(JSON.parse(json?.body ?? '')).to.include({ StatusCode: '200', To: '32470000001', ResultCode: 0 });
    expect(json).to.include({ method: 'POST', url: '/status?secret=s', type: 'application/json; charset=utf-8' });
    expect(xml?.type).to.include('xml');
    expect(new Map(readFlatXml(xml?.body ?? '')).get('StatusCode')).to.equal('200');
    expect(get?.method).to.equal('GET');
    expect(new URL(get?.url ?? '', 'http://x').searchParams.get('Message')).to.equal('Uw afspraak is morgen');
    // "read" has no code with the vendor.
    const [stored] = room.smis.messages.values();
    room.smis.happen(stored?.view.id ?? '', 'read', 'read');
    // Called when the others are recorded as told; not understood, it alone is left.
    room.hooks.answers.push(500);
    const left = await deliver({});
    expect(room.hooks.requests).to.have.length(4);
    const { StatusMessages } = await room.call('/v1/Status', { ApiKey: API_KEY });
    expect(StatusMessages.map(({ MessageId }: Json) => MessageId)).to.deep.equal([left]);
  });

  it('keeps calling a StatusUrl that fails, also after a restart', async () => {
    room.hooks.answers.push(500, 302);
    const [{ MessageId }] = (await room.send({ StatusUrl: room.hooks.url })).Messages;
    room.smis.happen((await room.atSmis(MessageId)).view.id, 'delivered', 'delivered');
    await until(() => room.hooks.requests.length === 1);
    await until(() => room.logged().includes('status webhook failed'));
    await room.restartAfter(10_000);
    await until(() => room.hooks.requests.length === 2);
    await until(() => room.logged().split('status webhook failed').length === 3);
    await room.restartAfter(20_000);
    await until(() => room.hooks.requests.length === 3);
  });
});
