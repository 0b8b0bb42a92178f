import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { isAtLeast, MINIMUM_VERSION, providePrograms } from './installation.ts';
import { HOME, INSTALLING_MS } from './test-asterisk.ts';

describe('versions', () => {
  it('are compared by number', () => {
    expect(isAtLeast('22.10.1', '22.10.1')).to.equal(true);
    expect(isAtLeast('22.10.2', '22.10.1')).to.equal(true);
    expect(isAtLeast('23.0.0', '22.10.1')).to.equal(true);
    expect(isAtLeast('22.9.9', '22.10.1')).to.equal(false);
    expect(isAtLeast('20.15.0', '22.10.1')).to.equal(false);
  });
});

describe('the installation', function () {
  this.timeout(INSTALLING_MS);
  const path = process.env.PATH;
  let prefix: string;
  let lines: string[];
  const provide = () => providePrograms({ home: HOME, log: (line) => lines.push(line) });

  /** A stand-in on the PATH that only tells its version. */
  async function putOnPath(version: string): Promise<string> {
    await mkdir(join(prefix, 'bin'));
    await mkdir(join(prefix, 'share/asterisk/documentation'), { recursive: true });
    const program = join(prefix, 'bin', 'asterisk');
    await writeFile(program, `#!/bin/sh\necho "Asterisk ${version}~dfsg+1"\n`);
    await chmod(program, 0o755);
    process.env.PATH = `${join(prefix, 'bin')}:${path}`;
    return program;
  }

  before(() => providePrograms({ home: HOME, log: (line) => console.error(line) }));
  beforeEach(async () => {
    prefix = await mkdtemp(join(tmpdir(), 'civicline-prefix-'));
    lines = [];
  });
  afterEach(async () => {
    process.env.PATH = path;
    await rm(prefix, { recursive: true, force: true });
  });

  it('takes an Asterisk from the PATH', async () => {
    const program = await putOnPath('22.11.0');
    const { asterisk } = await provide();
    expect(asterisk).to.deep.equal({
      version: '22.11.0',
      command: [program],
      data: join(prefix, 'share/asterisk'),
    });
  });

  it('says that one is too old, and takes another', async () => {
    const program = await putOnPath('20.3.1');
    const { asterisk } = await provide();
    expect(lines[0]).to.equal(`${program} is version 20.3.1; Civicline needs ${MINIMUM_VERSION} or newer.`);
    expect(isAtLeast(asterisk.version, MINIMUM_VERSION)).to.equal(true);
  });

  it('removes what an interrupted one left, and nothing that is being made', async () => {
    const directory = join(HOME, 'asterisk');
    // No process has this number: it is above the kernel's limit.
    const left = 'part-99999999-0123abcd';
    const current = `part-${process.pid}-0123abcd`;
    for (const name of [left, current]) await mkdir(join(directory, name), { recursive: true });
    await provide();
    const names = await readdir(directory);
    await rm(join(directory, current), { recursive: true });
    expect(names).to.include(current).and.not.include(left);
  });

  it('says nothing and makes nothing the second time', async () => {
    await provide();
    expect(lines).to.deep.equal([]);
  });
});
