import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CallView, CONSOLE_SOCKET_PATH, type Snapshot } from '@civicline/protocol';
import { expect } from 'chai';
import { Server, type Socket } from 'socket.io';
import { type ConsoleClient, ConsoleError, openConsole } from './console-client.ts';

const snapshot = (sequence: number, calls: Pick<CallView, 'id' | 'state'>[] = []) =>
  ({ sequence, calls, queues: [], colleagues: [], telephonyAvailable: true }) as unknown as Snapshot;

/** A stand-in for the gateway's side of the console, to lose and repeat what the real one would not. */
describe('console without a screen', () => {
  let http: HttpServer;
  let server: Server;
  let socket: Socket;
  let client: ConsoleClient;
  let cookie: string | undefined;
  let removed: string[];

  beforeEach(async () => {
    http = createServer();
    server = new Server(http, { path: CONSOLE_SOCKET_PATH, transports: ['websocket'] });
    server.use((connecting, next) => {
      cookie = connecting.request.headers.cookie;
      next(cookie === 'session=good' ? undefined : new Error('NOT_SIGNED_IN'));
    });
    server.on('connection', (connected) => {
      socket = connected;
      socket.emit('snapshot', snapshot(1, [{ id: 'a', state: 'queued' }]));
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    client = await openConsole(url(), 'session=good');
    removed = [];
    client.events.on('removed', ({ call, reason }) => removed.push(`${call.id} ${reason}`));
  });
  afterEach(async () => {
    client.close();
    await server.close();
  });

  const url = () => `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const ids = () => client.state.calls.map(({ id, state }) => `${id} ${state}`);
  const changed = () => new Promise<void>((resolve) => client.events.once('changed', resolve));

  it('takes events in their turn, and repeated ones not again', async () => {
    socket.emit('call-changed', { sequence: 2, call: { id: 'b', state: 'queued' } });
    socket.emit('call-changed', { sequence: 2, call: { id: 'b', state: 'connected' } });
    socket.emit('call-removed', { sequence: 3, callId: 'a', reason: 'answered-elsewhere' });
    socket.emit('telephony-changed', { sequence: 4, available: false });
    while (client.state.telephonyAvailable) await changed();
    expect(ids()).to.deep.equal(['b queued']);
    expect(removed).to.deep.equal(['a answered-elsewhere']);
  });

  it('asks for the whole truth after a gap', async () => {
    const asked = new Promise<void>((resolve) => socket.once('resync', () => resolve()));
    socket.emit('call-changed', { sequence: 5, call: { id: 'b', state: 'queued' } });
    await asked;
    expect(ids()).to.deep.equal(['a queued']);
    socket.emit('snapshot', snapshot(6, [{ id: 'c', state: 'queued' }]));
    await changed();
    expect(ids()).to.deep.equal(['c queued']);
    expect(removed).to.deep.equal(['a closed']);
  });

  it('comes back to a fresh snapshot after losing the connection', async () => {
    const [lost, back] = ['disconnected', 'connected'].map(
      (name) => new Promise<void>((resolve) => client.events.once(name as 'connected', resolve)),
    );
    socket.conn.close();
    await lost;
    expect(client.connected).to.equal(false);
    await back;
    expect(client.connected).to.equal(true);
  });

  it('says why the gateway says no', async () => {
    socket.on('answer', (_input, reply) => reply({ ok: false, code: 'CALL_GONE', title: 'The caller has left.' }));
    await client.ask('answer', { callId: '0198a2b0-0000-7000-8000-000000000000' }).then(
      () => expect.fail('it should have been refused'),
      (error: unknown) => expect(error).to.be.instanceOf(ConsoleError).with.property('code', 'CALL_GONE'),
    );
  });

  it('is not opened for somebody who has not signed in', async () => {
    await openConsole(url(), 'session=bad').then(
      () => expect.fail('it should not have opened'),
      (error: unknown) => expect(String(error)).to.include('NOT_SIGNED_IN'),
    );
  });
});
