import { type EventEmitter, once } from 'node:events';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { expect } from 'chai';
import { type BehaviourInput, type SmscSimulator, startSmscSimulator } from './index.ts';

type Pdu = Record<string, unknown> & { command_status: number; command: string; response(fields?: object): unknown };
interface Client {
  send(command: string, fields: object): Promise<Pdu>;
  deliveries: Pdu[];
  /** Resolves when so many deliveries have come. */
  delivered(count: number): Promise<void>;
  closed: Promise<unknown>;
}

/** Of the `smpp` package, which has no types: each command is a method. */
type Session = EventEmitter & {
  send(pdu: unknown): void;
} & Record<string, (fields: object, answered: (pdu: Pdu) => void) => void>;
const smpp: { connect(options: { url: string }): Session } = createRequire(import.meta.url)('smpp');

const NUMBER = '32470000001';
const submit = (fields: object = {}) => ({
  source_addr: '8850',
  source_addr_ton: 0,
  destination_addr: NUMBER,
  dest_addr_ton: 1,
  registered_delivery: 1,
  data_coding: 0,
  short_message: Buffer.from('Hello'),
  ...fields,
});

/** A client that is not the project's own: the `smpp` package. */
async function bind(simulator: SmscSimulator, command = 'bind_transceiver'): Promise<Client> {
  const session = smpp.connect({ url: `smpp://127.0.0.1:${simulator.smppPort}` });
  const deliveries: Pdu[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const closed = once(session, 'close');
  session.on('error', () => undefined);
  session.on('deliver_sm', (pdu: Pdu) => {
    deliveries.push(pdu);
    session.send(pdu.response());
    for (const { count, resolve } of waiting) if (deliveries.length >= count) resolve();
  });
  const client: Client = {
    send: (name, fields) => new Promise((resolve) => session[name]?.(fields, resolve)),
    deliveries,
    delivered: (count) =>
      new Promise((resolve) => {
        if (deliveries.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    closed,
  };
  await client.send(command, { system_id: 'civicline', password: 'secret' });
  return client;
}

const receiptText = (pdu: Pdu | undefined) => String((pdu?.short_message as { message: unknown } | undefined)?.message);

describe('SMSC simulator', () => {
  let simulator: SmscSimulator;
  const start = async (behaviour: BehaviourInput = {}) => {
    simulator = await startSmscSimulator({ behaviour });
    return simulator;
  };
  afterEach(() => simulator.stop());

  it('takes a message, shows it on a phone and reports its delivery', async () => {
    const client = await bind(await start());
    const answer = await client.send('submit_sm', submit());
    expect(answer.command_status).to.equal(0);
    await client.delivered(1);
    const [receipt] = client.deliveries;
    expect(receipt).to.include({ esm_class: 4, source_addr: NUMBER, destination_addr: '8850', message_state: 2 });
    expect(receipt?.receipted_message_id).to.equal(answer.message_id);
    expect(receiptText(receipt)).to.match(
      new RegExp(
        `^id:${answer.message_id} sub:001 dlvrd:001 submit date:\\d{10} done date:\\d{10} stat:DELIVRD err:000`,
      ),
    );
    expect(simulator.messages()).to.have.length(1);
    expect(simulator.messages()[0]).to.include({
      number: `+${NUMBER}`,
      counterpart: '8850',
      text: 'Hello',
      encoding: 'gsm',
      segments: 1,
    });
  });

  it('puts segments together in whatever order they come', async () => {
    const client = await bind(await start());
    const part = (n: number, text: string) =>
      submit({
        esm_class: 0x40,
        short_message: Buffer.concat([Buffer.from([5, 0, 3, 7, 3, n]), Buffer.from(text)]),
      });
    for (const fields of [part(3, 'c'), part(1, 'a'), part(1, 'a'), part(2, 'b')])
      await client.send('submit_sm', fields);
    expect(simulator.messages().map(({ text, segments }) => [text, segments])).to.deep.equal([['abc', 3]]);
    const payload = submit({ short_message: '', message_payload: Buffer.from('long'.repeat(100)) });
    await client.send('submit_sm', payload);
    expect(simulator.messages()[1]?.text).to.equal('long'.repeat(100));
    const utf16 = Buffer.from('ê✓', 'utf16le').swap16();
    for (const n of [2, 1]) {
      await client.send(
        'submit_sm',
        submit({
          data_coding: 8,
          short_message: utf16.subarray(n * 2 - 2, n * 2),
          sar_msg_ref_num: 9,
          sar_total_segments: 2,
          sar_segment_seqnum: n,
        }),
      );
    }
    expect(simulator.messages()[2]).to.include({ text: 'ê✓', encoding: 'ucs2', segments: 2 });
  });

  it('writes ids in decimal, hexadecimal, or in one there and the other here', async () => {
    const client = await bind(await start({ messageIds: 'hexadecimal', receipts: { ids: 'decimal', form: 'text' } }));
    const { message_id } = await client.send('submit_sm', submit());
    await client.delivered(1);
    const id = /^id:(\d+) /.exec(receiptText(client.deliveries[0]))?.[1];
    expect(Number(id)).to.equal(Number.parseInt(String(message_id), 16));
    expect(client.deliveries[0]).not.to.have.property('receipted_message_id');
  });

  it('sends receipts early, repeated, for strangers, of failure, or not at all', async () => {
    const client = await bind(await start({ receipts: { early: true } }));
    await client.send('submit_sm', submit());
    expect(client.deliveries, 'before the answer').to.have.length(1);
    simulator.setBehaviour({ receipts: { states: ['ENROUTE', 'UNDELIV', 'UNDELIV'], strangers: true } });
    const { message_id } = await client.send('submit_sm', submit());
    await client.delivered(7);
    const states = client.deliveries
      .slice(1)
      .map(({ receipted_message_id, message_state }) => [receipted_message_id === message_id, message_state]);
    expect(states).to.deep.equal([
      [false, 1],
      [true, 1],
      [false, 5],
      [true, 5],
      [false, 5],
      [true, 5],
    ]);
    expect(simulator.messages(), 'the undelivered one is on no phone').to.have.length(1);
    simulator.setBehaviour({ receipts: { states: [] } });
    await client.send('submit_sm', submit());
    simulator.setBehaviour({});
    await client.send('submit_sm', submit({ registered_delivery: 0 }));
    await client.send('submit_sm', submit({ registered_delivery: 2 }));
    simulator.setBehaviour({ unreachableNumbers: [`+${NUMBER}`] });
    await client.send('submit_sm', submit({ registered_delivery: 2 }));
    await client.delivered(8);
    expect(client.deliveries).to.have.length(8);
    expect(client.deliveries[7]?.message_state).to.equal(5);
  });

  it('throttles, refuses and has full queues, as often as it is told', async () => {
    const client = await bind(
      await start({
        refusedNumbers: ['+32470000009'],
        faults: [
          { kind: 'throttled', after: 1, times: 2 },
          { kind: 'queue-full', after: 3, times: 1 },
        ],
      }),
    );
    const statuses = [];
    for (let i = 0; i < 5; i++) statuses.push((await client.send('submit_sm', submit())).command_status);
    expect(statuses).to.deep.equal([0, 0x58, 0x58, 0x14, 0]);
    const refused = await client.send('submit_sm', submit({ destination_addr: '32470000009' }));
    expect(refused.command_status).to.equal(0x0b);
  });

  it('answers backwards', async () => {
    const client = await bind(await start({ faults: [{ kind: 'out-of-order' }] }));
    const order: number[] = [];
    await Promise.all([1, 2, 3].map((n) => client.send('submit_sm', submit()).then(() => order.push(n))));
    expect(order).to.deep.equal([3, 2, 1]);
  });

  it('cuts the connection with the message taken, and keeps its receipt for the next one', async () => {
    const first = await bind(await start({ faults: [{ kind: 'close', times: 1 }] }));
    first.send('submit_sm', submit());
    await first.closed;
    expect(simulator.messages()).to.have.length(1);
    const second = await bind(simulator);
    await second.delivered(1);
    expect(second.deliveries[0]?.message_state).to.equal(2);
  });

  it('gives receipts of a transmitter to the receiver', async () => {
    const transmitter = await bind(await start(), 'bind_transmitter');
    const receiver = await bind(simulator, 'bind_receiver');
    expect((await receiver.send('submit_sm', submit())).command_status).to.equal(0x04);
    await transmitter.send('submit_sm', submit());
    await receiver.delivered(1);
    expect(transmitter.deliveries).to.have.length(0);
  });

  it('lets a person answer, at length', async () => {
    const client = await bind(await start());
    await client.send('submit_sm', submit());
    await client.delivered(1);
    simulator.write(`+${NUMBER}`, '8850', 'STOP');
    simulator.write(`+${NUMBER}`, '8850', 'ê'.repeat(100));
    await client.delivered(4);
    const [stop, ...parts] = client.deliveries.slice(1);
    expect(stop).to.include({ source_addr: NUMBER, destination_addr: '8850', esm_class: 0, data_coding: 0 });
    expect(receiptText(stop)).to.equal('STOP');
    expect(parts.map(({ esm_class, data_coding }) => [esm_class, data_coding])).to.deep.equal([
      [0x40, 8],
      [0x40, 8],
    ]);
  });

  it('asks for the password, and answers what it does not know', async () => {
    simulator = await startSmscSimulator({ password: 'right' });
    const session = smpp.connect({ url: `smpp://127.0.0.1:${simulator.smppPort}` });
    const answer = await new Promise<Pdu>((resolve) =>
      session.bind_transceiver?.({ system_id: 'a', password: 'wrong' }, resolve),
    );
    expect(answer.command_status).to.equal(0x0e);
    const socket = connect(simulator.smppPort, '127.0.0.1');
    socket.write(Buffer.from('00000010000001020000000000000009' + '00000005', 'hex'));
    const [octets] = (await once(socket, 'data')) as [Buffer];
    expect(octets.toString('hex')).to.equal('00000010800000000000000300000009' + '00000010800000000000000200000000');
    await once(socket, 'close');
  });
});
