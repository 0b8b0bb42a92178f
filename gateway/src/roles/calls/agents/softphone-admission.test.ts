import type { Server } from 'node:http';
import { expect } from 'chai';
import { createHttp, createLog, createMetrics, drain, finishHttp, listen } from '../../../platform/http/index.ts';
import { testOrganisations } from '../testing/organisations.ts';
import { mountSoftphoneAdmission } from './softphone-admission.ts';

const ORIGIN = 'https://bellen.example.nl';

describe('who may open a softphone’s connection', () => {
  let server: Server;
  let url: string;
  let clock: number;
  let lines: string[];
  let count: (outcome: string) => Promise<number>;

  beforeEach(async () => {
    clock = Date.now();
    lines = [];
    const organisations = testOrganisations();
    const log = createLog('info', { write: (line) => void lines.push(line) });
    const metrics = createMetrics(false);
    const http = createHttp({ log, metrics, trustedProxies: ['loopback'] });
    mountSoftphoneAdmission(http, {
      signIn: {
        async agentFromCookie(cookie) {
          const found = organisations.agent(cookie?.replace(/;.*/, '') ?? '');
          return found ? { ...found, sessionId: cookie ?? '', expiresAt: clock + 1_000 } : null;
        },
      },
      publicUrl: `${ORIGIN}/`,
      asterisks: 1,
      metrics,
      log,
      now: () => clock,
    });
    finishHttp(http, log);
    const listening = await listen(http, '127.0.0.1', 0);
    server = listening.server;
    url = `http://127.0.0.1:${listening.port}/internal/softphone`;
    count = async (outcome) => {
      const { values } = (await metrics.getSingleMetric('civicline_softphone_connections_total')?.get()) ?? {
        values: [],
      };
      return values.find(({ labels }) => labels.outcome === outcome)?.value ?? -1;
    };
  });
  afterEach(() => drain(server, 100));

  const ask = async (headers: Record<string, string>) => (await fetch(url, { headers })).status;
  const warnings = () => lines.filter((line) => line.includes('SOFTPHONE_REFUSED')).length;

  it('is an agent who is signed in, from the gateway’s own page', async () => {
    expect(await ask({ cookie: 'agent-a', origin: ORIGIN })).to.equal(204);
    expect(await count('admitted')).to.equal(1);
  });

  it('is nobody without a sign-in, who is counted and no warning', async () => {
    for (const headers of [{}, { origin: ORIGIN }, { cookie: 'nobody', origin: ORIGIN }]) {
      expect(await ask(headers as Record<string, string>)).to.equal(401);
    }
    expect(await count('not-signed-in')).to.equal(3);
    expect(warnings()).to.equal(0);
  });

  it('is no auditor, and no page of another site with an agent’s cookie', async () => {
    expect(await ask({ cookie: 'auditor', origin: ORIGIN })).to.equal(403);
    for (const origin of ['https://evil.example', `${ORIGIN}.evil.example`, 'http://bellen.example.nl', 'null']) {
      expect(await ask({ cookie: 'agent-a', origin }), origin).to.equal(403);
    }
    expect(await ask({ cookie: 'agent-a' })).to.equal(403);
    expect([await count('role-missing'), await count('foreign-origin')]).to.deep.equal([1, 5]);
    expect(warnings()).to.equal(6);
  });

  it('connects a few times in ten minutes, each sign-in by itself', async () => {
    const statuses: number[] = [];
    for (let times = 0; times < 32; times += 1) statuses.push(await ask({ cookie: 'agent-a', origin: ORIGIN }));
    expect(statuses.filter((status) => status === 204)).to.have.length(30);
    expect(statuses.slice(30)).to.deep.equal([429, 429]);
    expect(await ask({ cookie: 'agent-b', origin: ORIGIN })).to.equal(204);
    expect(await ask({ cookie: 'agent-a;2', origin: ORIGIN })).to.equal(204);
    clock += 10 * 60_000;
    expect(await ask({ cookie: 'agent-a', origin: ORIGIN })).to.equal(204);
  });
});
