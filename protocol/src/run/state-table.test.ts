import { expect } from 'chai';
import { createStateTable, TransitionError } from './state-table.ts';

describe('a table of states', () => {
  const table = createStateTable('a lamp', { off: ['on'], on: ['off', 'broken'], broken: [] });

  it('lets pass what it allows, and nothing else', () => {
    expect(table.move('off', 'on')).to.equal('on');
    expect(() => table.move('off', 'broken')).to.throw(TransitionError, 'a lamp cannot go from off to broken');
    expect(() => table.move('off', 'off')).to.throw(TransitionError);
  });

  it('says what comes before a state, and which are the last', () => {
    expect(table.before('off')).to.deep.equal(['on']);
    expect(table.byState(table.isLast)).to.deep.equal({ off: false, on: false, broken: true });
  });
});
