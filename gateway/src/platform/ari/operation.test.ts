import { expect } from 'chai';
import fc from 'fast-check';
import { OPERATIONS } from './generated/operations.ts';
import { bindOperations, type OperationTable, requestContent } from './operation.ts';

const { channels, applications, asterisk, bridges } = OPERATIONS;

describe('request of an operation', () => {
  it('puts every part where Asterisk expects it', () => {
    const parameters = { channelId: 'agent-1', endpoint: 'PJSIP/phone-a', timeout: 20, variables: { A: 'b' } };
    expect(requestContent(channels.originateWithId, parameters)).to.deep.equal({
      method: 'POST',
      uri: 'channels/agent-1',
      query_strings: [
        { name: 'endpoint', value: 'PJSIP/phone-a' },
        { name: 'timeout', value: '20' },
      ],
      content_type: 'application/json',
      message_body: '{"variables":{"A":"b"}}',
    });
  });

  it('has a body that is the parameter itself where the api-docs say so', () => {
    const filter = { allowed: [{ type: 'StasisStart' }] };
    const { message_body } = requestContent(applications.filter, { applicationName: 'civicline', filter });
    expect(message_body).to.equal(JSON.stringify(filter));
  });

  it('is without query and body when there is nothing to say', () => {
    expect(requestContent(asterisk.getInfo, { only: undefined })).to.deep.equal({
      method: 'GET',
      uri: 'asterisk/info',
    });
    expect(requestContent(bridges.createWithId, { bridgeId: 'br-1' })).to.deep.equal({
      method: 'POST',
      uri: 'bridges/br-1',
    });
  });

  it('joins lists by commas, and writes false and 0 out', () => {
    const parameters = { bridgeId: 'br-1', channel: ['a', 'b'], mute: false };
    const { query_strings } = requestContent(bridges.addChannel, parameters);
    expect(query_strings).to.deep.equal([
      { name: 'channel', value: 'a,b' },
      { name: 'mute', value: 'false' },
    ]);
  });

  it('keeps a part of the path in its place, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (channelId) => {
        const { uri } = requestContent(channels.answer, { channelId });
        const [first, second, ...rest] = uri.split('/');
        expect([first, decodeURIComponent(second ?? ''), ...rest]).to.deep.equal(['channels', channelId, 'answer']);
        expect(uri).not.to.match(/[?#\s]/);
      }),
    );
  });

  it('is made under its name, for every operation there is', async () => {
    const table: OperationTable = OPERATIONS;
    type Bound = Record<string, Record<string, (parameters?: object) => Promise<unknown>>>;
    const bound = bindOperations<Bound>(table, async (operation, { method }) => ({ operation, method }));
    for (const [group, operations] of Object.entries(table)) {
      for (const [name, { method }] of Object.entries(operations)) {
        expect(await bound[group]?.[name]?.()).to.deep.equal({ operation: `${group}.${name}`, method });
      }
    }
  });
});
