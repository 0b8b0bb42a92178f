import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { fingerprint, madeDirectory } from './made-directory.ts';

describe('a directory that is made once', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'civicline-made-'));
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  const make = (text: string) => (part: string) => writeFile(join(part, 'file'), text);

  it('is not made again', async () => {
    const directory = join(home, 'sounds');
    await madeDirectory(directory, make('first'));
    await madeDirectory(directory, make('second'));
    expect(await readFile(join(directory, 'file'), 'utf8')).to.equal('first');
  });

  it('is not there when making it failed, and nothing else is either', async () => {
    const directory = join(home, 'sounds');
    const failing = madeDirectory(directory, async (part) => {
      await make('half')(part);
      throw new Error('no room');
    });
    expect(await failing.catch((error: Error) => error.message)).to.equal('no room');
    expect(await readdir(home)).to.deep.equal([]);
  });

  it('is complete whoever was faster', async () => {
    const directory = join(home, 'sounds');
    const slower = madeDirectory(directory, async (part) => {
      await make('slower')(part);
      await mkdir(directory);
      await writeFile(join(directory, 'file'), 'faster');
    });
    expect(await slower).to.equal(directory);
    expect(await readFile(join(directory, 'file'), 'utf8')).to.equal('faster');
    await access(directory);
    expect(await readdir(home)).to.deep.equal(['sounds']);
  });

  it('is named after what it is made of', () => {
    expect(fingerprint(['a', 'b'])).to.equal(fingerprint(['a', 'b']));
    expect(fingerprint(['a', 'b'])).not.to.equal(fingerprint(['ab']));
    expect(fingerprint(['a', 'b'])).not.to.equal(fingerprint(['b', 'a']));
  });
});
