import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { prepareAsterisk, startAsterisk } from '@civicline/asterisk';
import { freePorts, RTP_PORTS } from '@civicline/launcher/ports';
import { expect } from 'chai';
import { readApiDocs, readVersion } from './api-docs.ts';
import { generate } from './generator.ts';
import { type Ari, connectAri } from './index.ts';
import { type AsteriskUnderTest, describeConformance } from './testing/conformance/index.ts';
import { record, whenever } from './testing/recorder.ts';

const HOME = resolve(import.meta.dirname, '../../../../.civicline');
const SILENT_LOG = { debug() {}, info() {}, warn() {}, error() {} };

describeConformance('Asterisk', startUnderTest);

describe('generated ARI types', function () {
  this.timeout(600_000);

  it('are what Asterisk itself says', async () => {
    const installation = await prepareAsterisk({ home: HOME, log: (line) => console.error(line) });
    const asterisk = await startUnderTest();
    try {
      const { url, user, password } = asterisk.address;
      const source = url.replace('//', `//${user}:${password}@`);
      const version = await readVersion(source);
      const files = generate(await readApiDocs(source), version);
      for (const [name, text] of Object.entries(files)) {
        const committed = await readFile(join(import.meta.dirname, 'generated', name), 'utf8');
        const how = `${name} is out of date: npm run generate:ari -w gateway -- ${installation.data}/rest-api ${version}`;
        expect(withoutVersion(committed), how).to.equal(withoutVersion(text));
      }
    } finally {
      await asterisk.stop();
    }
  });
});

/** A release that changes nothing here needs no new files. */
function withoutVersion(text: string): string {
  return text.replace(/of Asterisk [\d.]+/, '');
}

/** A real Asterisk with the product's configuration. A second application plays caller's and agent's phones. */
async function startUnderTest(): Promise<AsteriskUnderTest> {
  const installation = await prepareAsterisk({ home: HOME, log: (line) => console.error(line) });
  const directory = await mkdtemp(join(tmpdir(), 'civicline-ari-'));
  const { asteriskHttp: http, sip, rtpStart } = await freePorts();
  const ports = { http, sip, rtpStart, rtpEnd: rtpStart + RTP_PORTS - 1 };
  const start = () => startAsterisk({ installation, directory, ports, ariPassword });
  const ariPassword = randomBytes(16).toString('hex');
  let asterisk = await start();
  const address = { url: asterisk.ariUrl, user: asterisk.ariUser, password: ariPassword };
  const phones = connectAri({ id: 'phones', application: 'phones', log: SILENT_LOG, ...address });
  const silence = createSocket('udp4').bind(0, '127.0.0.1');
  await Promise.all([whenever(phones, 'connected'), once(silence, 'listening')]);
  await addSilentPhone(phones, silence.address().port);

  return {
    address,
    endpoints: {
      answers: 'Local/+31850000009@from-trunk',
      rejects: 'Local/1@civicline-no-dialling',
      silent: 'PJSIP/phone-silent',
    },
    call: (did, code) => call(phones, did, code),
    crash: () => asterisk.kill(),
    async restart() {
      const again = whenever(phones, 'connected');
      asterisk = await start();
      await again;
      await addSilentPhone(phones, silence.address().port);
    },
    async stop() {
      await phones.close();
      await asterisk.stop();
      silence.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A caller who keys a code, or # for none: one half of a Local channel is the phone, the other comes by the trunk. */
async function call(phones: Ari, did: string, code: string): Promise<{ hangUp(): Promise<void> }> {
  const heard = record(phones);
  const channelId = `caller-${randomBytes(4).toString('hex')}`;
  const answered = heard.next('StasisStart', ({ channel }) => channel.id === channelId);
  await phones.channels.originateWithId({ channelId, endpoint: `Local/${did}@from-trunk`, app: phones.application });
  await answered;
  await phones.channels.sendDTMF({ channelId, dtmf: code || '#', duration: 80, between: 40 });
  return { hangUp: () => phones.channels.hangup({ channelId, reason: 'normal' }) };
}

/** An endpoint whose calls go to a socket that never says anything. */
async function addSilentPhone(ari: Ari, port: number): Promise<void> {
  const put = (objectType: string, values: Record<string, string>) =>
    ari.asterisk.updateObject({
      configClass: 'res_pjsip',
      objectType,
      id: 'phone-silent',
      fields: Object.entries(values).map(([attribute, value]) => ({ attribute, value })),
    });
  await put('aor', { contact: `sip:127.0.0.1:${port}` });
  await put('endpoint', {
    aors: 'phone-silent',
    context: 'civicline-no-dialling',
    allow: 'alaw',
    identify_by: 'username',
  });
}
