import { execFile } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { expect } from 'chai';
import { root } from './system.ts';

describe('the first step of every npm script', () => {
  /** Runs it as if this were another Node.js; what it would run then refuses the name of a step, with 2. */
  function under(version: string): Promise<{ code: number | null; said: string }> {
    const pretend = `Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`;
    const args = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`];
    const child = [join(root, 'launcher/bootstrap.mjs'), 'test/src/run.ts', 'no-such-step'];
    return new Promise((done) => {
      execFile(process.execPath, [...args, ...child], (error, _stdout, stderr) =>
        done({ code: error ? Number(error.code) : 0, said: stderr }),
      );
    });
  }

  for (const version of ['18.20.0', '20.18.3', '23.1.0', '24.19.0']) {
    it(`refuses Node.js ${version}`, async () => {
      const { code, said } = await under(version);
      expect(code).to.equal(1);
      expect(said).to.include(`Civicline needs Node.js 20 (20.19 or newer) or 22; this is ${version}.`);
    });
  }

  for (const version of ['20.19.0', '22.23.2']) {
    it(`takes Node.js ${version}`, async () => {
      const { code, said } = await under(version);
      expect(code, said).to.equal(2);
      expect(said).to.include('No such step');
    });
  }
});
