import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { freePorts, HOME, postSession } from './for-tests.ts';
import { prepareYivi } from './prepare.ts';

const SCRIPT = resolve(import.meta.dirname, '../start-production.sh');
const TOKEN = 'Zm9v+/=_-';

describe('the Yivi server of the production form', function () {
  this.timeout(900_000);
  let directory: string;
  let path: string;
  let schemes: string;

  before(async () => {
    const installation = await prepareYivi({ home: HOME, log: (line) => console.error(line) });
    path = `${dirname(installation.binary)}:${process.env.PATH}`;
    schemes = installation.schemes;
    expect(spawnSync('openssl', ['version']).status, 'needs: sudo apt-get install openssl').to.equal(0);
  });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'civicline-yivi-production-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const environment = () => ({
    PATH: path,
    HOME: directory,
    YIVI_DIRECTORY: directory,
    CIVICLINE_DOMAIN: 'bellen.example.nl',
    CIVICLINE_IRMA_TOKEN: TOKEN,
  });

  it('serves its domain, discloses, does not issue, and keeps its key from one start to the next', async () => {
    await cp(schemes, join(directory, 'schemes'), { recursive: true });
    const [port, clientPort] = await freePorts();
    const loopback = ['--listen-addr', '127.0.0.1', '--client-listen-addr', '127.0.0.1', '--schemes-update', '0'];
    const args = [...loopback, '--port', String(port), '--client-port', String(clientPort)];
    const url = `http://127.0.0.1:${port}`;
    const keys: string[] = [];
    const said: string[] = [];
    for (const _start of ['first', 'second']) {
      const server = spawn(SCRIPT, args, { env: environment(), cwd: directory });
      const ended = once(server, 'close');
      for (const stream of [server.stdout, server.stderr]) stream.on('data', (data) => said.push(String(data)));
      try {
        while (!(await fetch(`${url}/health`).catch(() => null))?.ok) {
          expect(server.exitCode).to.equal(null);
          await delay(50);
        }
        keys.push(await (await fetch(`${url}/publickey`)).text());
        const request = {
          '@context': 'https://irma.app/ld/request/disclosure/v2',
          disclose: [[['civicline-demo.gemeente.personalData.bsn']]],
          clientReturnUrl: 'tel:+31850000001,12345678',
        };
        const callbackUrl = 'http://gateway:3000/internal/irma/1';
        const { sessionPtr } = (await (await postSession(url, TOKEN, { callbackUrl, request })).json()) as {
          sessionPtr: { u: string };
        };
        expect(sessionPtr.u.startsWith('https://bellen.example.nl/irma/session/')).to.equal(true);
        const credentials = [{ credential: 'civicline-demo.contact.email', attributes: { email: 'a@b.example' } }];
        const issuance = { '@context': 'https://irma.app/ld/request/issuance/v2', credentials };
        expect((await postSession(url, TOKEN, issuance)).status).to.equal(403);
        expect((await postSession(url, 'another', request)).status).to.equal(403);
      } finally {
        server.kill();
        await ended;
      }
    }
    // A line of each session would hold the caller's code, and the address where its result is read.
    expect(said.join('')).not.to.match(/12345678|internal\/irma|session/i);
    expect(keys[0]).to.contain('BEGIN PUBLIC KEY').and.to.equal(keys[1]);
    expect(((await stat(join(directory, 'jwt-key.pem'))).mode & 0o077).toString(8)).to.equal('0');
  });

  it('says what is wrong with its settings before it falls silent', () => {
    const args = ['--schemes-update', '0', '--schemes-path', schemes, '--jwt-privkey-file', '/nowhere/key.pem'];
    const { status, stderr } = spawnSync(SCRIPT, args, { env: environment(), encoding: 'utf8', cwd: directory });
    expect(status).not.to.equal(0);
    expect(stderr).to.contain('/nowhere/key.pem');
  });

  it('does not start without its domain and a token that is safe to write down', () => {
    for (const wrong of [{ CIVICLINE_DOMAIN: '' }, { CIVICLINE_IRMA_TOKEN: '' }, { CIVICLINE_IRMA_TOKEN: 'a"b' }]) {
      const { status, stderr } = spawnSync(SCRIPT, { env: { ...environment(), ...wrong }, encoding: 'utf8' });
      expect(status).to.equal(2);
      expect(stderr).to.contain(Object.keys(wrong)[0]);
    }
  });
});
