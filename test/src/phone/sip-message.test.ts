import { expect } from 'chai';
import fc from 'fast-check';
import { PhoneError } from './errors.ts';
import {
  type Header,
  header,
  headerList,
  parseCSeq,
  parseNameAddress,
  parseSipMessage,
  parseSipUri,
  responseTo,
  type SipRequest,
  type SipResponse,
  serializeSipMessage,
  topVia,
} from './sip-message.ts';

const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,12}$/);
const value = fc.stringMatching(/^[!-~]([ -~]{0,30}[!-~])?$/);
const needed: Header[] = [
  { name: 'Via', value: 'SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1' },
  { name: 'From', value: '<sip:a@127.0.0.1>;tag=1' },
  { name: 'To', value: '<sip:b@127.0.0.1>' },
  { name: 'Call-ID', value: 'call-1' },
  { name: 'CSeq', value: '1 INVITE' },
];
const headers = fc
  .array(fc.record({ name: token.map((name) => `X-${name}`), value }), { maxLength: 5 })
  .map((more) => [...needed, ...more]);
const body = fc.string({ unit: 'grapheme', maxLength: 60 });
const request: fc.Arbitrary<SipRequest> = fc.record({
  kind: fc.constant('request' as const),
  method: fc.constantFrom('INVITE', 'ACK', 'BYE', 'OPTIONS'),
  uri: fc.constantFrom('sip:+31850000001@127.0.0.1:5060', 'sip:127.0.0.1'),
  headers,
  body,
});
const response: fc.Arbitrary<SipResponse> = fc.record({
  kind: fc.constant('response' as const),
  status: fc.integer({ min: 100, max: 699 }),
  reason: fc.constantFrom('OK', '', 'Busy Here'),
  headers,
  body,
});

describe('SIP messages', () => {
  it('come back as they were sent', () => {
    fc.assert(
      fc.property(fc.oneof(request, response), (message) => {
        expect(parseSipMessage(serializeSipMessage(message))).to.deep.equal(message);
      }),
    );
  });

  it('are either parsed or refused as malformed, whatever arrives', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), mutated()), (bytes) => {
        try {
          parseSipMessage(Buffer.from(bytes));
        } catch (error) {
          expect(error).to.be.instanceOf(PhoneError).with.property('code', 'SIP_MALFORMED');
        }
      }),
    );
  });

  it('are read in compact form, with folded lines and without Content-Length', () => {
    const text = [
      'INVITE sip:b@127.0.0.1 SIP/2.0',
      'v: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1',
      'f: <sip:a@127.0.0.1>;tag=1',
      't: "B, and\r\n others" <sip:b@127.0.0.1>',
      'i: call-1',
      'CSeq: 7 INVITE',
      'm: <sip:a@127.0.0.1:5070;transport=udp>, <sip:a@127.0.0.2>',
      '',
      'the body',
    ].join('\r\n');
    const message = parseSipMessage(Buffer.from(text));
    expect(message).to.include({ kind: 'request', method: 'INVITE', body: 'the body' });
    expect(header(message, 'call-id')).to.equal('call-1');
    expect(header(message, 'To')).to.equal('"B, and others" <sip:b@127.0.0.1>');
    expect(headerList(message, 'Contact')).to.deep.equal(['<sip:a@127.0.0.1:5070;transport=udp>', '<sip:a@127.0.0.2>']);
    expect(parseCSeq(message)).to.deep.equal({ sequence: 7, method: 'INVITE' });
    expect(topVia(message)).to.deep.equal({ sentBy: '127.0.0.1', branch: 'z9hG4bK1' });
  });

  it('lose what lies beyond Content-Length, and are refused when it is missing', () => {
    const text = serializeSipMessage({ kind: 'response', status: 200, reason: 'OK', headers: needed, body: 'abc' });
    expect(parseSipMessage(Buffer.concat([text, Buffer.from('more')])).body).to.equal('abc');
    expect(() => parseSipMessage(text.subarray(0, -1))).to.throw('shorter than Content-Length');
  });

  it('are answered with the same Via, From, Call-ID and CSeq, and a tag of ours', () => {
    const answer = responseTo(
      { kind: 'request', method: 'INVITE', uri: 'sip:b', headers: needed, body: '' },
      180,
      'Ringing',
      {
        toTag: 'ours',
      },
    );
    expect(answer.headers).to.deep.equal(
      needed.map((entry) => (entry.name === 'To' ? { ...entry, value: `${entry.value};tag=ours` } : entry)),
    );
  });

  it('hold addresses in every notation', () => {
    expect(parseNameAddress('"A \\"x\\" <b>" <sip:a@h;lr>;tag=1;flag')).to.deep.equal({
      uri: 'sip:a@h;lr',
      parameters: { tag: '1', flag: '' },
    });
    expect(parseNameAddress('sip:a@h;tag=1')).to.deep.equal({ uri: 'sip:a@h', parameters: { tag: '1' } });
    expect(parseSipUri('sip:%2B31:secret@127.0.0.1:5080;transport=udp')).to.deep.equal({
      user: '+31',
      host: '127.0.0.1',
      port: 5080,
    });
    expect(() => parseSipUri('tel:+31')).to.throw(PhoneError);
  });
});

/** Messages with one byte changed, added or missing: closer to what a parser trips over than noise. */
function mutated(): fc.Arbitrary<Uint8Array> {
  return fc.tuple(request, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat(2)).map(([message, at, byte, how]) => {
    const bytes = [...serializeSipMessage(message)];
    bytes.splice(at % bytes.length, how === 1 ? 0 : 1, ...(how === 2 ? [] : [byte]));
    return Uint8Array.from(bytes);
  });
}
