import { expect } from 'chai';
import { AppError } from './errors.ts';
import { createLog } from './log.ts';

const SECRET = '+31612345678';

function logged(write: (log: ReturnType<typeof createLog>) => void): Record<string, unknown> & { error: LoggedError } {
  const lines: string[] = [];
  write(createLog('trace', { write: (line) => void lines.push(line) }));
  expect(lines).to.have.length(1);
  expect(lines[0]).not.to.include('612345678');
  return JSON.parse(lines[0] ?? '');
}

interface LoggedError {
  name: string;
  code?: string | number;
  stack?: string;
  cause?: LoggedError;
  errors?: LoggedError[];
}

/** As the database's driver and others throw them. */
function foreign(): Error {
  return Object.assign(new RangeError(`invalid input: "${SECRET}"\n    at ${SECRET} (line two)`), {
    code: '22P02',
    detail: `Key (number)=(${SECRET}) already exists.`,
    where: SECRET,
  });
}

describe('an error in the log', () => {
  it('has its name, its code and the frames of its stack', () => {
    const { error } = logged((log) => log.error({ error: foreign() }, 'it failed'));
    expect(error.name).to.equal('RangeError');
    expect(error.code).to.equal('22P02');
    expect(error.stack).to.match(/^at foreign \(.*log\.test\.ts:\d+:\d+\)\n/);
    expect(Object.keys(error)).to.deep.equal(['name', 'code', 'stack']);
  });

  it('has nothing more under whatever name it stands, nor alone', () => {
    for (const name of ['error', 'err', 'reason', 'cause']) {
      const line = logged((log) => log.warn({ [name]: foreign(), id: 7 }, 'it failed'));
      expect(line).to.include({ msg: 'it failed', id: 7 });
      expect(line[name], name).to.include({ name: 'RangeError', code: '22P02' });
    }
    expect(logged((log) => log.error(foreign())).error.code).to.equal('22P02');
    expect(logged((log) => log.error(foreign(), 'it failed'))).to.include({ msg: 'it failed' });
    expect(logged((log) => log.error({ err: foreign() })).err).to.include({ code: '22P02' });
  });

  it('has what caused it, and not without end', () => {
    const cause = foreign();
    cause.cause = cause;
    const both = new AggregateError([foreign(), SECRET], SECRET, { cause });
    const { error } = logged((log) => log.error({ error: both }, 'it failed'));
    expect(error.cause?.cause?.code).to.equal('22P02');
    expect(error.errors?.map(({ name }) => name)).to.deep.equal(['RangeError', 'string']);
  });

  it('is told by its type when it is no error, or calls itself strangely', () => {
    expect(logged((log) => log.error({ error: SECRET }, 'it failed')).error).to.deep.equal({ name: 'string' });
    expect(logged((log) => log.error({ error: { message: SECRET } }, 'it failed')).error).to.deep.equal({
      name: 'object',
    });
    const strange = Object.assign(new Error('x'), { name: `of ${SECRET}`, code: SECRET });
    expect(logged((log) => log.error({ error: strange }, 'it failed')).error).to.include({ name: 'Error' });
  });

  it('has its code when it is ours', () => {
    const error = new AppError(404, 'CALL_UNKNOWN', 'There is no such call.');
    expect(logged((log) => log.error({ error }, 'it failed')).error).to.include({
      name: 'AppError',
      code: 'CALL_UNKNOWN',
    });
  });

  it('leaves lines without one as they are', () => {
    expect(logged((log) => log.info('hello %s', 'you'))).to.include({ msg: 'hello you' });
    expect(logged((log) => log.info({ id: 7 }, 'hello'))).to.include({ msg: 'hello', id: 7 });
  });
});
