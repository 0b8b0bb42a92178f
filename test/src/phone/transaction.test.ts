import { expect } from 'chai';
import fc from 'fast-check';
import { createVirtualClock } from './clock.ts';
import { responseTo, type SipMessage, type SipRequest, type SipResponse } from './sip-message.ts';
import { createTransactions, type ServerTransaction, STANDARD_TIMING } from './transaction.ts';

const PEER = { address: '127.0.0.1', port: 5060 };

function request(method: string, branch = 'z9hG4bK1'): SipRequest {
  return {
    kind: 'request',
    method,
    uri: 'sip:b@127.0.0.1',
    headers: [
      { name: 'Via', value: `SIP/2.0/UDP 127.0.0.1:5070;branch=${branch}` },
      { name: 'From', value: '<sip:a@127.0.0.1>;tag=1' },
      { name: 'To', value: '<sip:b@127.0.0.1>' },
      { name: 'Call-ID', value: 'call-1' },
      { name: 'CSeq', value: `1 ${method}` },
    ],
    body: '',
  };
}

function bench() {
  const clock = createVirtualClock();
  const sent: SipMessage[] = [];
  const asked: ServerTransaction[] = [];
  const stray: SipResponse[] = [];
  const acks: SipRequest[] = [];
  const transactions = createTransactions({
    clock,
    timing: STANDARD_TIMING,
    send: (message) => sent.push(message),
    onRequest: (transaction) => asked.push(transaction),
    onAck: (ack) => acks.push(ack),
    onStrayResponse: (response) => stray.push(response),
  });
  const answers: (number | 'timeout')[] = [];
  const handlers = {
    provisional: ({ status }: SipResponse) => answers.push(status),
    final: ({ status }: SipResponse) => answers.push(status),
    timeout: () => answers.push('timeout'),
  };
  return { clock, sent, asked, stray, acks, transactions, answers, handlers };
}

const names = (messages: SipMessage[]) =>
  messages.map((message) => (message.kind === 'request' ? message.method : message.status));

describe('client transactions', () => {
  it('repeat an INVITE at growing intervals and give up after 32 s', () => {
    const { transactions, clock, sent, answers, handlers } = bench();
    transactions.request(request('INVITE'), PEER, handlers);
    clock.advance(31_999);
    expect(names(sent)).to.deep.equal(Array(7).fill('INVITE'));
    clock.advance(1);
    expect(answers).to.deep.equal(['timeout']);
    clock.advance(100_000);
    expect(sent).to.have.length(7);
  });

  it('repeat other requests every 4 s at most', () => {
    const { transactions, clock, sent, answers, handlers } = bench();
    transactions.request(request('BYE'), PEER, handlers);
    clock.advance(40_000);
    expect(names(sent)).to.deep.equal(Array(11).fill('BYE'));
    expect(answers).to.deep.equal(['timeout']);
  });

  it('wait as long as it rings once the server has reacted', () => {
    const { transactions, clock, sent, answers, handlers } = bench();
    const invite = request('INVITE');
    transactions.request(invite, PEER, handlers);
    transactions.receive(responseTo(invite, 180, 'Ringing'), PEER);
    clock.advance(1_000_000);
    transactions.receive(responseTo(invite, 200, 'OK'), PEER);
    expect(answers).to.deep.equal([180, 200]);
    expect(names(sent)).to.deep.equal(['INVITE']);
  });

  it('acknowledge a failure each time it comes, and tell of it once', () => {
    const { transactions, sent, answers, handlers } = bench();
    const invite = request('INVITE');
    transactions.request(invite, PEER, handlers);
    const busy = responseTo(invite, 486, 'Busy Here', { toTag: 'theirs' });
    transactions.receive(busy, PEER);
    transactions.receive(busy, PEER);
    expect(answers).to.deep.equal([486]);
    expect(names(sent)).to.deep.equal(['INVITE', 'ACK', 'ACK']);
  });

  it('leave a repeated 2xx to the dialog', () => {
    const { transactions, stray, answers, handlers } = bench();
    const invite = request('INVITE');
    transactions.request(invite, PEER, handlers);
    const ok = responseTo(invite, 200, 'OK', { toTag: 'theirs' });
    transactions.receive(ok, PEER);
    transactions.receive(ok, PEER);
    expect(answers).to.deep.equal([200]);
    expect(stray).to.deep.equal([ok]);
  });

  it('end with exactly one final answer or time-out, however responses are lost, late or repeated', () => {
    const step = fc.oneof(fc.nat(5000), fc.constantFrom('100', '180', '200', '404', '486'));
    fc.assert(
      fc.property(fc.constantFrom('INVITE', 'BYE'), fc.array(step, { maxLength: 20 }), (method, steps) => {
        const { transactions, clock, answers, handlers } = bench();
        const sentRequest = request(method);
        transactions.request(sentRequest, PEER, handlers);
        for (const one of steps) {
          if (typeof one === 'number') clock.advance(one);
          else transactions.receive(responseTo(sentRequest, Number(one), ''), PEER);
        }
        transactions.receive(responseTo(sentRequest, 200, ''), PEER);
        clock.advance(100_000);
        expect(answers.filter((answer) => answer === 'timeout' || answer >= 200)).to.have.length(1);
      }),
    );
  });
});

describe('server transactions', () => {
  it('are asked once, and repeat their answer when the question comes again', () => {
    const { transactions, asked, sent } = bench();
    const bye = request('BYE');
    transactions.receive(bye, PEER);
    asked[0]?.respond(responseTo(bye, 200, 'OK'));
    transactions.receive(bye, PEER);
    expect(asked).to.have.length(1);
    expect(names(sent)).to.deep.equal([200, 200]);
  });

  it('repeat a refusal until it is acknowledged, and keep that to themselves', () => {
    const { transactions, asked, sent, clock, acks } = bench();
    const invite = request('INVITE');
    transactions.receive(invite, PEER);
    asked[0]?.respond(responseTo(invite, 486, 'Busy Here'));
    clock.advance(1500);
    expect(names(sent)).to.deep.equal([486, 486, 486]);
    transactions.receive(request('ACK'), PEER);
    clock.advance(100_000);
    expect(names(sent)).to.deep.equal([486, 486, 486]);
    expect(acks).to.deep.equal([]);
  });

  it('absorb a repeated INVITE once it is answered, whose ACK belongs to the dialog', () => {
    const { transactions, asked, acks } = bench();
    const invite = request('INVITE');
    transactions.receive(invite, PEER);
    asked[0]?.respond(responseTo(invite, 200, 'OK'));
    transactions.receive(invite, PEER);
    expect(asked).to.have.length(1);
    transactions.receive(request('ACK', 'z9hG4bK2'), PEER);
    expect(names(acks)).to.deep.equal(['ACK']);
  });

  it('know which INVITE a CANCEL calls off, and that it came too late', () => {
    const { transactions, asked } = bench();
    const invite = request('INVITE');
    transactions.receive(invite, PEER);
    transactions.receive(request('CANCEL'), PEER);
    expect(asked[1]?.cancels).to.equal(asked[0]);

    const late = bench();
    late.transactions.receive(invite, PEER);
    late.asked[0]?.respond(responseTo(invite, 200, 'OK'));
    late.transactions.receive(request('CANCEL'), PEER);
    expect(late.asked[1]?.cancels).to.equal(undefined);
  });
});
