import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCommand } from './command.ts';
import { providePrograms, type SoundTools } from './installation.ts';
import { makeMusic } from './music.ts';
import { makePrompts, PROMPT_LANGUAGES, PROMPTS, readTexts } from './prompts.ts';
import { HOME, INSTALLING_MS } from './test-asterisk.ts';

/** Of a RIFF/WAVE file: 16-bit PCM has 2 bytes a sample. */
async function soundOf(file: string): Promise<{ channels: number; rate: number; seconds: number }> {
  const handle = await open(file);
  const { buffer } = await handle.read(Buffer.alloc(44), 0, 44, 0);
  const { size } = await handle.stat();
  await handle.close();
  const rate = buffer.readUInt32LE(24);
  return { channels: buffer.readUInt16LE(22), rate, seconds: (size - 44) / 2 / rate };
}

describe('the prompts', function () {
  this.timeout(120_000);
  let home: string;
  let tools: SoundTools;
  const lines: string[] = [];
  const make = () => makePrompts({ home, tools, log: (line) => lines.push(line) });

  before(async function () {
    this.timeout(INSTALLING_MS);
    ({ tools } = await providePrograms({ home: HOME, log: (line) => console.error(line) }));
    home = await mkdtemp(join(tmpdir(), 'civicline-prompts-'));
  });
  after(() => rm(home, { recursive: true, force: true }));

  it('have a text for every name in every language', async () => {
    for (const language of PROMPT_LANGUAGES) {
      expect(Object.keys((await readTexts(language)).prompts)).to.have.members([...PROMPTS]);
    }
  });

  it('are spoken, once, for the telephone', async () => {
    const directory = await make();
    for (const language of PROMPT_LANGUAGES) {
      for (const name of PROMPTS) {
        const sound = await soundOf(join(directory, language, 'civicline', `${name}.wav`));
        expect(sound, `${language}/${name}`).to.include({ channels: 1, rate: 8000 });
        expect(sound.seconds, `${language}/${name}`).to.be.within(0.8, 12);
      }
    }
    const made = lines.length;
    expect(await make()).to.equal(directory);
    expect(lines.length).to.equal(made);
  });

  it('give way to a recording of any kind', async () => {
    const spoken = await make();
    const [sox, ...args] = tools.sox as [string, ...string[]];
    await mkdir(join(home, 'recordings', 'fr'), { recursive: true });
    const recording = join(home, 'recordings', 'fr', 'goodbye.wav');
    await runCommand(sox, [
      ...args,
      '-n',
      '-r',
      '44100',
      '-c',
      '2',
      recording,
      'synth',
      '5',
      'sine',
      '440',
      'gain',
      '-9',
    ]);

    const directory = await make();
    expect(directory).not.to.equal(spoken);
    const sound = await soundOf(join(directory, 'fr', 'civicline', 'goodbye.wav'));
    expect(sound).to.include({ channels: 1, rate: 8000 });
    expect(sound.seconds).to.be.closeTo(5.2, 0.1);
  });

  it('come with half a minute of music', async () => {
    const directory = await makeMusic({ home, tools, log: () => {} });
    const sound = await soundOf(join(directory, 'queue.wav'));
    expect(sound).to.include({ channels: 1, rate: 8000 });
    expect(sound.seconds).to.be.closeTo(32, 0.5);
  });
});
