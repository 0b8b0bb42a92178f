import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { z } from 'zod';
import { createLog, createMetrics } from '../http/index.ts';
import { type ConfiguredRole, type Role, startProcess } from './index.ts';

/** Roles that write down what happens to them. */
describe('a process', () => {
  let events: string[];

  beforeEach(() => {
    events = [];
  });

  function aRole(name: string, changes: Partial<Role> = {}): ConfiguredRole {
    const note = (event: string) => void events.push(`${name} ${event}`);
    const role: Role = {
      operations: [],
      mount(http) {
        note('mount');
        http.get(`/${name}`, (_request, response) => void response.send(name));
      },
      start: () => note('start'),
      attach: () => note('attach'),
      detach: () => note('detach'),
      stop: async () => note('stop'),
      ...changes,
    };
    return {
      definition: {
        name,
        settings: z.unknown(),
        seals: false,
        async create(_settings, { open }) {
          note('create');
          await open();
          return role;
        },
      },
      settings: undefined,
      storage: { databaseUrl: 'memory:', dataKeys: [] },
    };
  }
  const start = (roles: ConfiguredRole[], port = 0) =>
    startProcess({
      roles,
      listen: { host: '127.0.0.1', port },
      trustedProxies: [],
      metrics: createMetrics(false),
      log: createLog('silent'),
      now: Date.now,
    });
  const rejection = (promise: Promise<unknown>) => promise.then(() => expect.fail('It started.'), String);

  it('starts its roles in their order, and stops them in the opposite one, once', async () => {
    const running = await start([aRole('one'), aRole('two')]);
    expect(await (await fetch(`${running.url}/two`)).text()).to.equal('two');
    expect((await fetch(`${running.url}/ready`)).status).to.equal(200);
    await Promise.all([running.stop(), running.stop()]);
    const each = (event: string) => [`one ${event}`, `two ${event}`];
    expect(events).to.deep.equal([
      ...[...each('create'), ...each('mount'), ...each('start'), ...each('attach'), ...each('detach')],
      ...['two stop', 'one stop'],
    ]);
  });

  it('stops what has started when a role cannot start', async () => {
    const start2 = () => Promise.reject(new Error('two is ill'));
    const roles = [aRole('one'), aRole('two', { start: start2 }), aRole('three')];
    expect(await rejection(start(roles))).to.include('two is ill');
    expect(events.slice(-4)).to.deep.equal(['one start', 'three stop', 'two stop', 'one stop']);
  });

  it('stops its roles when the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    try {
      const { port } = other.address() as AddressInfo;
      expect(await rejection(start([aRole('one')], port))).to.include('EADDRINUSE');
      expect(events).to.deep.equal(['one create', 'one mount', 'one start', 'one stop']);
    } finally {
      other.close();
    }
  });

  it('stops the others although one fails to stop', async () => {
    const stop = () => Promise.reject(new Error('two is ill'));
    const running = await start([aRole('one'), aRole('two', { stop })]);
    await running.stop();
    expect(events.at(-1)).to.equal('one stop');
  });

  it('answers requests under way before its roles stop', async () => {
    let release = () => {};
    let arrived = () => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const slow = aRole('slow', {
      mount(http) {
        http.get('/slow', (_request, response) => {
          release = () => void response.send('late');
          arrived();
        });
      },
    });
    const running = await start([slow]);
    const answer = fetch(`${running.url}/slow`);
    await arrival;
    const stopping = running.stop();
    expect(events).not.to.include('slow stop');
    release();
    expect(await (await answer).text()).to.equal('late');
    await stopping;
    expect(events.at(-1)).to.equal('slow stop');
  });
});
