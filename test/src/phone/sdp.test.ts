import { expect } from 'chai';
import fc from 'fast-check';
import { type AudioDescription, answerDirection, CODECS, mayBeSent, readSdp, writeSdp } from './sdp.ts';

const description: fc.Arbitrary<AudioDescription> = fc.record({
  address: fc.ipV4(),
  port: fc.integer({ min: 1, max: 65_535 }),
  codecs: fc.shuffledSubarray([...CODECS], { minLength: 1 }),
  telephoneEvent: fc.option(fc.integer({ min: 96, max: 127 }), { nil: undefined }),
  direction: fc.constantFrom('sendrecv', 'sendonly', 'recvonly', 'inactive'),
});

describe('session descriptions', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(description, (audio) => {
        expect(readSdp(writeSdp(audio, { id: 1, version: 1 }))).to.deep.equal(audio);
      }),
    );
  });

  it('are read as Asterisk writes them', () => {
    const text = [
      'v=0',
      'o=- 1 3 IN IP4 127.0.0.1',
      's=Asterisk',
      'c=IN IP4 127.0.0.1',
      't=0 0',
      'm=audio 30004 RTP/AVP 9 8 0 101',
      'a=rtpmap:9 G722/8000',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-16',
      'a=sendonly',
      'm=video 0 RTP/AVP 31',
      'a=inactive',
      '',
    ].join('\r\n');
    expect(readSdp(text)).to.deep.equal({
      address: '127.0.0.1',
      port: 30_004,
      codecs: ['PCMA', 'PCMU'],
      telephoneEvent: 101,
      direction: 'sendonly',
    });
  });

  it('are refused when there is nothing to talk with', () => {
    const base = 'v=0\r\nc=IN IP4 127.0.0.1\r\n';
    for (const media of [
      '',
      'm=audio 0 RTP/AVP 0',
      'm=audio 9 RTP/SAVPF 0',
      'm=audio 9 RTP/AVP 9',
      'm=video 9 RTP/AVP 31',
    ]) {
      expect(() => readSdp(`${base}${media}\r\n`), media)
        .to.throw()
        .with.property('code', 'SDP_NOT_ACCEPTABLE');
    }
  });

  it('are answered from the other side', () => {
    const offer = { address: '127.0.0.1', port: 1, codecs: [...CODECS], telephoneEvent: 101 };
    expect(answerDirection({ ...offer, direction: 'sendonly' })).to.equal('recvonly');
    expect(answerDirection({ ...offer, direction: 'recvonly' })).to.equal('sendonly');
    expect(answerDirection({ ...offer, direction: 'inactive' })).to.equal('inactive');
    expect(answerDirection({ ...offer, address: '0.0.0.0', direction: 'sendrecv' })).to.equal('recvonly');
    expect(mayBeSent({ ...offer, direction: 'sendonly' })).to.equal(false);
    expect(mayBeSent({ ...offer, direction: 'recvonly' })).to.equal(true);
  });
});
