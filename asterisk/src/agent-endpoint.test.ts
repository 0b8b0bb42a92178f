import { expect } from 'chai';
import { agentEndpoint } from './agent-endpoint.ts';

const fieldOf = (object: { fields: { attribute: string; value: string }[] } | undefined, name: string) =>
  object?.fields.find(({ attribute }) => attribute === name)?.value;

describe('the endpoint of an agent', () => {
  it('comes as auth, aor and endpoint under one name', () => {
    const objects = agentEndpoint({ agentId: 'agent-a', kind: 'phone', password: 'secret' });
    expect(objects.map(({ type, id }) => `${type} ${id}`)).to.deep.equal([
      'auth phone-agent-a',
      'aor phone-agent-a',
      'endpoint phone-agent-a',
    ]);
    expect(fieldOf(objects[0], 'username')).to.equal('phone-agent-a');
    expect(fieldOf(objects[2], 'auth')).to.equal('phone-agent-a');
  });

  it('can neither dial nor transfer, whatever its kind', () => {
    for (const kind of ['phone', 'browser'] as const) {
      const endpoint = agentEndpoint({ agentId: 'agent-a', kind, password: 'secret' })[2];
      expect(fieldOf(endpoint, 'context')).to.equal('civicline-no-dialling');
      expect(fieldOf(endpoint, 'allow_transfer')).to.equal('no');
      expect(fieldOf(endpoint, 'identify_by')).to.equal('username');
    }
  });

  it('refuses an id that could be read as something else by Asterisk', () => {
    for (const agentId of ['', 'a/b', 'a@carrier', 'A', 'a&b', 'a'.repeat(33), '-a', 'a b', '../x']) {
      expect(() => agentEndpoint({ agentId, kind: 'phone', password: 'x' }), agentId).to.throw(
        'ASTERISK_AGENT_ID_INVALID',
      );
    }
  });
});
