import { expect } from 'chai';
import type express from 'express';
import { z } from 'zod';
import {
  AppError,
  createHttp,
  createLog,
  createMetrics,
  drain,
  finishHttp,
  listen,
  mount,
  operation,
} from '../index.ts';
import { expectDescribed } from './described.ts';

describe('answers held against their description', () => {
  const op = operation({
    method: 'get',
    path: '/v1/things/{id}',
    tag: 'Things',
    summary: 'A thing.',
    security: 'none',
    answers: { 200: { description: 'It.', schema: z.object({ id: z.uuid() }) }, 204: { description: 'None.' } },
  });
  const answers: Record<string, (response: express.Response) => unknown> = {
    right: (response) => response.json({ id: '01900000-0000-7000-8000-000000000000' }),
    none: (response) => response.status(204).end(),
    problem: () => {
      throw new AppError(409, 'NO', 'No.');
    },
    'wrong-body': (response) => response.json({ id: 'x' }),
    'wrong-type': (response) => response.type('text').send('x'),
    'wrong-status': (response) => response.status(202).json({ id: '01900000-0000-7000-8000-000000000000' }),
    'wrong-problem': (response) => response.status(400).type('application/problem+json').send('{}'),
  };
  let url: string;
  let stop: () => Promise<void>;

  before(async () => {
    const log = createLog('silent');
    const http = createHttp({ log, metrics: createMetrics(false), trustedProxies: [] });
    mount(http, op, [], ({ param }, response) => void answers[param('id')]?.(response));
    finishHttp(http, log);
    const { server, port } = await listen(http, '127.0.0.1', 0);
    url = `http://127.0.0.1:${port}/v1`;
    stop = () => drain(server, 100);
  });
  after(() => stop());

  const operations = [op];
  async function verdict(path: string): Promise<string> {
    const error = await expectDescribed(operations, 'GET', await fetch(`${url}${path}`)).catch(
      (thrown: Error) => thrown,
    );
    return error instanceof Error ? 'refused' : 'described';
  }

  it('are described, or not', async () => {
    for (const id of Object.keys(answers)) {
      expect(await verdict(`/things/${id}`), id).to.equal(id.startsWith('wrong') ? 'refused' : 'described');
    }
    expect(await verdict('/other')).to.equal('refused');
  });
});
