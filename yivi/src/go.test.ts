import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { isNewEnough, prepareGo } from './go.ts';

describe('the Go tool chain', () => {
  let folder: string;
  const path = process.env.PATH;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'civicline-go-'));
  });
  afterEach(async () => {
    process.env.PATH = path;
    await rm(folder, { recursive: true, force: true });
  });

  /** A stand-in for a program, of which only these lines matter here. */
  async function standIn(file: string, ...lines: string[]): Promise<void> {
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, ['#!/bin/sh', ...lines].join('\n'));
    await chmod(file, 0o755);
  }

  it('must be 1.26 or newer', () => {
    for (const version of ['1.26', '1.26.0', '1.27.3', '1.100.1', '2.0', '1.27rc1']) {
      expect(isNewEnough(version), version).to.equal(true);
    }
    for (const version of ['1.25.9', '1.19.8', '1.3', '', 'devel', '0.99']) {
      expect(isNewEnough(version), version).to.equal(false);
    }
  });

  it('is the one on the PATH when that is new enough', async () => {
    await standIn(join(folder, 'path', 'go'), 'echo go1.27.1');
    process.env.PATH = join(folder, 'path');
    const go = await prepareGo({ home: join(folder, 'home'), log: () => {} });
    expect(go).to.include({ binary: join(folder, 'path', 'go'), version: '1.27.1' });
    expect(go.env).to.have.property('GOTOOLCHAIN', 'local');
  });

  it('is our own beside an old one, with all that it writes beside it too', async () => {
    await standIn(join(folder, 'path', 'go'), 'echo go1.19.8');
    const home = join(folder, 'home');
    await standIn(join(home, 'go', 'go', 'bin', 'go'), 'echo go1.26.6');
    process.env.PATH = join(folder, 'path');
    const go = await prepareGo({ home, log: () => {} });
    expect(go.version).to.equal('1.26.6');
    expect(go.env).to.include({ GOPATH: join(home, 'go-packages'), GOCACHE: join(home, 'go-cache') });
    expect(go.env).not.to.have.property('GOROOT');
  });

  it('names the command that installs it when there is no way to get it', async () => {
    await standIn(join(folder, 'path', 'python3'), 'echo "No module named pip" >&2', 'exit 1');
    process.env.PATH = join(folder, 'path');
    const error = await prepareGo({ home: join(folder, 'home'), log: () => {} }).catch((e: unknown) => e);
    expect(error).to.include({ code: 'GO_UNAVAILABLE' });
    expect((error as Error).message)
      .to.contain('apt-get install python3-pip')
      .and.to.contain('No module named pip');
  });
});
