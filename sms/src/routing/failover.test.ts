import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { expect } from 'chai';
import express from 'express';
import type { InboundSms, Receipt } from '../route.ts';
import { type SmscSimulator, startSmscSimulator } from '../simulator/index.ts';
import { createRouter, parseRoutes, type Router } from './index.ts';

/** An SMPP carrier first and RingRing behind it, each a simulator, from a routes file as an operator writes it. */
describe('failover between kinds of route', () => {
  let carrier: SmscSimulator;
  let vendor: SmscSimulator;
  let router: Router;
  let callbacks: Server;
  const told: (['receipt', string, Receipt] | ['inbound', string, InboundSms] | ['state', string, boolean])[] = [];
  const waiting = new Set<() => void>();

  const until = (holds: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!holds()) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  const tell = (entry: (typeof told)[number]) => {
    told.push(entry);
    for (const look of waiting) look();
  };
  const isUp = (name: string) => router.routes().some((route) => route.name === name && route.up);
  const send = (text: string) =>
    router.send({ id: randomUUID(), to: '+32470000001', text, validUntil: Date.now() + 60_000, urgent: false });
  const texts = (simulator: SmscSimulator) => simulator.messages().map(({ text }) => text);

  before(async () => {
    [carrier, vendor] = await Promise.all([startSmscSimulator(), startSmscSimulator({ apiKey: 'the-key' })]);
    const app = express();
    callbacks = createServer(app).listen(0, '127.0.0.1');
    await new Promise((resolve) => callbacks.once('listening', resolve));
    const file = parseRoutes(
      `routes:
  - name: carrier
    kind: smpp
    host: 127.0.0.1
    port: ${carrier.smppPort}
    systemId: civicline
    password: \${PASSWORD}
    sender: '8850'
    responseTimeoutMs: 400
    priority: 1
    prefixes: [{ prefix: '+32', price: 0.04 }]
  - name: vendor
    kind: ringring
    url: ${vendor.url}/sms/v1
    apiKey: \${KEY}
    webhookSecret: \${HOOK}
    sender: '8850'
    pollMs: 3600000
    priority: 2
    prefixes: [{ prefix: '+32', price: 0.05 }]
`,
      'routes.yaml',
      { environment: { PASSWORD: 'secret', KEY: 'the-key', HOOK: randomUUID() }, folder: tmpdir() },
    );
    router = createRouter({
      file,
      publicUrl: `http://127.0.0.1:${(callbacks.address() as AddressInfo).port}`,
      listener: {
        receipt: async (route, receipt) => tell(['receipt', route, receipt]),
        inbound: async (route, sms) => tell(['inbound', route, sms]),
        state: (route, up) => tell(['state', route, up]),
      },
    });
    router.mount(app);
    await until(() => isUp('carrier') && isUp('vendor'));
  });
  after(async () => {
    await router.close();
    await Promise.all([carrier.stop(), vendor.stop()]);
    callbacks.closeAllConnections();
    await new Promise((resolve) => callbacks.close(resolve));
  });

  it('goes by the other kind while the first is away, and back', async () => {
    expect(await send('one')).to.include({ kind: 'accepted', route: 'carrier', segmentPrice: 40_000 });
    const { smppPort } = carrier;
    await carrier.stop();
    await until(() => !isUp('carrier'));
    const second = await send('two');
    expect(second).to.include({ kind: 'accepted', route: 'vendor', segmentPrice: 50_000 });
    expect(texts(vendor)).to.deep.equal(['two']);
    carrier = await startSmscSimulator({ smppPort });
    await until(() => isUp('carrier'));
    expect(await send('three')).to.include({ route: 'carrier' });
    expect(texts(carrier)).to.deep.equal(['three']);
  });

  it('hears from the vendor’s webhook, under the id that it gave', async () => {
    const [carrierReceipts, vendorReceipts] = ['carrier', 'vendor'].map(
      (name) => () => told.filter(([kind, route]) => kind === 'receipt' && route === name),
    );
    await until(() => (vendorReceipts?.().length ?? 0) > 0 && (carrierReceipts?.().length ?? 0) > 0);
    expect(vendorReceipts?.()[0]?.[2]).to.include({ state: 'delivered' });
    carrier.setBehaviour({ faults: [{ kind: 'failed' }] });
    const result = await send('four');
    expect(result).to.include({ kind: 'accepted', route: 'vendor' });
    const ids = result.kind === 'accepted' ? result.carrierIds : [];
    await until(() => vendorReceipts?.().some(([, , receipt]) => (receipt as Receipt).carrierId === ids[0]) ?? false);
  });

  it('does not go by the other when the first may have sent it', async () => {
    carrier.setBehaviour({ faults: [{ kind: 'no-answer' }] });
    expect(await send('five')).to.include({ kind: 'unknown', route: 'carrier' });
    expect(texts(carrier)).to.include('five');
    expect(texts(vendor)).not.to.include('five');
  });
});
