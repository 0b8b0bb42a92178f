import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { agentEndpoint } from './agent-endpoint.ts';
import { isAtLeast, MINIMUM_VERSION } from './installation.ts';
import { type RunningAsterisk, type StartOptions, startAsterisk } from './run.ts';
import { ariOf, INSTALLING_MS, installed, removeDirectory, startOptions } from './test-asterisk.ts';

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function untilDead(pid: number): Promise<void> {
  while (isAlive(pid)) await sleep(20);
}

describe('a running Asterisk', function () {
  this.timeout(60_000);
  const started: { options: StartOptions; asterisk: RunningAsterisk }[] = [];

  async function start(changes: Partial<StartOptions> = {}) {
    const options = await startOptions(changes);
    const asterisk = await startAsterisk(options);
    started.push({ options, asterisk });
    return { options, asterisk, ari: ariOf(asterisk) };
  }

  before(async function () {
    this.timeout(INSTALLING_MS);
    await installed();
  });
  afterEach(async () => {
    for (const { asterisk, options } of started.splice(0)) {
      await asterisk.stop();
      await removeDirectory(options.directory);
    }
  });

  it('runs beside another one, each with its own name', async () => {
    const [one, two] = await Promise.all([start({ name: 'one' }), start({ name: 'two' })]);
    for (const [name, { asterisk, ari }] of Object.entries({ one, two })) {
      const info = await ari<{ system: { version: string }; config: { name: string } }>('GET', 'asterisk/info');
      expect(info.config.name).to.equal(name);
      expect(isAtLeast(asterisk.version, MINIMUM_VERSION)).to.equal(true);
      expect(info.system.version).to.include(asterisk.version);
    }
  });

  it('starts without a complaint', async () => {
    const options = await startOptions();
    const local = join(options.directory, 'etc', 'local');
    await mkdir(local, { recursive: true });
    await writeFile(join(local, 'logger.conf'), 'complaints.log => warning,error\n');
    const { asterisk } = await start(options);
    await asterisk.stop();
    for (const log of ['asterisk.log', 'log/complaints.log']) {
      expect(await readFile(join(options.directory, log), 'utf8'), log).not.to.match(/WARNING|ERROR/);
    }
  });

  it('listens on 127.0.0.1 only', async () => {
    const { asterisk, options } = await start();
    const sockets = listeningSockets(asterisk.process.pid as number);
    expect(sockets.tcp).to.deep.equal([`127.0.0.1:${options.ports.http}`]);
    expect(sockets.udp).to.include(`127.0.0.1:${options.ports.sip}`);
  });

  it('does not open ARI without the password', async () => {
    const { asterisk } = await start();
    const status = async (headers: Record<string, string>) =>
      (await fetch(`${asterisk.ariUrl}/ari/channels`, { headers })).status;
    expect(await status({})).to.equal(401);
    expect(await status({ authorization: `Basic ${Buffer.from('civicline:wrong').toString('base64')}` })).to.equal(401);
    expect((await fetch(`${asterisk.ariUrl}/httpstatus`)).status).to.equal(404);
  });

  it('takes an endpoint for an agent’s phone and browser, and takes it again', async () => {
    const { ari } = await start();
    for (const password of ['first', 'second']) {
      for (const kind of ['phone', 'browser'] as const) {
        for (const { type, id, fields } of agentEndpoint({ agentId: 'agent-a', kind, password })) {
          await ari('PUT', `asterisk/config/dynamic/res_pjsip/${type}/${id}`, { fields });
        }
      }
    }
    const endpoints = await ari<{ resource: string }[]>('GET', 'endpoints/PJSIP');
    expect(endpoints.map(({ resource }) => resource)).to.have.members(['trunk', 'phone-agent-a', 'browser-agent-a']);
    const password = await ari<{ attribute: string; value: string }[]>(
      'GET',
      'asterisk/config/dynamic/res_pjsip/auth/phone-agent-a',
    );
    expect(password).to.deep.include({ attribute: 'password', value: 'second' });
  });

  it('has every prompt in every language', async () => {
    const { ari } = await start();
    const sounds = await ari<{ id: string; formats: { language: string; format: string }[] }[]>('GET', 'sounds');
    const found = sounds.flatMap(({ id, formats }) => formats.map(({ language }) => `${language}/${id}`));
    const { PROMPT_LANGUAGES, PROMPTS } = await import('./prompts.ts');
    const expected = PROMPT_LANGUAGES.flatMap((language) => PROMPTS.map((name) => `${language}/civicline/${name}`));
    expect(found).to.include.members(expected);
  });

  it('takes an operator’s additions from local/', async () => {
    const options = await startOptions();
    const local = join(options.directory, 'etc', 'local');
    await mkdir(local, { recursive: true });
    await writeFile(
      join(local, 'modules.conf'),
      'load = res_pjsip_outbound_authenticator_digest.so\nload = res_pjsip_outbound_registration.so\n',
    );
    await writeFile(join(local, 'pjsip.conf'), '[second-carrier]\ntype = endpoint\ncontext = from-trunk\n');
    const { ari } = await start(options);
    const endpoints = await ari<{ resource: string }[]>('GET', 'endpoints/PJSIP');
    expect(endpoints.map(({ resource }) => resource)).to.have.members(['trunk', 'second-carrier']);
    const module = await ari<{ status: string }>('GET', 'asterisk/modules/res_pjsip_outbound_registration.so');
    expect(module.status).to.equal('Running');
  });

  it('leaves no process behind when it is stopped, twice', async () => {
    const { asterisk } = await start();
    await Promise.all([asterisk.stop(), asterisk.stop()]);
    await asterisk.stop();
    expect(isAlive(asterisk.process.pid)).to.equal(false);
  });

  it('starts again in the same place after kill -9', async () => {
    const { asterisk, options } = await start();
    await asterisk.kill();
    const again = await startAsterisk(options);
    started.push({ options, asterisk: again });
    expect(await ariOf(again)('GET', 'channels')).to.deep.equal([]);
  });

  it('ends with the process that started it, even after kill -9', async () => {
    const options = await startOptions();
    const parent = spawn(process.execPath, ['--import', 'tsx', '-e', parentProgram(options)], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    const pid = Number(line);
    expect(isAlive(pid)).to.equal(true);
    parent.kill('SIGKILL');
    await untilDead(pid);
    await removeDirectory(options.directory);
  });

  it('names a port that is taken', async () => {
    const options = await startOptions();
    const other = createServer().listen(options.ports.http, '127.0.0.1');
    await once(other, 'listening');
    const error: Error = await startAsterisk(options).then(
      () => new Error('started'),
      (cause) => cause,
    );
    other.close();
    await removeDirectory(options.directory);
    expect(error.message).to.match(new RegExp(`^ASTERISK_PORT_TAKEN: TCP port ${options.ports.http}`));
  });

  it('shows the end of the log when it does not start', async () => {
    const options = await startOptions();
    const broken = { ...options, installation: { ...options.installation, modules: '/nowhere' } };
    const error: Error = await startAsterisk(broken).then(
      () => new Error('started'),
      (cause) => cause,
    );
    await removeDirectory(options.directory);
    expect(error.message).to.match(
      /^ASTERISK_START_FAILED: Asterisk ended with status \d+[\s\S]*Module initialization failed/,
    );
  });
});

/** Starts Asterisk, prints its process id, and stays. */
function parentProgram(options: StartOptions): string {
  return `
    import { startAsterisk } from '${join(import.meta.dirname, 'run.ts')}';
    startAsterisk(${JSON.stringify(options)}).then((asterisk) => {
      console.log(asterisk.process.pid);
      setInterval(() => {}, 1000);
    });`;
}

/** `address:port` of the sockets of a process that take connections or datagrams (proc(5), /proc/net). */
function listeningSockets(pid: number): { tcp: string[]; udp: string[] } {
  const inodes = new Set<string>();
  for (let descriptor = 0; descriptor < 256; descriptor++) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1];
      if (inode) inodes.add(inode);
    } catch {}
  }
  const of = (protocol: string, state: string) =>
    readFileSync(`/proc/net/${protocol}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === state && inodes.has(fields[9] ?? ''))
      .map((fields) => addressOf(fields[1] as string));
  return { tcp: of('tcp', '0A'), udp: of('udp', '07') };
}

/** `0100007F:1F98` → `127.0.0.1:8088` */
function addressOf(hex: string): string {
  const [address = '', port = ''] = hex.split(':');
  const bytes = [...Buffer.from(address, 'hex')].reverse();
  return `${bytes.join('.')}:${Number.parseInt(port, 16)}`;
}
