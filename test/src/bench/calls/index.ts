/** The benchmark of verified calls: four measurements in one Civicline of its own. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildFrontEnds, root } from '@civicline/launcher';
import { ensureDebianPackages } from '../../debian.ts';
import type { BenchOptions } from '../main.ts';
import type { Report } from '../report.ts';
import { openReadyConsole, registerPhones } from './agents.ts';
import { measureCallsPerSecond } from './calls-per-second.ts';
import { measureCodesRight } from './codes-right.ts';
import { openConsoles, signInAll } from './consoles.ts';
import { measurePainted } from './digit-to-painted.ts';
import { reportOf } from './report.ts';
import { DESK_AGENTS, openRoom, type Room } from './room.ts';
import { measureStandingCalls } from './standing-calls.ts';

const FULL = {
  agents: DESK_AGENTS,
  codes: { desk: 116, load: 2400 },
  codeRounds: 2,
  load: { rounds: 3, seconds: 5, callers: [20, 60, 120, 180, 240], more: 60 },
  standing: { calls: 200, seconds: 30, idleSeconds: 10 },
};
const QUICK: typeof FULL = {
  agents: 20,
  codes: { desk: 20, load: 60 },
  codeRounds: 1,
  load: { rounds: 1, seconds: 3, callers: [10], more: 10 },
  standing: { calls: 10, seconds: 3, idleSeconds: 3 },
};

export async function measureCalls({ quick, log }: BenchOptions): Promise<Report> {
  const extent = quick ? QUICK : FULL;
  ensureDebianPackages(log);
  await buildFrontEnds(root, log);
  const room = await openRoom(extent.agents);
  try {
    log('disclosing for codes');
    const codes = await room.prepareCodes(extent.codes);
    log('codes under every pattern of tones and gaps');
    const codesRight = await measureCodesRight(room, extent.codeRounds);
    log('calls per second');
    const perSecond = await measureCallsPerSecond(room, codes.load, extent.load);
    log('last digit to painted attributes');
    await room.startGateway();
    const cookies = await signInAll(room.system.gatewayUrl, room.agents);
    const phones = await registerPhones(room, cookies.values());
    // The browser's agent is the last of the queue, and so the last to be told.
    const browserAgent = room.agents.at(-1) ?? '';
    const browserCookie = cookies.get(browserAgent) ?? '';
    cookies.delete(browserAgent);
    (await openReadyConsole(room.system.gatewayUrl, browserCookie)).close();
    const consoles = await openConsoles(room.system.gatewayUrl, cookies);
    try {
      const painted = await measurePainted(room, { codes: codes.desk, cookie: browserCookie, consoles: cookies.size });
      log(`${extent.standing.calls} standing calls`);
      const standing = await measureStandingCalls(room, {
        ...extent.standing,
        consoles,
        agentIds: [...cookies.keys()],
      });
      return reportOf({ codesRight, perSecond, painted, standing, versions: versionsOf(room), quick });
    } finally {
      await consoles.close();
      phones.kill();
    }
  } finally {
    await room.stop();
  }
}

function versionsOf({ system }: Room): Record<string, string> {
  return {
    asterisk: system.asterisk.current.version,
    yivi: system.yivi.current.version,
    'ari-client': versionOfPackage('ari-client'),
    'socket.io': versionOfPackage('socket.io'),
  };
}

function versionOfPackage(name: string): string {
  const file = [root, join(root, 'test'), join(root, 'gateway')]
    .map((folder) => join(folder, 'node_modules', name, 'package.json'))
    .find((path) => existsSync(path));
  return file ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : 'unknown';
}
