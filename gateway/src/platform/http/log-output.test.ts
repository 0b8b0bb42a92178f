import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';

const MODULE = new URL('./log.ts', import.meta.url).href;
const LINES = 5_000;

/** A process that logs, then does what `afterwards` says. */
function logging(afterwards: string) {
  const program = `import { createLog } from '${MODULE}';
    const log = createLog('info');
    for (let line = 0; line < ${LINES}; line++) log.info({ line }, 'a line that takes some room in the pipe');
    ${afterwards}`;
  const child = spawn(process.execPath, ['--import=tsx', '--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { child, ended: once(child, 'close') as Promise<[number | null, string | null]> };
}

function numbersIn(output: string): number[] {
  return output
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { line: number }).line);
}

describe('the log of a process', () => {
  const all = Array.from({ length: LINES }, (_, line) => line);

  for (const [how, afterwards, code] of [
    ['exits', 'process.exit(3);', 3],
    ['dies of an uncaught error', "throw new Error('on purpose');", 1],
    ['has nothing more to do', '', 0],
  ] as const) {
    it(`is complete when the process ${how}`, async () => {
      const { child, ended } = logging(afterwards);
      const [output, errors, [status]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
      expect(status, errors).to.equal(code);
      expect(numbersIn(output)).to.deep.equal(all);
    });
  }

  it('holds up nothing when nobody reads it, and goes on when somebody does', async () => {
    const { child, ended } = logging("process.stderr.write('went on');");
    // The pipe is full long before the last line: nobody reads until the process has gone on all the same.
    const [first] = (await once(child.stderr, 'data')) as [Buffer];
    expect(first.toString()).to.equal('went on');
    const [output] = await Promise.all([text(child.stdout), ended]);
    expect(numbersIn(output)).to.deep.equal(all);
  });
});
