import { expect } from 'chai';
import type { Database } from '../../../platform/storage/index.ts';
import { eachEngine } from '../../../platform/storage/testing.ts';
import type { Tables } from './tables.ts';
import { attempt, CONTENT, KEYS, openRoom, type Room, type SmtpProcess, startSmtp } from './testing/room.ts';

const HOUR = 3600_000;

describe('the e-mail channel', () => {
  eachEngine((open) => {
    let database: Database;
    let smtp: SmtpProcess;
    let room: Room;

    beforeEach(async () => {
      database = await open();
      smtp = await startSmtp();
      room = await openRoom(database, smtp.port);
    });
    afterEach(async () => {
      await smtp.kill();
      await room.stop();
    });

    const row = (id: string) =>
      database
        .withTables<Tables>()
        .sql.selectFrom('email_attempts')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirstOrThrow();

    it('publishes its keys', async () => {
      expect(await room.channel.keys()).to.deep.equal([{ id: KEYS.keyId, publicKey: KEYS.publicKey }]);
    });

    it('hands over what was sealed for it, forgets it, and tells of the delivery after a quiet time', async () => {
      const one = attempt();
      await room.channel.submit([one]);
      expect(await room.told(one.id, 1)).to.deep.equal(['handed-over']);
      expect(smtp.mails).to.have.length(1);
      const [mail] = smtp.mails;
      expect(mail?.from).to.equal(`bounces+${one.id}@example.org`);
      expect(mail?.to).to.deep.equal([CONTENT.to]);
      expect(mail?.content)
        .to.include(`Message-ID: <${one.id}@example.org>`)
        .and.include('Auto-Submitted: auto-generated');
      expect(mail?.content)
        .to.include('From: Voorbeeldstad <no-reply@example.org>')
        .and.include('Subject: Uw afspraak');
      expect((await row(one.id)).sealed).to.equal(null);
      room.clock.ahead = 5 * HOUR;
      expect(await room.told(one.id, 2)).to.deep.equal(['handed-over', 'delivered']);
    });

    it('sends once what is submitted twice, even after its end', async () => {
      const one = attempt();
      await Promise.all([room.channel.submit([one]), room.channel.submit([one, one])]);
      await room.told(one.id, 1);
      await room.channel.submit([one]);
      const other = attempt();
      await room.channel.submit([other]);
      await room.told(other.id, 1);
      expect(smtp.mails).to.have.length(2);
    });

    it('sends many, and the urgent ones first', async () => {
      await smtp.behave({ rcptTo: { code: 451, message: '4.7.1 Later' } });
      const bulk = Array.from({ length: 30 }, () => attempt({}, { urgency: 'bulk' }));
      const urgent = attempt({ subject: 'urgent' }, { urgency: 'urgent' });
      await room.stop();
      await smtp.behave({});
      await room.channel.submit([...bulk, urgent]);
      room = await openRoom(database, smtp.port, { smtp: { connections: 1 } });
      for (const { id } of [...bulk, urgent]) expect(await room.told(id, 1)).to.deep.equal(['handed-over']);
      expect(smtp.mails).to.have.length(31);
      expect(smtp.mails[0]?.content).to.include('Subject: urgent');
    });

    it('comes back after greylisting, and not before its time', async () => {
      await smtp.behave({ rcptTo: { code: 451, message: '4.7.1 Greylisted, try again later' } });
      const tried = smtp.at('rcptTo');
      const one = attempt();
      await room.channel.submit([one]);
      await tried;
      const other = attempt();
      await smtp.behave({});
      await room.channel.submit([other]);
      await room.told(other.id, 1);
      expect(smtp.mails).to.have.length(1);
      room.clock.ahead = 120_000;
      expect(await room.told(one.id, 1)).to.deep.equal(['handed-over']);
      expect(smtp.mails).to.have.length(2);
    });

    it('says why a part cannot be sent, and sends nothing', async () => {
      const cases = [
        [attempt({ to: 'nobody' }), 'ADDRESS_INVALID'],
        [attempt({ subject: '' }), 'CONTENT_INVALID'],
        [attempt({}, { part: { keyId: 'other', sealed: 'AAAA' } }), 'SEALED_PART_UNKNOWN_KEY'],
        [attempt({}, { part: { keyId: KEYS.keyId, sealed: 'AAAA' } }), 'SEALED_PART_MALFORMED'],
        [attempt({}, { part: { keyId: KEYS.keyId, sealed: 'A'.repeat(200) } }), 'SEALED_PART_BROKEN'],
        [attempt({}, { expiresAt: Date.now() - 1 }), 'EXPIRED'],
      ] as const;
      await room.channel.submit(cases.map(([one]) => one));
      for (const [{ id }, reason] of cases) expect(await room.told(id, 1)).to.deep.equal([reason]);
      expect(smtp.mails).to.have.length(0);
    });

    it('lets no text of a mail into its headers', async () => {
      const one = attempt({ subject: 'a\r\nBcc: all@example.org\r\n\r\nx' });
      await room.channel.submit([one]);
      await room.told(one.id, 1);
      const [head = ''] = smtp.mails[0]?.content.split(/\r?\n\r?\n/) ?? [];
      expect(head).not.to.match(/^Bcc:/m);
      expect(smtp.mails[0]?.to).to.deep.equal([CONTENT.to]);
    });

    it('withdraws what has not left', async () => {
      await smtp.behave({ rcptTo: { code: 450, message: '4.2.0 Later' } });
      const one = attempt();
      const tried = smtp.at('rcptTo');
      await room.channel.submit([one]);
      await tried;
      await room.channel.cancel([one.id, 'unknown']);
      expect(await room.told(one.id, 1)).to.deep.equal(['cancelled']);
      await room.channel.cancel([one.id]);
      expect((await row(one.id)).sealed).to.equal(null);
      expect(smtp.mails).to.have.length(0);
    });

    it('keeps outcomes in order until they are acknowledged', async () => {
      const many = Array.from({ length: 12 }, () => attempt());
      await room.channel.submit(many);
      for (const { id } of many) await room.told(id, 1);
      const first = await room.channel.outcomes(0, 5);
      expect(first.map(({ position }) => position)).to.deep.equal([1, 2, 3, 4, 5]);
      await room.channel.acknowledge(5);
      expect((await room.channel.outcomes(0, 100)).map(({ position }) => position)).to.deep.equal([
        6, 7, 8, 9, 10, 11, 12,
      ]);
    });
  });
});
