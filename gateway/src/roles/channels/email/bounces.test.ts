import type { Server } from 'node:http';
import { expect } from 'chai';
import fc from 'fast-check';
import { createHttp, createLog, createMetrics, drain, finishHttp, listen } from '../../../platform/http/index.ts';
import { type Database, openDatabase } from '../../../platform/storage/index.ts';
import { readReport } from './bounces.ts';
import { attempt, BOUNCE_TOKEN, openRoom, type Room, type SmtpProcess, startSmtp } from './testing/room.ts';

const ID = '01980000-0000-7000-8000-000000000001';

interface Parts {
  to?: string;
  envelopeId?: string;
  recipient?: string;
  returned?: string;
}

/** A report as Postfix writes it. */
function reportOf({
  to = '',
  envelopeId = '',
  recipient = 'Action: failed\nStatus: 5.1.1',
  returned = '',
}: Parts): string {
  return `Return-Path: <>
From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
To: ${to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4Xq1.1234/mx.example.org"

This is a MIME-encapsulated message.

--4Xq1.1234/mx.example.org
Content-Type: text/plain; charset=us-ascii

Sorry. Action: delivered
--4Xq1.1234/mx.example.org
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
${envelopeId ? `Original-Envelope-Id: ${envelopeId}\n` : ''}
Final-Recipient: rfc822; an@example.org
${recipient}

--4Xq1.1234/mx.example.org
Content-Type: text/rfc822-headers

Subject: Uw afspraak
${returned}
--4Xq1.1234/mx.example.org--
`.replaceAll('\n', '\r\n');
}

describe('delivery status notifications', () => {
  const failed = { attemptId: ID, kind: 'failed', reason: 'ADDRESS_UNKNOWN' };

  it('name our mail by the envelope id, the return path, or the Message-ID', () => {
    for (const parts of [
      { envelopeId: ID.toUpperCase() },
      { envelopeId: `${ID} (ours)` },
      { to: `<bounces+${ID}@example.org>` },
      { returned: `Message-ID:\n <${ID}@example.org>` },
    ]) {
      expect(readReport(reportOf(parts))).to.deep.equal(failed);
    }
  });

  it('say what became of it', () => {
    const cases: [string, object][] = [
      ['Action: failed\nStatus: 5.2.2 (full)', { kind: 'failed', reason: 'MAILBOX_FULL' }],
      [
        'Action: FAILED\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 5.1.1\n unknown',
        { kind: 'failed', reason: 'ADDRESS_UNKNOWN' },
      ],
      ['Action: failed\nStatus: 5.0.0', { kind: 'failed', reason: 'MAIL_REFUSED' }],
      ['Action: failed\nStatus: 4.4.7', { kind: 'failed', reason: 'SERVER_UNREACHABLE' }],
      ['Action: failed\nStatus: 5.7.26', { kind: 'failed', reason: 'MAIL_REFUSED_BY_POLICY' }],
      ['Action: failed', { kind: 'failed', reason: 'MAIL_REFUSED' }],
      ['Action: failed (user unknown)\nStatus: 5.1.1', { kind: 'failed', reason: 'ADDRESS_UNKNOWN' }],
      [
        'Action:\n\t(try 3 (of 3)) Failed(gave up\\) \nStatus: (550 5.7.1) 5.1.1',
        { kind: 'failed', reason: 'ADDRESS_UNKNOWN' },
      ],
      ['Action: failed; user unknown\nStatus: 5.2.2', { kind: 'failed', reason: 'MAILBOX_FULL' }],
      ['Action: failed\nStatus: 5.0.0 (5.7.1 in other words)', { kind: 'failed', reason: 'MAIL_REFUSED' }],
      ['Action: delivered (to the mailbox; an earlier one had failed)\nStatus: 2.0.0', { kind: 'delivered' }],
      ['Action: (failed) delayed\nStatus: 4.4.1', { kind: 'delayed' }],
      ['Action: delayed\nStatus: 4.4.1', { kind: 'delayed' }],
      ['Action: delivered\nStatus: 2.0.0', { kind: 'delivered' }],
      ['Action: relayed\nStatus: 2.0.0', { kind: 'delayed' }],
    ];
    for (const [recipient, expected] of cases) {
      expect(readReport(reportOf({ envelopeId: ID, recipient })), recipient).to.deep.equal({
        attemptId: ID,
        ...expected,
      });
    }
  });

  it('are told from everything else', () => {
    const other = [
      '',
      '\n\n',
      'Subject: Away\n\nI am away until Monday.',
      reportOf({}),
      reportOf({ to: 'bounces@example.org' }),
    ];
    for (const mail of other) expect(readReport(mail)).to.equal(null);
  });

  it('never throw, whatever comes', () => {
    const lines = reportOf({ envelopeId: ID }).split('\r\n');
    fc.assert(fc.property(fc.string(), (mail) => void readReport(mail)));
    fc.assert(fc.property(fc.array(fc.constantFrom(...lines)), (some) => void readReport(some.join('\n'))));
    const nested = 'Content-Type: multipart/report; boundary=x\n\n--x\n'.repeat(20_000);
    expect(readReport(nested)).to.equal(null);
  });
});

describe('POST /v1/email/bounces', () => {
  let database: Database;
  let smtp: SmtpProcess;
  let room: Room;
  let server: Server;
  let url: string;

  beforeEach(async () => {
    database = await openDatabase({ url: 'memory:', role: 'email' });
    smtp = await startSmtp();
    room = await openRoom(database, smtp.port);
    const log = createLog('silent');
    const http = createHttp({ log, metrics: createMetrics(false), trustedProxies: ['loopback'] });
    room.channel.mount(http);
    finishHttp(http, log);
    const listening = await listen(http, '127.0.0.1', 0);
    server = listening.server;
    url = `http://127.0.0.1:${listening.port}/v1/email/bounces`;
  });
  afterEach(async () => {
    await drain(server, 100);
    await smtp.kill();
    await room.stop();
    await database.close();
  });

  const post = (body: string, headers: Record<string, string> = {}) =>
    fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${BOUNCE_TOKEN}`, 'content-type': 'message/rfc822', ...headers },
      body,
    });
  const resultOf = async (body: string) => ((await (await post(body)).json()) as { result: string }).result;

  async function handOver(): Promise<string> {
    const one = attempt();
    await room.channel.submit([one]);
    await room.told(one.id, 1);
    return one.id;
  }

  it('ends the attempt that the bounce names, once', async () => {
    const id = await handOver();
    expect(await resultOf(reportOf({ envelopeId: id, recipient: 'Action: delayed\nStatus: 4.4.1' }))).to.equal(
      'delayed',
    );
    expect(await resultOf(reportOf({ envelopeId: id }))).to.equal('failed');
    expect(await room.told(id, 2)).to.deep.equal(['handed-over', 'ADDRESS_UNKNOWN']);
    expect(await resultOf(reportOf({ envelopeId: id }))).to.equal('late');
  });

  it('changes nothing of what was told delivered, and counts it', async () => {
    expect(await room.metrics.metrics()).to.include('civicline_email_reports_total{result="late"} 0');
    const id = await handOver();
    expect(await resultOf(reportOf({ envelopeId: id, recipient: 'Action: delivered\nStatus: 2.1.5' }))).to.equal(
      'delivered',
    );
    expect(await resultOf(reportOf({ envelopeId: id }))).to.equal('late');
    expect(await room.told(id, 2)).to.deep.equal(['handed-over', 'delivered']);
    expect(await room.metrics.metrics()).to.include('civicline_email_reports_total{result="late"} 1');
  });

  it('says what became of a mail whose answer was lost', async () => {
    await smtp.behave({ content: 'take-and-hang' });
    const hanging = smtp.at('content');
    const one = attempt();
    await room.channel.submit([one]);
    await hanging;
    await smtp.kill();
    expect(await room.told(one.id, 1)).to.deep.equal(['unknown']);
    expect(await resultOf(reportOf({ envelopeId: one.id }))).to.equal('failed');
    expect(await room.told(one.id, 2)).to.deep.equal(['unknown', 'ADDRESS_UNKNOWN']);
  });

  it('ignores other mail, and refuses who has no token', async () => {
    expect(await resultOf('Subject: Away\r\n\r\nUntil Monday.')).to.equal('ignored');
    expect(await resultOf(reportOf({ envelopeId: ID }))).to.equal('late');
    expect((await post('x', { authorization: 'Bearer wrong' })).status).to.equal(401);
    expect((await post('x', { authorization: '' })).status).to.equal(401);
    expect((await post('x', { 'content-type': 'text/plain' })).status).to.equal(415);
    expect((await post('x'.repeat(1_100_000))).status).to.equal(413);
  });
});
