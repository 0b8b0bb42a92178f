import { expect } from 'chai';
import { z } from 'zod';
import { readEmailSettings } from './index.ts';

describe('e-mail settings', () => {
  const from = 'no-reply@example.org';
  const smtpOf = (server: string) => readEmailSettings({ server, from }).smtp;

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
    expect(readEmailSettings({ server: 'smtp://mail.example.org', from })).to.include({
      returnPath: from,
      bounceToken: null,
      quietHours: 4,
      unknownHours: 4,
    });
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
        readEmailSettings(value);
        expect.fail('it was read');
      } catch (error) {
        expect(error).to.be.instanceOf(z.ZodError);
        expect((error as Error).message).not.to.include('secret-word');
      }
    }
  });
});
