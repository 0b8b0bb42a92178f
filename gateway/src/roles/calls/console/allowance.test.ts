import { expect } from 'chai';
import { createAllowance } from './allowance.ts';

describe('what one agent’s consoles may ask', () => {
  const granted = (allowance: ReturnType<typeof createAllowance>, times: number, at: number, agentId = 'agent-a') =>
    Array.from({ length: times }, () => allowance.take(agentId, at)).filter(Boolean).length;

  it('is sixty at once, then ten a second, for each agent apart', () => {
    const allowance = createAllowance();
    expect(granted(allowance, 3_000, 1_000)).to.equal(60);
    expect(granted(allowance, 60, 1_000, 'agent-b')).to.equal(60);
    expect(granted(allowance, 100, 2_000)).to.equal(10);
    expect(granted(allowance, 100, 12_000)).to.equal(60);
  });

  it('survives a clock that is set back', () => {
    const allowance = createAllowance();
    expect(granted(allowance, 60, 10_000)).to.equal(60);
    expect(granted(allowance, 1, 1_000)).to.equal(0);
    expect(granted(allowance, 20, 11_000)).to.equal(10);
  });
});
