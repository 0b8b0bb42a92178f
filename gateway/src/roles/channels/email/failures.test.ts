import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Database, openDatabase } from '../../../platform/storage/index.ts';
import { attempt, openRoom, type Room, type SmtpProcess, startSmtp } from './testing/room.ts';

const HOUR = 3600_000;

describe('e-mail against a server that fails', () => {
  let database: Database;
  let smtp: SmtpProcess;
  let room: Room;

  beforeEach(async () => {
    database = await openDatabase({ url: 'memory:', role: 'email' });
  });
  afterEach(async () => {
    await smtp.kill();
    await room.stop();
    await database.close();
  });

  async function start(
    behaviour: Parameters<SmtpProcess['behave']>[0] = {},
    changes: Parameters<typeof openRoom>[2] = {},
  ): Promise<void> {
    smtp = await startSmtp({ behaviour });
    room = await openRoom(database, smtp.port, changes);
  }

  async function submitOne(): Promise<string> {
    const one = attempt();
    await room.channel.submit([one]);
    return one.id;
  }

  const refusals = [
    ['rcptTo', 550, '5.1.1 No such user here', 'ADDRESS_UNKNOWN'],
    ['rcptTo', 550, 'unknown', 'ADDRESS_UNKNOWN'],
    ['rcptTo', 552, 'Mailbox full', 'MAILBOX_FULL'],
    ['rcptTo', 552, '5.2.2 Mailbox full', 'MAILBOX_FULL'],
    ['rcptTo', 550, '5.2.1 Disabled', 'MAILBOX_DISABLED'],
    ['rcptTo', 550, '5.7.1 Blocked, see 5.1.1.5', 'MAIL_REFUSED_BY_POLICY'],
    ['mailFrom', 552, '5.3.4 Too big', 'CONTENT_TOO_LARGE'],
    ['content', 552, 'Too much', 'CONTENT_TOO_LARGE'],
    ['content', 554, 'Looks like spam', 'MAIL_REFUSED'],
  ] as const;
  for (const [point, code, message, reason] of refusals) {
    it(`${code} ${message} (${point}) is final: ${reason}`, async () => {
      await start({ [point]: { code, message } });
      const id = await submitOne();
      expect(await room.told(id, 1)).to.deep.equal([reason]);
      expect(smtp.visits[point]).to.equal(1);
    });
  }

  for (const point of ['connect', 'mailFrom', 'rcptTo'] as const) {
    it(`sends nothing that is cancelled while the server stalls (${point})`, async () => {
      await start({ [point]: 'hang' });
      const stalls = smtp.at(point);
      const id = await submitOne();
      await stalls;
      await room.channel.cancel([id]);
      expect(await room.told(id, 1)).to.deep.equal(['cancelled']);
      await smtp.behave({});
      const other = await submitOne();
      expect(await room.told(other, 1)).to.deep.equal(['handed-over']);
      expect(smtp.mails).to.have.length(1);
    });
  }

  it('does not tell cancelled what the server has', async () => {
    await start({ content: 'take-and-hang' });
    const taken = smtp.at('content');
    const id = await submitOne();
    await taken;
    await room.channel.cancel([id]);
    await smtp.kill();
    expect(await room.told(id, 1)).to.deep.equal(['unknown']);
  });

  it('gives up at the expiry', async () => {
    await start({ content: { code: 452, message: '4.3.1 Disk full' } });
    const tried = smtp.at('content');
    const id = await submitOne();
    await tried;
    room.clock.ahead = 25 * HOUR;
    expect(await room.told(id, 1)).to.deep.equal(['EXPIRED']);
  });

  it('takes a session that is refused for a server that is down', async () => {
    await start({ connect: { code: 554, message: '5.7.1 Go away' } });
    const tried = smtp.at('connect');
    const id = await submitOne();
    await tried;
    await smtp.behave({ mailFrom: { code: 550, message: '5.7.1 This sender is not allowed' } });
    const again = smtp.at('mailFrom');
    await again;
    await smtp.behave({});
    expect(await room.told(id, 1)).to.deep.equal(['handed-over']);
    expect(smtp.mails).to.have.length(1);
  });

  for (const point of ['connect', 'mailFrom', 'rcptTo'] as const) {
    it(`sends later, once, when the server hangs at ${point}`, async () => {
      await start({ [point]: 'hang' }, { smtp: { silenceMs: 700 } });
      const hanging = smtp.at(point);
      const id = await submitOne();
      await hanging;
      await smtp.behave({});
      expect(await room.told(id, 1)).to.deep.equal(['handed-over']);
      expect(smtp.mails).to.have.length(1);
    });

    it(`sends later, once, when the server is killed at ${point}`, async () => {
      await start({ [point]: 'hang' });
      const hanging = smtp.at(point);
      const id = await submitOne();
      await hanging;
      await smtp.kill();
      smtp = await startSmtp({ port: smtp.port });
      expect(await room.told(id, 1)).to.deep.equal(['handed-over']);
      expect(smtp.mails).to.have.length(1);
    });
  }

  for (const [what, end] of [
    ['hangs', async () => undefined],
    ['is killed', () => smtp.kill()],
  ] as const) {
    it(`never repeats a mail when the server ${what} after the content`, async () => {
      await start({ content: 'take-and-hang' }, { smtp: { silenceMs: 1_000 } });
      const hanging = smtp.at('content');
      const id = await submitOne();
      await hanging;
      await end();
      expect(await room.told(id, 1)).to.deep.equal(['unknown']);
      expect(smtp.mails).to.have.length(1);
      if (what === 'is killed') smtp = await startSmtp({ port: smtp.port });
      else await smtp.behave({});
      const other = attempt();
      await room.channel.submit([other]);
      expect(await room.told(other.id, 1)).to.deep.equal(['handed-over']);
      room.clock.ahead = 7 * HOUR;
      expect(await room.told(id, 2)).to.deep.equal(['unknown', 'ANSWER_MISSING']);
      expect(smtp.mails).to.have.length(what === 'is killed' ? 1 : 2);
    });
  }

  it('goes on after the server was killed behind its back', async () => {
    await start();
    await room.told(await submitOne(), 1);
    await smtp.kill();
    smtp = await startSmtp({ port: smtp.port });
    expect(await room.told(await submitOne(), 1)).to.deep.equal(['handed-over']);
    expect(smtp.mails).to.have.length(1);
  });

  it('survives a server that talks nonsense, or for ever', async () => {
    const nonsense = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
    });
    await new Promise<void>((resolve) => nonsense.listen(0, '127.0.0.1', resolve));
    const { port } = nonsense.address() as { port: number };
    room = await openRoom(database, port, { smtp: { silenceMs: 700 } });
    const seen = new Promise<void>((resolve) => nonsense.once('connection', () => resolve()));
    const id = await submitOne();
    await seen;
    await new Promise<void>((resolve) => {
      nonsense.close(() => resolve());
      nonsense.on('connection', (socket) => socket.destroy());
      setTimeout(() => nonsense.unref(), 0);
    });
    smtp = await startSmtp({ port });
    expect(await room.told(id, 1)).to.deep.equal(['handed-over']);
  });

  it('ends a mail that a server strings along', async () => {
    await start({ content: 'take-and-hang' }, { smtp: { silenceMs: 60_000, sendMs: 800 } });
    const id = await submitOne();
    expect(await room.told(id, 1)).to.deep.equal(['unknown']);
  });
});

describe('an e-mail channel that stops', () => {
  it('does not wait for a server that stalls', async () => {
    const database = await openDatabase({ url: 'memory:', role: 'email' });
    const smtp = await startSmtp({ behaviour: { content: 'take-and-hang' } });
    const room = await openRoom(database, smtp.port, { smtp: { silenceMs: 60_000, sendMs: 90_000 } });
    const hanging = smtp.at('content');
    const one = attempt();
    await room.channel.submit([one]);
    await hanging;
    const begun = performance.now();
    await room.stop();
    expect(performance.now() - begun).to.be.below(20_000);
    expect(await room.told(one.id, 1)).to.deep.equal(['unknown']);
    await smtp.kill();
    await database.close();
  });
});

describe('e-mail over TLS', () => {
  let folder: string;
  let certificate: { key: string; cert: string };
  let database: Database;
  let smtp: SmtpProcess;
  let room: Room;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'civicline-email-'));
    certificate = { key: join(folder, 'key.pem'), cert: join(folder, 'cert.pem') };
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const files = ['-keyout', certificate.key, '-out', certificate.cert];
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    execFileSync('openssl', ['req', ...kind, ...subject, ...files], { stdio: 'ignore' });
  });
  after(() => rmSync(folder, { recursive: true }));
  beforeEach(async () => {
    database = await openDatabase({ url: 'memory:', role: 'email' });
  });
  afterEach(async () => {
    await smtp.kill();
    await room.stop();
    await database.close();
  });

  for (const security of ['tls', 'starttls'] as const) {
    it(`${security}: sends when the certificate is right`, async () => {
      smtp = await startSmtp({ tls: security, certificate });
      room = await openRoom(database, smtp.port, { smtp: { security, ca: readFileSync(certificate.cert, 'utf8') } });
      const one = attempt();
      await room.channel.submit([one]);
      expect(await room.told(one.id, 1)).to.deep.equal(['handed-over']);
    });

    const wrong = [
      ['a certificate that nobody signed', undefined, 'localhost'],
      ['a certificate of another name', 'ours', '127.0.0.1'],
    ] as const;
    for (const [what, whose, host] of wrong) {
      it(`${security}: sends nothing to ${what}`, async () => {
        smtp = await startSmtp({ tls: security, ...(whose ? { certificate } : {}) });
        const ca = whose ? { ca: readFileSync(certificate.cert, 'utf8') } : {};
        room = await openRoom(database, smtp.port, { smtp: { security, host, ...ca } });
        const one = attempt({}, { expiresAt: Date.now() + 3_000 });
        await room.channel.submit([one]);
        expect(await room.told(one.id, 1)).to.deep.equal(['EXPIRED']);
        expect(smtp.visits.mailFrom).to.equal(0);
        const metrics = await room.metrics.metrics();
        expect(metrics).to.match(/civicline_email_results_total\{result="unavailable"\} [1-9]/);
      });
    }
  }

  it('sends nothing to a server that offers no STARTTLS', async () => {
    smtp = await startSmtp({ tls: 'none' });
    room = await openRoom(database, smtp.port, { smtp: { security: 'starttls' } });
    const one = attempt({}, { expiresAt: Date.now() + 2_000 });
    await room.channel.submit([one]);
    expect(await room.told(one.id, 1)).to.deep.equal(['EXPIRED']);
    expect(smtp.visits.mailFrom).to.equal(0);
  });
});
