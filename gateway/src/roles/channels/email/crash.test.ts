import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import { openDatabase } from '../../../platform/storage/index.ts';
import { eachEngine } from '../../../platform/storage/testing.ts';
import { attempt, KEYS, openRoom, startSmtp } from './testing/room.ts';

const ROUNDS = 4;
const MAILS = 25;

describe('the e-mail channel, killed at any moment', function () {
  this.timeout(180_000);

  eachEngine((_open, place) => {
    it('loses no mail, sends none twice, and tells what it does not know', async () => {
      const where = place();
      const smtp = await startSmtp();
      const ids: string[] = [];
      let child: ChildProcess | undefined;
      try {
        for (let round = 0; round < ROUNDS; round++) {
          const file = join(import.meta.dirname, 'testing', 'email-process.ts');
          const options = JSON.stringify({ ...where, port: smtp.port, keys: KEYS });
          child = fork(file, [options], { execArgv: ['--import', 'tsx'] });
          await once(child, 'message');
          const attempts = Array.from({ length: MAILS }, () => attempt());
          const target = smtp.visits.content + 1 + Math.floor(Math.random() * MAILS);
          const reached = (async () => {
            while (smtp.visits.content < target) await smtp.at('content');
          })();
          child.send({ attempts });
          await once(child, 'message');
          ids.push(...attempts.map(({ id }) => id));
          await reached;
          const exit = once(child, 'exit');
          child.kill('SIGKILL');
          await exit;
        }
        const database = await openDatabase(where);
        const room = await openRoom(database, smtp.port, { leaseMs: 1_000 });
        const told = await Promise.all(ids.map((id) => room.told(id, 1)));
        await room.stop();
        await database.close();

        const received = smtp.mails.map(({ from }) => from.slice('bounces+'.length, from.indexOf('@')));
        expect(new Set(received).size, 'sent twice').to.equal(received.length);
        const unknown = told.filter(([kind]) => kind === 'unknown').length;
        expect(told.filter(([kind]) => kind === 'handed-over').length + unknown).to.equal(ids.length);
        // Three connections per killed process.
        expect(unknown).to.be.at.most(3 * ROUNDS);
        for (const [index, id] of ids.entries()) {
          if (told[index]?.[0] === 'handed-over') expect(received).to.include(id);
        }
      } finally {
        child?.kill('SIGKILL');
        await smtp.kill();
      }
    });
  });
});
