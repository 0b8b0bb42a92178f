import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createOnce } from './create-once.ts';

describe('createOnce', () => {
  let folder: string;
  let target: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'civicline-once-'));
    target = join(folder, 'sub', 'thing');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const fill = (text: string) => async (path: string) => {
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'file'), text);
  };
  const made = () => readFile(join(target, 'file'), 'utf8');

  it('makes it once', async () => {
    await createOnce(target, fill('first'));
    await createOnce(target, fill('second'));
    expect(await made()).to.equal('first');
  });

  it('leaves nothing when the making fails, and succeeds the next time', async () => {
    const failing = async (path: string) => {
      await fill('half')(path);
      throw new Error('interrupted');
    };
    const error = await createOnce(target, failing).catch((e: Error) => e);
    expect(error).to.have.property('message', 'interrupted');
    expect(await readdir(join(folder, 'sub'))).to.deep.equal([]);
    await createOnce(target, fill('whole'));
    expect(await made()).to.equal('whole');
  });

  it('removes what a killed process left behind, and nothing of one that still runs', async () => {
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    await mkdir(join(folder, 'sub'));
    await fill('half')(`${target}.${gone}.partial`);
    await fill('parts')(`${target}.${gone}.partial.build`);
    await fill('in the making')(`${target}.${process.ppid}.partial`);
    await createOnce(target, fill('whole'));
    expect((await readdir(join(folder, 'sub'))).sort()).to.deep.equal(['thing', `thing.${process.ppid}.partial`]);
  });

  it('lets the first of two win', async () => {
    await createOnce(target, async (path) => {
      await fill('slow')(path);
      await fill('fast')(target);
    });
    expect(await made()).to.equal('fast');
    expect(await readdir(join(folder, 'sub'))).to.deep.equal(['thing']);
  });
});
