import { expect } from 'chai';
import { z } from 'zod';
import { emailSettingsSchema } from './index.ts';

describe('e-mail settings', () => {
  const from = 'no-reply@example.org';
  const smtpOf = (server: string) => emailSettingsSchema.parse({ server, from }).smtp;

  it('read the server from a URL, always with TLS but on this machine', () => {
    expect(smtpOf('smtps://us%40er:p%2Fw@mail.example.org')).to.include({
      host: 'mail.example.org',
      port: 465,
      security: 'tls',
      user: 'us@er',
      password: 'p/w',
    });
    expect(smtpOf('smtp://mail.example.org')).to.include({ port: 587, security: 'starttls' });
    expect(smtpOf('smtp://127.0.0.1:2525')).to.include({ port: 2525, security: 'none' });
    expect(smtpOf('smtp://[::1]:2525')).to.include({ host: '::1', security: 'none' });
  });

  it('have defaults', () => {
    expect(emailSettingsSchema.parse({ server: 'smtp://mail.example.org', from })).to.include({
      returnPath: from,
      bounceToken: null,
      quietHours: 4,
      unknownHours: 4,
    });
  });

  it('leave room in the return path for what is added per mail', () => {
    const server = 'smtp://mail.example.org';
    const addressOf = (length: number) => `${'b'.repeat(length)}@example.org`;
    expect(emailSettingsSchema.parse({ server, from, returnPath: addressOf(27) }).returnPath).to.equal(addressOf(27));
    for (const tooLong of [{ from, returnPath: addressOf(28) }, { from: addressOf(28) }]) {
      const { error } = emailSettingsSchema.safeParse({ server, ...tooLong });
      expect(error?.issues.map(({ path }) => path.join('.'))).to.deep.equal(['returnPath']);
      expect(error?.issues[0]?.message).to.include('27 characters');
    }
    const short = { server, from: addressOf(28), returnPath: from };
    expect(emailSettingsSchema.parse(short).from).to.equal(addressOf(28));
  });

  it('name what is wrong, and repeat no value', () => {
    for (const value of [
      {},
      { server: 'http://mail.example.org', from },
      { server: 'smtp://u:secret-word@h', from, x: 1 },
      { server: 'smtp://u:secret-word@h', from: 'nobody' },
      { server: 'smtp://u:secret-word@h', from, bounceToken: 'secret-word' },
    ]) {
      try {
        emailSettingsSchema.parse(value);
        expect.fail('it was read');
      } catch (error) {
        expect(error).to.be.instanceOf(z.ZodError);
        expect((error as Error).message).not.to.include('secret-word');
      }
    }
  });
});
