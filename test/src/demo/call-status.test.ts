import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CallRequestState } from '@civicline/protocol';
import { expect } from 'chai';
import { type CallStatus, followCallRequest } from './call-status.ts';

describe('following a call request', () => {
  let server: Server;
  let status: CallStatus | undefined;
  let streams: ServerResponse[];
  let authorizations: (string | undefined)[];
  let states: CallRequestState[];

  beforeEach(async () => {
    streams = [];
    authorizations = [];
    states = [];
    server = createServer((request, response) => {
      authorizations.push(request.headers.authorization);
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      streams.push(response);
      server.emit('stream');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    status?.close();
    server.closeAllConnections();
    server.close();
  });

  const stream = () => new Promise((resolve) => server.once('stream', resolve));
  const say = (state: CallRequestState, sequence: number) =>
    streams.at(-1)?.write(`data: ${JSON.stringify({ state, sequence })}\n\n`);
  const follow = () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const request = { id: '0198a2b0-0000-7000-8000-000000000000', token: 'secret' };
    status = followCallRequest(url, request, (state) => states.push(state));
    return status;
  };

  it('hears each state once, in order, whatever is repeated or late', async () => {
    const opened = stream();
    const following = follow();
    await opened;
    say('awaiting-disclosure', 0);
    say('disclosed', 1);
    say('calling', 2);
    say('disclosed', 1);
    say('calling', 2);
    say('queued', 3);
    await following.reached('queued');
    expect(states).to.deep.equal(['awaiting-disclosure', 'disclosed', 'calling', 'queued']);
    expect(await following.reached('calling', 'queued')).to.equal('calling');
    expect(authorizations).to.deep.equal(['Bearer secret']);
  });

  it('comes back when the gateway went away', async () => {
    const opened = stream();
    const following = follow();
    await opened;
    say('queued', 3);
    await following.reached('queued');
    const again = stream();
    streams[0]?.destroy();
    await again;
    say('queued', 3);
    say('connected', 4);
    await following.reached('connected');
    expect(states).to.deep.equal(['queued', 'connected']);
  });
});
