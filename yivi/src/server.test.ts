import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { YiviError } from './errors.ts';
import { freePorts, HOME, postSession } from './for-tests.ts';
import { prepareYivi, type YiviInstallation } from './prepare.ts';
import { type RunningYivi, startYivi } from './server.ts';

const DISCLOSURE = {
  '@context': 'https://irma.app/ld/request/disclosure/v2',
  disclose: [[['civicline-demo.gemeente.personalData.bsn']]],
};

describe('the Yivi server', () => {
  let installation: YiviInstallation;
  let directory: string;
  const running: RunningYivi[] = [];

  before(async function () {
    this.timeout(900_000);
    installation = await prepareYivi({ home: HOME, log: (line) => console.error(line) });
  });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'civicline-yivi-'));
  });
  afterEach(async () => {
    for (const yivi of running.splice(0)) await yivi.kill();
    await rm(directory, { recursive: true, force: true });
  });

  async function start(ports?: { requestor: number; client: number }): Promise<RunningYivi> {
    const [requestor, client] = await freePorts();
    const yivi = await startYivi({ installation, directory, ports: ports ?? { requestor, client } });
    running.push(yivi);
    return yivi;
  }

  it('is there at once when it has been installed before', async () => {
    const lines: string[] = [];
    const again = await prepareYivi({ home: HOME, log: (line) => lines.push(line) });
    expect(again).to.deep.equal(installation);
    expect(lines).to.deep.equal([]);
  });

  it('starts a session for its requestor, in the demo scheme', async () => {
    const yivi = await start();
    const response = await postSession(yivi.requestorUrl, yivi.requestorToken, DISCLOSURE);
    expect(response.status).to.equal(200);
    const { sessionPtr } = (await response.json()) as { sessionPtr: { u: string; irmaqr: string } };
    expect(sessionPtr.u.startsWith(`${yivi.clientUrl}/irma/session/`)).to.equal(true);
    expect(sessionPtr.irmaqr).to.equal('disclosing');
  });

  it('accepts a callback address, since it signs what it sends there', async () => {
    const yivi = await start();
    const request = { callbackUrl: 'http://127.0.0.1:9/', request: DISCLOSURE };
    expect((await postSession(yivi.requestorUrl, yivi.requestorToken, request)).status).to.equal(200);
    expect(await (await fetch(`${yivi.requestorUrl}/publickey`)).text()).to.contain('BEGIN PUBLIC KEY');
  });

  it('refuses strangers, and keeps its requestor side off the port that the world sees', async () => {
    const yivi = await start();
    expect((await postSession(yivi.requestorUrl, 'another-token', DISCLOSURE)).status).to.equal(403);
    expect((await postSession(yivi.clientUrl, yivi.requestorToken, DISCLOSURE)).status).to.equal(404);
  });

  it('does not issue outside of the demo scheme', async () => {
    const yivi = await start();
    const credentials = [{ credential: 'irma-demo.gemeente.personalData', attributes: { bsn: '999990019' } }];
    const request = { '@context': 'https://irma.app/ld/request/issuance/v2', credentials };
    expect((await postSession(yivi.requestorUrl, yivi.requestorToken, request)).status).to.be.at.least(400);
  });

  it('is the same server after it was killed: same key, same token', async () => {
    const [requestor, client] = await freePorts();
    const first = await start({ requestor, client });
    const key = await (await fetch(`${first.requestorUrl}/publickey`)).text();
    await first.kill();
    const second = await start({ requestor, client });
    expect(second.requestorToken).to.equal(first.requestorToken);
    expect(await (await fetch(`${second.requestorUrl}/publickey`)).text()).to.equal(key);
  });

  it('keeps its token out of the command line, and readable for nobody else', async () => {
    const yivi = await start();
    const commandLine = await readFile(`/proc/${yivi.process.pid}/cmdline`, 'utf8');
    expect(commandLine).to.contain('server').and.not.contain(yivi.requestorToken);
    for (const file of ['server.json', 'requestor-token', 'jwt-key.pem']) {
      expect(((await stat(join(directory, file))).mode & 0o077).toString(8)).to.equal('0');
    }
  });

  it('leaves no process behind, ended either way and more than once', async () => {
    for (const ending of ['stop', 'kill'] as const) {
      const yivi = await start();
      const pid = yivi.process.pid ?? 0;
      await yivi[ending]();
      await yivi.stop();
      expect(() => process.kill(pid, 0)).to.throw('ESRCH');
    }
  });

  it('names a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => other.once('listening', listening));
    const { port } = other.address() as AddressInfo;
    const error = await start({ requestor: port, client: (await freePorts())[0] }).catch((e: unknown) => e);
    other.close();
    expect(error).to.be.instanceOf(YiviError).with.property('code', 'YIVI_PORT_IN_USE');
    expect((error as Error).message).to.contain(String(port));
  });

  it('says why it did not start', async () => {
    const [requestor, client] = await freePorts();
    const withoutSchemes = { ...installation, schemes: join(directory, 'absent') };
    const error = await startYivi({ installation: withoutSchemes, directory, ports: { requestor, client } }).catch(
      (e: unknown) => e,
    );
    expect(error).to.be.instanceOf(YiviError).with.property('code', 'YIVI_START_FAILED');
    expect((error as Error).message).to.contain('absent');
  });
});
