/** A whole gateway for the tests in this package: temporary database, a clock to turn, a stand-in for the IRMA server. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import getPort from 'get-port';
import { type Gateway, startGateway } from './app.ts';
import { type Config, type RoleName, readConfig } from './config.ts';
import { createLog } from './platform/http/index.ts';
import type { StorageSettings } from './platform/run/index.ts';
import { createStandInIrma, type StandInIrma } from './roles/calls/testing/stand-in-irma.ts';

export interface TestGateway {
  readonly gateway: Gateway;
  url: string;
  config: Config;
  irma: StandInIrma;
  /** What was logged, one line each. */
  lines: string[];
  /** UTC milliseconds; set it to let time pass. */
  clock: { now: number };
  /** As a new process with the same database would. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export const DEMO_FILE = resolve(import.meta.dirname, '../../demo/civicline.yaml');

/** The environment of a gateway whose databases are in `folder`, and which reaches nobody. */
export function testSettings(folder: string, port: number): Record<string, string> {
  return {
    CIVICLINE_LISTEN: `127.0.0.1:${port}`,
    CIVICLINE_ORGANISATIONS: DEMO_FILE,
    // Of the demonstration, also where a test gives the gateway a public name.
    CIVICLINE_ALLOW_INSECURE: 'CIVICLINE_ORGANISATIONS',
    DATABASE_URL: `file:${folder}`,
    CIVICLINE_DATA_KEY: randomBytes(32).toString('base64'),
    CIVICLINE_SESSION_KEY: randomBytes(32).toString('base64'),
    CIVICLINE_IRMA_URL: 'http://127.0.0.1:9',
    CIVICLINE_IRMA_TOKEN: 'none',
    CIVICLINE_OIDC_ISSUER: 'http://127.0.0.1:9',
    CIVICLINE_OIDC_CLIENT_ID: 'console',
    CIVICLINE_OIDC_CLIENT_SECRET: 'none',
    CIVICLINE_CALL_REQUESTS_PER_MINUTE: '0',
  };
}

/** Where a role of this configuration keeps what it knows. */
export function storageOf(config: Config, role: RoleName): StorageSettings {
  const found = config.roles.find(({ definition }) => definition.name === role);
  if (!found) throw new Error(`The role ${role} is not in this configuration.`);
  return found.storage;
}

/** `environment`: variables other than the test's own. */
export async function startTestGateway(environment: Record<string, string> = {}): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'civicline-gateway-'));
  const port = await getPort({ host: '127.0.0.1' });
  const url = `http://127.0.0.1:${port}`;
  const irma = createStandInIrma();
  const config = readConfig({ ...testSettings(folder, port), ...environment }, irma);
  const lines: string[] = [];
  const log = createLog('trace', { write: (line) => void lines.push(line) });
  const clock = { now: Date.now() };
  const start = () => startGateway({ config, log, now: () => clock.now });
  let gateway = await start();
  return {
    get gateway() {
      return gateway;
    },
    url,
    config,
    irma,
    lines,
    clock,
    async restart() {
      await gateway.stop();
      gateway = await start();
    },
    async stop() {
      await gateway.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
