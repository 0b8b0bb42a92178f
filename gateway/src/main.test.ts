import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { testSettings } from './test-gateway.ts';

const MAIN = join(import.meta.dirname, 'main.ts');

/** The gateway as operators start it: what it says when it cannot. */
describe('the gateway as a process', function () {
  // A process starts slowly where many others do.
  this.timeout(180_000);
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'civicline-main-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** What it wrote to standard error before it ended with 1. */
  async function refusal(changes: Record<string, string>): Promise<string> {
    const env = { PATH: process.env.PATH, ...testSettings(folder, 0), ...changes };
    const running = promisify(execFile)(process.execPath, ['--import', 'tsx', MAIN], { env, timeout: 170_000 });
    const { code, stderr } = await running.then(
      () => expect.fail('It started.'),
      (error: { code: number; stderr: string }) => error,
    );
    expect(code).to.equal(1);
    expect(stderr).not.to.match(/^ +at /m);
    return stderr;
  }

  it('names what is missing', async () => {
    const text = await refusal({ CIVICLINE_DATA_KEY: '' });
    expect(text).to.match(/^CONFIG_INVALID\n[\s\S]*CIVICLINE_DATA_KEY/);
  });

  it('names file, line and field of a mistake in the routes', async () => {
    const file = join(folder, 'routes.yaml');
    await writeFile(file, 'routes:\n  - name: carrier\n    kind: carrier-pigeon\n');
    const keys = JSON.stringify([{ keyId: '0011223344556677', privateKey: randomBytes(32).toString('base64url') }]);
    const text = await refusal({ CIVICLINE_SMS_ROUTES: file, CIVICLINE_SMS_KEYS: keys });
    expect(text).to.include(`ROUTES_INVALID\n${file}:3:`).and.to.include('routes[0].kind');
  });

  it('says that the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      expect(await refusal({ CIVICLINE_LISTEN: `127.0.0.1:${port}` }))
        .to.include('EADDRINUSE')
        .and.to.include(`${port}`);
    } finally {
      other.close();
    }
  });

  it('says that the database cannot be opened', async () => {
    const file = join(folder, 'no-folder');
    await writeFile(file, '');
    expect(await refusal({ DATABASE_URL: `file:${file}` })).to.match(/^(EEXIST|ENOTDIR|STORAGE_UNAVAILABLE)/);
  });
});
