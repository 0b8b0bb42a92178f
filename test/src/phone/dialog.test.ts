import { expect } from 'chai';
import { dialogOfCallee, dialogOfCaller, nextHop, requestInDialog, withRemoteTarget } from './dialog.ts';
import { headerList, parseCSeq, responseTo, type SipRequest } from './sip-message.ts';

const ROUTES = ['<sip:10.0.0.1:5070;lr>', '<sip:10.0.0.2;lr>'];
const invite: SipRequest = {
  kind: 'request',
  method: 'INVITE',
  uri: 'sip:b@10.0.0.9',
  headers: [
    { name: 'Via', value: 'SIP/2.0/UDP 10.0.0.8:5060;branch=z9hG4bK1' },
    { name: 'From', value: '<sip:a@10.0.0.8>;tag=ours' },
    { name: 'To', value: '<sip:b@10.0.0.9>' },
    { name: 'Call-ID', value: 'call-1' },
    { name: 'CSeq', value: '4 INVITE' },
    { name: 'Contact', value: '<sip:a@10.0.0.8:5090>' },
    { name: 'Record-Route', value: ROUTES.join(', ') },
  ],
  body: '',
};
const answer = responseTo(invite, 200, 'OK', {
  toTag: 'theirs',
  headers: [{ name: 'Contact', value: '<sip:b@10.0.0.7:5080>' }],
});

describe('dialogs', () => {
  it('of the caller pass the proxies in reverse, those of the callee as they are recorded', () => {
    expect(dialogOfCaller(invite, answer).routes).to.deep.equal([...ROUTES].reverse());
    expect(dialogOfCallee(invite, 'tag').routes).to.deep.equal(ROUTES);
    expect(nextHop(dialogOfCaller(invite, answer))).to.deep.equal({ address: '10.0.0.2', port: 5060 });
    expect(nextHop(dialogOfCallee(invite, 'tag'))).to.deep.equal({ address: '10.0.0.1', port: 5070 });
  });

  it('number their requests upwards, the ACK like its INVITE', () => {
    const dialog = dialogOfCaller(invite, answer);
    const ack = requestInDialog(dialog, 'ACK', []);
    const options = requestInDialog(ack.dialog, 'OPTIONS', []);
    const bye = requestInDialog(options.dialog, 'BYE', []);
    expect([ack, options, bye].map(({ request }) => parseCSeq(request))).to.deep.equal([
      { sequence: 4, method: 'ACK' },
      { sequence: 5, method: 'OPTIONS' },
      { sequence: 6, method: 'BYE' },
    ]);
    expect(bye.request.uri).to.equal('sip:b@10.0.0.7:5080');
    expect(headerList(bye.request, 'To')).to.deep.equal(['<sip:b@10.0.0.9>;tag=theirs']);
    expect(headerList(bye.request, 'Route')).to.deep.equal([...ROUTES].reverse());
  });

  it('follow a peer that moves, and know when it goes by a name', () => {
    const direct = { ...dialogOfCaller(invite, answer), routes: [] };
    const moved = { ...answer, headers: [{ name: 'Contact', value: '<sip:b@10.0.0.6>' }] };
    expect(nextHop(withRemoteTarget(direct, moved))).to.deep.equal({ address: '10.0.0.6', port: 5060 });
    expect(nextHop({ ...direct, remoteTarget: 'sip:b@pbx.example' })).to.equal(undefined);
  });
});
