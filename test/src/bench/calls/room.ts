/**
 * The one Civicline of its own in which all of this benchmark happens, with an organisation of 500 agents, a real
 * Asterisk whose dialplan also holds the peers' lines, and codes that wallets have really disclosed for.
 */
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, log, type RunningSystem, root, startSystem } from '@civicline/launcher';
import { parse, stringify } from 'yaml';
import { type Caller, createCaller } from '../../phone/index.ts';
import { ariRequest } from './ari-socket.ts';
import { type DisclosedCode, discloseCodes, untilSettled } from './codes.ts';

/** Where the 500 agents of the desk work; the code's purpose leads there. */
export const DESK_NUMBER = '+31850000001';
export const DESK_AGENTS = 500;
/** Where calls are only counted, by one agent who answers none. */
export const LOAD_NUMBER = '+31850000002';
export const OBSERVER = 'observer';
export const FULL_NAME = 'civicline-demo.gemeente.personalData.fullname';
export const BSN = 'civicline-demo.gemeente.personalData.bsn';

/** Which dialled number leads to which peer: the prefix, then the code that is going to be keyed. */
export const PEER_PREFIX = { asteriskAlone: '+3190', ariClient: '+3191', digitEvents: '+3192' } as const;
export const ARI_CLIENT_APPLICATION = 'bench-ari-client';
export const DIGIT_EVENTS_APPLICATION = 'bench-digit-events';

/**
 * The peers' lines, in the product's own Asterisk: same modules, same trunk, same prompt.
 * The cause of the hang-up tells the caller whether the code came through.
 */
const PEER_DIALPLAN = `
[from-trunk](+)
exten => _${PEER_PREFIX.asteriskAlone}XXXXXXXX,1,Answer()
 same => n,Read(BENCH_CODE,civicline/enter-code,8)
 same => n,Hangup(\${IF($["\${BENCH_CODE}" = "\${EXTEN:5}"]?16:21)})
exten => _${PEER_PREFIX.ariClient}XXXXXXXX,1,Stasis(${ARI_CLIENT_APPLICATION},\${EXTEN:5})
 same => n,Hangup()
exten => _${PEER_PREFIX.digitEvents}XXXXXXXX,1,Answer()
 same => n,Stasis(${DIGIT_EVENTS_APPLICATION},\${EXTEN:5})
 same => n,Hangup()
`;

type Purpose = 'desk' | 'load';

export interface Room {
  system: RunningSystem;
  caller: Caller;
  /** Agents of the desk, in the organisation's order. */
  agents: string[];
  /** Makes codes ready by purpose; each start of the gateway from then on finds all of them unused. */
  prepareCodes(counts: Record<Purpose, number>): Promise<Record<Purpose, DisclosedCode[]>>;
  stopGateway(): Promise<void>;
  /** Starts the gateway with the database as it was when the codes were ready. */
  startGateway(): Promise<void>;
  stop(): Promise<void>;
}

export async function openRoom(agentCount = DESK_AGENTS): Promise<Room> {
  const directory = await mkdtemp(join(tmpdir(), 'civicline-bench-'));
  const agents = Array.from({ length: agentCount }, (_, index) => `agent-${String(index + 1).padStart(3, '0')}`);
  const organisationsFile = join(directory, 'civicline.yaml');
  await writeFile(organisationsFile, await organisation(agents));
  const system = await startSystem({
    home: join(root, '.civicline'),
    directory,
    ports: await freePorts(),
    organisationsFile,
    settings: { CIVICLINE_CALL_REQUESTS_PER_MINUTE: '0', CIVICLINE_CODE_MINUTES: '60' },
    log,
  });
  const saved = join(directory, 'database-with-codes');
  const { asterisk, gateway } = system;
  let serving = true;

  const stopGateway = async () => {
    if (serving) await gateway.current.stop();
    serving = false;
  };
  await appendFile(join(directory, 'asterisk', 'etc', 'extensions.conf'), PEER_DIALPLAN);
  await ariRequest(asterisk.current, 'PUT', 'asterisk/modules/pbx_config.so');
  const caller = await createCaller({ server: { address: '127.0.0.1', port: system.ports.sip } });

  return {
    system,
    caller,
    agents,
    async prepareCodes(counts) {
      const codes = {
        desk: await discloseCodes(system, { count: counts.desk, purpose: 'desk' }),
        load: await discloseCodes(system, { count: counts.load, purpose: 'load' }),
      };
      await untilSettled();
      await stopGateway();
      await mkdir(saved, { recursive: true });
      for (const file of await databaseFiles(directory)) await cp(join(directory, file), join(saved, file));
      return codes;
    },
    stopGateway,
    async startGateway() {
      await stopGateway();
      for (const file of await databaseFiles(directory)) await rm(join(directory, file));
      await cp(saved, directory, { recursive: true });
      await gateway.start();
      serving = true;
    },
    async stop() {
      await caller.close();
      await system.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** SQLite's main file and, beside it, what has not found its way into that yet. */
async function databaseFiles(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name.startsWith('calls.db'));
}

async function organisation(agents: string[]): Promise<string> {
  const file = parse(await readFile(join(root, 'demo/civicline.yaml'), 'utf8'));
  const [demo] = file.organisations;
  const agent = (id: string, queue: string) => ({ id, name: id, signIn: `${id}@example.org`, queues: [queue] });
  const purpose = (id: string, number: string) => ({
    id,
    title: { en: id },
    number,
    queue: id,
    disclose: [[[FULL_NAME, BSN]]],
  });
  file.organisations = [
    {
      ...demo,
      appearance: undefined,
      numbers: [
        { number: DESK_NUMBER, queue: 'desk' },
        { number: LOAD_NUMBER, queue: 'load' },
      ],
      queues: ['desk', 'load'].map((id) => ({ id, name: { en: id }, capacity: 1000 })),
      purposes: [purpose('desk', DESK_NUMBER), purpose('load', LOAD_NUMBER)],
      agents: [...agents.map((id) => agent(id, 'desk')), agent(OBSERVER, 'load')],
    },
  ];
  return stringify(file);
}
