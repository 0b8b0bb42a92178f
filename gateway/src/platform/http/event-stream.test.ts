import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import type { Response } from 'express';
import { createEventStreams } from './event-stream.ts';

/** A stand-in for a response whose reader can stop reading. */
function standInResponse() {
  const written: string[] = [];
  const response = Object.assign(new EventEmitter(), {
    written,
    writableNeedDrain: false,
    writableEnded: false,
    writeHead: () => response,
    flushHeaders: () => undefined,
    write: (text: string) => written.push(text) > 0,
    end() {
      response.writableEnded = true;
      response.emit('close');
    },
  });
  return response;
}

describe('event stream', () => {
  it('keeps only the latest state for a reader that does not read', () => {
    const streams = createEventStreams();
    const response = standInResponse();
    const stream = streams.open(response as unknown as Response);
    stream.send('1');
    response.writableNeedDrain = true;
    for (let n = 2; n < 10_000; n++) stream.send(String(n));
    stream.end();
    expect(response.written).to.deep.equal(['data: 1\n\n']);
    expect(response.writableEnded).to.equal(false);
    response.writableNeedDrain = false;
    response.emit('drain');
    expect(response.written).to.deep.equal(['data: 1\n\n', 'data: 9999\n\n']);
    expect(response.writableEnded).to.equal(true);
    expect(streams.size()).to.equal(0);
  });

  it('sends nothing after its end, and forgets who has left', () => {
    const streams = createEventStreams();
    const [ended, left] = [standInResponse(), standInResponse()];
    const stream = streams.open(ended as unknown as Response);
    streams.open(left as unknown as Response);
    stream.end();
    stream.send('late');
    expect(ended.written).to.deep.equal([]);
    left.emit('close');
    expect(streams.size()).to.equal(0);
    streams.close();
  });

  it('is none for a reader who left while it was prepared', () => {
    const streams = createEventStreams();
    const gone = Object.assign(standInResponse(), { destroyed: true });
    let closed = 0;
    const stream = streams.open(gone as unknown as Response);
    stream.onClose(() => closed++);
    stream.send('1');
    expect([streams.size(), closed, gone.written.length]).to.deep.equal([0, 1, 0]);
    streams.close();
  });

  it('ends all of them at once', () => {
    const streams = createEventStreams();
    const responses = [standInResponse(), standInResponse()];
    for (const response of responses) streams.open(response as unknown as Response);
    streams.close();
    expect(responses.map(({ writableEnded }) => writableEnded)).to.deep.equal([true, true]);
  });
});
