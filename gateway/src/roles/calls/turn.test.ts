import { expect } from 'chai';
import { turnServers } from './turn.ts';

describe('TURN servers for the softphone', () => {
  it('are none when none is set', () => {
    expect(turnServers(null, 0)).to.deep.equal([]);
  });

  it('come with a password of 24 hours that coturn computes likewise, and that names nobody', () => {
    const turn = { urls: ['turns:turn.example.nl:5349'], secret: 'north of everything' };
    // printf 1767225600:civicline | openssl dgst -sha1 -hmac 'north of everything' -binary | base64
    expect(turnServers(turn, Date.parse('2025-12-31T00:00:00.999Z'))).to.deep.equal([
      { urls: turn.urls, username: '1767225600:civicline', credential: 'IzWCTFXlI5mrm0Ma1kSejsYonmc=' },
    ]);
  });
});
