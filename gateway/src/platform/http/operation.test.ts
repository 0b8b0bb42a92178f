import { expect } from 'chai';
import { z } from 'zod';
import { AppError, parse } from './index.ts';

describe('operations', () => {
  const mistakesIn = (value: unknown) => {
    try {
      parse(z.strictObject({ name: z.string(), more: z.record(z.string(), z.number()).optional() }), value, 'body');
    } catch (error) {
      expect(error).to.be.instanceOf(AppError).with.property('code', 'INPUT_INVALID');
      return (error as AppError).errors ?? [];
    }
    return [];
  };

  it('say what is wrong where', () => {
    expect(mistakesIn({ name: 'a', 'b/~': 1 })).to.deep.equal([{ path: '/b~1~0', message: 'is not known here' }]);
    expect(mistakesIn({ name: 1 }).map(({ path }) => path)).to.deep.equal(['/name']);
  });

  it('name some mistakes of very many, and cut long paths', () => {
    const keys = Array.from({ length: 5_000 }, (_, n) => [`${n}${'x'.repeat(500)}`, 'wrong']);
    for (const value of [
      { name: 'a', ...Object.fromEntries(keys) },
      { name: 'a', more: Object.fromEntries(keys) },
    ]) {
      const mistakes = mistakesIn(value);
      expect(mistakes).to.have.length(20);
      for (const { path } of mistakes) expect(path).to.have.length(100);
    }
  });
});
