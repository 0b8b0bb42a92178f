import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { createSealer, type Database, moveKeys } from '../../../platform/storage/index.ts';
import { eachEngine } from '../../../platform/storage/testing.ts';
import { numberColumns, wishOf } from './suppressions.ts';
import type { Tables } from './tables.ts';
import { attempt, openRoom, type Room } from './testing/room.ts';

describe('the wish in an SMS', () => {
  it('is STOP in the languages of Belgium, however it is written', () => {
    const texts = [
      'STOP',
      'stop',
      ' Stop. ',
      'ARRET',
      'Arrêt!',
      'arre\u0302t',
      'STOPP',
      'STOP sms',
      '"stop"',
      'Stop\nDank u',
    ];
    for (const text of texts) expect(wishOf(text), text).to.equal('stop');
  });

  it('is START, when nothing else is said', () => {
    for (const text of ['START', 'start', 'Réactiver', 'reactiveer', 'START sms'])
      expect(wishOf(text), text).to.equal('start');
    expect(wishOf('Start ik morgen met de cursus?')).to.equal(null);
  });

  it('is none in other texts', () => {
    for (const text of ['', ' ', 'Ik kom', 'Nonstop', 'stopcontact', 'Bushalte: STOP', '\u{1f6d1}', '停止']) {
      expect(wishOf(text), text).to.equal(null);
    }
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => [null, 'stop', 'start'].includes(wishOf(text))));
  });
});

eachEngine((open) => {
  describe('suppression', () => {
    const NUMBER = '+32470000001';
    const OTHER = { id: 'sender-2', name: 'Other' };
    let database: Database;
    let room: Room;

    beforeEach(async () => {
      database = await open();
      room = await openRoom(database);
    });
    afterEach(() => room.stop());

    const write = (text: string, from = NUMBER) => room.router.listener().inbound('first', { from, to: '8850', text });
    /** How an SMS ends, or that it left. */
    async function send(...input: Parameters<typeof attempt>): Promise<string> {
      const one = attempt(...input);
      await room.channel.submit([one]);
      const [outcome] = await room.outcomes(one.id, 1);
      return outcome?.reason ?? outcome?.kind ?? '';
    }

    it('holds for the sender that wrote last, for that number, until it is lifted', async () => {
      expect(await send({}, { sender: OTHER })).to.equal('handed-over');
      expect(await send()).to.equal('handed-over');
      await write('Arrêt');
      await write('STOP');
      expect(await send()).to.equal('SENDER_SUPPRESSED');
      expect(await send({}, { sender: OTHER })).to.equal('handed-over');
      expect(await send({ to: '+32470000002' })).to.equal('handed-over');
      await write('START');
      expect(await send()).to.equal('handed-over');
    });

    it('holds for all senders when nobody is known to have written', async () => {
      await write('STOP');
      expect(await send()).to.equal('SENDER_SUPPRESSED');
      expect(await send({}, { sender: OTHER })).to.equal('SENDER_SUPPRESSED');
    });

    it('holds, and can be lifted, while and after the channel moves to a data key of its own', async () => {
      const [own, shared] = [randomBytes(32), randomBytes(32)];
      const moving = createSealer([own, shared]);
      await room.stop();
      room = await openRoom(database, { sealer: createSealer([shared]) });
      await send();
      await write('STOP');
      await room.stop();
      room = await openRoom(database, { sealer: moving });
      expect(await send()).to.equal('SENDER_SUPPRESSED');
      expect(await moveKeys(database, moving, numberColumns)).to.deep.equal({ moved: 2, broken: 0 });
      expect(await send()).to.equal('SENDER_SUPPRESSED');
      // Who wrote last is still known.
      expect(await send({}, { sender: OTHER })).to.equal('handed-over');
      await write('START');
      expect(await send()).to.equal('handed-over');
    });

    it('does not hold for emergencies', async () => {
      await write('STOP');
      expect(await send({}, { category: 'emergency' })).to.equal('handed-over');
    });

    it('is told and counted where the number cannot be read', async () => {
      await write('STOP', '0470000001');
      expect(await send()).to.equal('handed-over');
      await write('Ik kom', '0470000001');
      await write('STOP');
      const metrics = await room.metrics.metrics();
      expect(metrics).to.include('civicline_sms_inbound_total{route="first",result="unreadable"} 1');
      expect(metrics).to.include('civicline_sms_inbound_total{route="first",result="stop"} 1');
      expect(metrics).to.include('civicline_sms_inbound_total{route="first",result="other"} 1');
    });

    it('is not brought about by other texts', async () => {
      await write('Ik kom morgen');
      expect(await send()).to.equal('handed-over');
    });

    it('stores no number', async () => {
      await send();
      await write('STOP');
      const { sql } = database.withTables<Tables>();
      const rows = [
        await sql.selectFrom('sms_recipients').selectAll().execute(),
        await sql.selectFrom('sms_suppressions').selectAll().execute(),
        await sql.selectFrom('sms_attempts').selectAll().execute(),
      ];
      expect(rows.map(({ length }) => length)).to.deep.equal([1, 1, 1]);
      expect(JSON.stringify(rows)).not.to.include('32470000001');
    });
  });
});
