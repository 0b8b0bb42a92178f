import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import { render, type Settings, templateNames, writeConfiguration } from './configuration.ts';

const ROOT = join(import.meta.dirname, '..');

function settings(changes: Partial<Settings> = {}): Settings {
  return {
    NAME: 'one',
    DIRECTORY: '/nowhere',
    MODULES_LINE: 'astmoddir => /modules',
    HTTP_ADDRESS: '127.0.0.1',
    HTTP_PORT: '8088',
    ARI_PASSWORD: 'aB3-_+/=',
    ARI_PERMITTED: '127.0.0.1/32',
    SIP_ADDRESS: '127.0.0.1',
    SIP_PORT: '5060',
    SIP_PERMITTED: '127.0.0.0/8',
    TRUNK_ADDRESSES: '198.51.100.1,198.51.100.0/28',
    EXTERNAL_ADDRESS: '203.0.113.5',
    LOCAL_NETWORKS: '127.0.0.0/8',
    MEDIA_ADDRESS: '0.0.0.0',
    ICE_PERMITTED: '0.0.0.0/0',
    RTP_START: '10000',
    RTP_END: '10799',
    TRUNK_COUNTRY: '',
    FALLBACK_DIAL: '',
    LONGEST_CALL_SECONDS: '7200',
    FIRST_DIGIT_SECONDS: '5',
    ...changes,
  };
}

describe('the configuration of Asterisk', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'civicline-asterisk-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('puts the settings into the templates', () => {
    expect(render('bind = {{SIP_ADDRESS}}:{{SIP_PORT}} ; $[1+1]', settings())).to.equal(
      'bind = 127.0.0.1:5060 ; $[1+1]',
    );
  });

  it('tells every phone outside of the container where the host is, in a private network too', async () => {
    const template = await readFile(join(ROOT, 'config', 'pjsip.conf'), 'utf8');
    const localNetworks = [...render(template, settings()).matchAll(/^local_net = (.*)$/gm)].map(([, value]) => value);
    expect(localNetworks).to.deep.equal(['127.0.0.0/8']);
  });

  it('refuses a name that there is no setting for', () => {
    expect(() => render('{{NOBODY}}', settings())).to.throw('ASTERISK_SETTING_UNKNOWN: NOBODY');
  });

  it('lets no value become more than a value', () => {
    const hostile = fc.constantFrom('\n', '\r', '\0', ';', '{', '}', '$', '\\');
    fc.assert(
      fc.property(fc.string(), hostile, fc.string(), (before, character, after) => {
        const withPassword = settings({ ARI_PASSWORD: before + character + after });
        expect(() => render('password = {{ARI_PASSWORD}}', withPassword)).to.throw('ASTERISK_SETTING_INVALID');
      }),
    );
  });

  it('writes every template, for this user only', async () => {
    await writeConfiguration(settings({ DIRECTORY: directory }));
    const written = await readdir(join(directory, 'etc'));
    expect(written.sort()).to.deep.equal(await templateNames());
    for (const name of written) {
      expect(await readFile(join(directory, 'etc', name), 'utf8'), name).not.to.match(/\{\{\w+\}\}/);
      expect((await stat(join(directory, 'etc', name))).mode & 0o077, name).to.equal(0);
    }
  });

  it('lets the fallback ring agents and nobody else', async () => {
    const withFallback = (value: string) =>
      writeConfiguration(settings({ DIRECTORY: directory, FALLBACK_DIAL: value })).then(
        () => 'taken',
        (error: Error) => error.message.split(':')[0],
      );
    expect(await withFallback('PJSIP/phone-agent-a&PJSIP/browser-agent-b')).to.equal('taken');
    for (const value of ['PJSIP/trunk', 'PJSIP/phone-a/sip:0900@carrier', 'Local/0900@x', 'PJSIP/phone-a,30']) {
      expect(await withFallback(value), value).to.equal('ASTERISK_SETTING_INVALID');
    }
  });

  it('takes a country code for the trunk, and nothing else', async () => {
    const withCountry = (value: string) =>
      writeConfiguration(settings({ DIRECTORY: directory, TRUNK_COUNTRY: value })).then(
        () => 'taken',
        (error: Error) => error.message.split(':')[0],
      );
    for (const value of ['', '1', '31', '352']) expect(await withCountry(value), value).to.equal('taken');
    for (const value of ['+31', '0', '031', 'nl', '31,32']) {
      expect(await withCountry(value), value).to.equal('ASTERISK_SETTING_INVALID');
    }
  });

  it('is rendered by the image exactly as by npm start', async () => {
    const values = settings({ DIRECTORY: directory });
    await writeConfiguration(values);
    const byImage = join(directory, 'by-image');
    await promisify(execFile)(join(ROOT, 'image', 'entrypoint'), ['render', join(ROOT, 'config'), byImage], {
      env: { PATH: process.env.PATH, ...values },
    });
    for (const name of await templateNames()) {
      const expected = await readFile(join(directory, 'etc', name), 'utf8');
      expect(await readFile(join(byImage, name), 'utf8'), name).to.equal(expected);
    }
  });

  it('is refused by the image, too, when a setting is missing or hostile', async () => {
    const run = (env: Record<string, string>) =>
      promisify(execFile)(join(ROOT, 'image', 'entrypoint'), ['render', join(ROOT, 'config'), directory], {
        env: { PATH: process.env.PATH, ...env },
      }).then(
        () => 'rendered',
        (error: { stderr: string }) => error.stderr,
      );
    const { NAME: _, ...withoutName } = settings();
    expect(await run(withoutName)).to.include('there is no setting NAME');
    expect(await run({ ...settings({ NAME: 'one\n[two]' }) })).to.include('NAME holds a control character');
  });
});
