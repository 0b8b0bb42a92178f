/** Makes the queue music: half a minute of quiet broken chords that loops without a seam. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command.ts';
import type { Log } from './debian-packages.ts';
import type { SoundTools } from './installation.ts';
import { fingerprint, madeDirectory } from './made-directory.ts';

/** One bar each, lowest note first. */
const CHORDS = [
  ['C3', 'E4', 'G4', 'C5'],
  ['A2', 'C4', 'E4', 'A4'],
  ['F2', 'A3', 'C4', 'F4'],
  ['G2', 'B3', 'D4', 'G4'],
  ['C3', 'G3', 'E4', 'C5'],
  ['E3', 'G3', 'B3', 'E4'],
  ['F2', 'C4', 'F4', 'A4'],
  ['G2', 'D4', 'F4', 'B4'],
];
const BAR_SECONDS = 4;
/** Changed when the way of making changes. */
const RECIPE = '1';

/** Makes the music unless it is there already; returns the directory that holds it and nothing else. */
export async function makeMusic({ home, tools, log }: { home: string; tools: SoundTools; log: Log }): Promise<string> {
  const directory = join(home, 'asterisk', `music-${fingerprint([RECIPE, JSON.stringify(CHORDS)])}`);
  const [sox, ...soxArguments] = tools.sox as [string, ...string[]];
  return madeDirectory(directory, async (part) => {
    log('Making the queue music …');
    const bars = CHORDS.map((_, index) => join(part, `bar-${index}.wav`));
    for (const [index, chord] of CHORDS.entries()) {
      await runCommand(sox, [...soxArguments, ...bar(chord, bars[index] as string)]);
    }
    await runCommand(sox, [...soxArguments, ...bars, ...telephoneSound(join(part, 'queue.wav'))]);
    for (const file of bars) await rm(file);
  });
}

/** The notes of a chord plucked one after another, dying away before the bar ends. */
function bar(chord: string[], file: string): string[] {
  const notes = chord.flatMap((note) => ['pluck', note]);
  const starts = chord.map((_, index) => String(index * 0.5));
  return [
    ...['-n', '-r', '32000', '-b', '16', '-c', String(chord.length), file],
    ...['synth', String(BAR_SECONDS), ...notes, 'delay', ...starts, 'remix', '-'],
    ...['trim', '0', String(BAR_SECONDS), 'fade', '0', String(BAR_SECONDS), '0.8', 'gain', '-n', '-6'],
  ];
}

function telephoneSound(file: string): string[] {
  return ['-r', '8000', '-c', '1', '-b', '16', file, 'highpass', '150', 'lowpass', '2800', 'norm', '-16'];
}
