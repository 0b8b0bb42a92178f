import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Outcome } from '@civicline/protocol/channel';
import { generateSealingKeysSync } from '@civicline/protocol/sealing/node';
import { type SmscSimulator, startSmscSimulator } from '@civicline/sms/simulator';
import { expect } from 'chai';
import { openDatabase } from '../../../platform/storage/index.ts';
import type { OutcomeRow } from '../kit/outcomes.ts';
import type { Tables } from './tables.ts';

const KILLS = Number(process.env.CIVICLINE_TEST_KILLS ?? 8);
/** So many acknowledged submits, of 20 each, from the first hand-over to the kill; one more each time. */
const SUBMITS = 10;
/** Twice the window of 50: see departures.ts. */
const LEAVING_MOST = 100;
const ROLE = join(import.meta.dirname, 'testing/role-process.ts');

describe('the SMS channel under kill -9', () => {
  const folder = mkdtempSync(join(tmpdir(), 'civicline-sms-'));
  const { privateKey } = generateSealingKeysSync();
  /** How often the SMSC took each, by text, which is its id. */
  const taken = new Map<string, number>();
  let simulator: SmscSimulator;

  before(async () => {
    simulator = await startSmscSimulator({
      onMessage: ({ text }) => taken.set(text, (taken.get(text) ?? 0) + 1),
    });
  });
  after(async () => {
    await simulator.stop();
    rmSync(folder, { recursive: true });
  });

  function start(task: 'load' | 'drain'): ChildProcess {
    const args = ['--import', 'tsx', ROLE, folder, String(simulator.smppPort), privateKey, task];
    return spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: ['pipe', 'pipe', 'inherit'] });
  }

  it(`loses nothing and sends nothing twice in ${KILLS} kills under load`, async function () {
    this.timeout(60_000 + KILLS * 15_000);
    const acknowledged: string[] = [];
    for (let kill = 0; kill < KILLS; kill++) acknowledged.push(...(await loadAndKill(start('load'), SUBMITS + kill)));
    await drain(start('drain'));

    const database = await openDatabase({ url: `file:${folder}`, role: 'sms' });
    const { sql } = database.withTables<Tables>();
    const attempts = await sql.selectFrom('sms_attempts').select(['id', 'state', 'sealed']).execute();
    const outcomes = await sql.selectFrom('sms_outcomes').selectAll().orderBy('position').execute();
    await database.close();

    const states = new Map(attempts.map(({ id, state }) => [id, state]));
    const told = groupedByAttempt(outcomes);
    expect(acknowledged.filter((id) => !states.has(id))).to.deep.equal([]);
    for (const { id, state, sealed } of attempts) {
      const times = taken.get(id) ?? 0;
      const kinds = told.get(id) ?? [];
      if (kinds[0] === 'unknown') expect(times, `${id} ${state}`).to.be.at.most(1);
      else expect(times, `${id} ${state} ${kinds}`).to.equal(1);
      expect(sealed).to.equal(null);
      expect(kinds[0]).to.be.oneOf(['handed-over', 'unknown']);
      expect(kinds.slice(1)).to.be.deep.oneOf([[], ['delivered']]);
      expect(state).to.equal(kinds.at(-1));
    }
    const unknown = [...told.values()].filter(([first]) => first === 'unknown').length;
    expect(unknown, 'ambiguous').to.be.at.most(KILLS * LEAVING_MOST);
    expect([...taken.keys()].filter((id) => !states.has(id))).to.deep.equal([]);
    console.log(`        ${attempts.length} SMS, ${acknowledged.length} acknowledged, ${unknown} unknown`);
  });
});

/** Kills the process without warning, so many submits after its first hand-over; returns all that it acknowledged. */
async function loadAndKill(role: ChildProcess, submits: number): Promise<string[]> {
  let output = '';
  role.stdout?.on('data', (chunk) => {
    output += String(chunk);
    const [, since] = output.split('going\n');
    if (since && since.split('\n').length > submits) role.kill('SIGKILL');
  });
  const [, signal] = await once(role, 'close');
  expect(signal).to.equal('SIGKILL');
  const lines = output.split('\n').slice(0, -1);
  return lines.filter((line) => line !== 'going').flatMap((line) => line.split(' '));
}

async function drain(role: ChildProcess): Promise<void> {
  const [line] = await once(createInterface(role.stdout as NonNullable<ChildProcess['stdout']>), 'line');
  expect(line).to.equal('drained');
  role.stdin?.end('\n');
  expect(await once(role, 'close')).to.deep.equal([0, null]);
}

function groupedByAttempt(outcomes: readonly OutcomeRow[]): Map<string, Outcome['kind'][]> {
  const told = new Map<string, Outcome['kind'][]>();
  for (const { attempt_id, kind } of outcomes) told.set(attempt_id, [...(told.get(attempt_id) ?? []), kind]);
  return told;
}
