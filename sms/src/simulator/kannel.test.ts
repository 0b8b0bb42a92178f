import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { type PhoneMessage, type SmscSimulator, startSmscSimulator } from './index.ts';
import { type Kannel, startKannel } from './testing/kannel.ts';

const NUMBER = '+32470000001';

describe('SMSC simulator with Kannel', () => {
  let simulator: SmscSimulator;
  let kannel: Kannel;
  let callbacks: Server;
  let address: string;
  const calls: URL[] = [];
  const messages: PhoneMessage[] = [];
  const waiting = new Set<() => void>();
  const told = () => {
    for (const look of waiting) look();
  };
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

  before(async () => {
    callbacks = createServer((request, response) => {
      calls.push(new URL(request.url ?? '', 'http://localhost'));
      response.end();
      told();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => callbacks.once('listening', resolve));
    address = `http://127.0.0.1:${(callbacks.address() as AddressInfo).port}`;
    simulator = await startSmscSimulator({
      onMessage(message) {
        messages.push(message);
        told();
      },
    });
    kannel = await startKannel({ smppPort: simulator.smppPort, inboundUrl: `${address}/inbound` });
  });
  after(async () => {
    await kannel?.stop();
    await simulator.stop();
    callbacks.closeAllConnections();
    await new Promise((resolve) => callbacks.close(resolve));
  });
  beforeEach(() => {
    messages.length = 0;
    calls.length = 0;
    simulator.setBehaviour({});
  });

  const send = async (text: string, fields: Record<string, string> = {}) =>
    expect(await kannel.send({ from: '8850', to: NUMBER, text, charset: 'UTF-8', ...fields })).to.equal(202);
  const report = { 'dlr-mask': '3' };
  const reportTo = () => ({ ...report, 'dlr-url': `${address}/report?type=%d` });

  it('takes its messages and gives receipts that it understands', async () => {
    await send('Uw afspraak is morgen [10:00] €', reportTo());
    await until(() => calls.length > 0);
    expect(
      messages.map(({ number, counterpart, text, encoding }) => [number, counterpart, text, encoding]),
    ).to.deep.equal([[NUMBER, '8850', 'Uw afspraak is morgen [10:00] €', 'gsm']]);
    expect(calls[0]?.searchParams.get('type')).to.equal('1');
    simulator.setBehaviour({ receipts: { states: ['UNDELIV'] } });
    await send('Bericht', reportTo());
    await until(() => calls.length > 1);
    expect(calls[1]?.searchParams.get('type')).to.equal('2');
  });

  it('puts its segments together', async () => {
    const text = 'Être prêt ✓ '.repeat(15).trim();
    await send(text, { coding: '2' });
    await until(() => messages.length > 0);
    expect(messages[0]).to.include({ text, segments: 3, encoding: 'ucs2' });
    await send('a'.repeat(300));
    await until(() => messages.length > 1);
    expect(messages[1]).to.include({ text: 'a'.repeat(300), segments: 2, encoding: 'gsm' });
  });

  it('slows it down, and gets every message in the end', async () => {
    simulator.setBehaviour({ faults: [{ kind: 'throttled', times: 1 }] });
    await send('Bericht');
    await until(() => messages.length > 0);
    expect(messages).to.have.length(1);
  });

  it('hands it what people write', async () => {
    await send('Bericht');
    await until(() => messages.length > 0);
    simulator.write(NUMBER, '8850', 'STOP');
    await until(() => calls.length > 0);
    const { from, to, text } = Object.fromEntries(calls[0]?.searchParams ?? []);
    expect([from?.trim(), to, text]).to.deep.equal([NUMBER, '8850', 'STOP']);
  });

  it('has it back after a cut', async () => {
    simulator.cut();
    await send('Bericht', reportTo());
    await until(() => calls.length > 0);
    expect(messages).to.have.length(1);
  });
});
