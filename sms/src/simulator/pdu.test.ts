import { expect } from 'chai';
import fc from 'fast-check';
import { COMMAND, createPduReader, createPduWriter, readBind, readSubmitSm, STATUS } from './pdu.ts';

const octets = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));

describe('PDUs of the simulator', () => {
  it('are the same in whatever pieces they come', () => {
    const texts = fc.array(
      fc.string({ maxLength: 60 }).map((text) => text.replaceAll(/[^ -~]/g, '')),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(texts, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (list, sizes) => {
        const writer = createPduWriter();
        for (const [i, text] of list.entries()) writer.plain(COMMAND.submitSm, STATUS.ok, i, text);
        const stream = writer.take();
        const read: string[] = [];
        const reader = createPduReader(
          (pdu) => read.push(pdu.toString('latin1', 16, pdu.length - 1)),
          () => expect.fail('no violation'),
        );
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length] as number;
          reader(stream.subarray(at, at + size));
          at += size;
        }
        expect(read).to.deep.equal(list);
      }),
    );
  });

  it('of any octets are read without harm, and told apart from whole ones', () => {
    fc.assert(
      fc.property(octets, (body) => {
        const pdu = Buffer.concat([Buffer.alloc(16), body]);
        const submit = readSubmitSm(pdu);
        if (submit) expect(submit.userData.length).to.be.at.most(body.length);
        readBind(pdu);
      }),
      { numRuns: 2000 },
    );
    const submit = Buffer.from('\0\x01\x01123\0\x01\x01456\0\0\0\0\0\0\x01\0\0\0\x02hi', 'latin1');
    const whole = Buffer.concat([Buffer.alloc(16), submit]);
    expect(readSubmitSm(whole)).to.include({ from: '+123', to: '+456', registeredDelivery: 1 });
    for (let length = 16; length < whole.length; length++) {
      expect(readSubmitSm(whole.subarray(0, length)), `${length} octets`).to.equal(null);
    }
  });

  it('with an impossible length end the reading, once', () => {
    fc.assert(
      fc.property(octets, fc.constantFrom(0, 15, 70_001, 0xffff_ffff), (rest, length) => {
        const header = Buffer.alloc(16);
        header.writeUInt32BE(length);
        let violations = 0;
        const reader = createPduReader(
          () => expect.fail('no PDU'),
          () => violations++,
        );
        reader(Buffer.concat([header, rest]));
        reader(rest);
        expect(violations).to.equal(1);
      }),
    );
  });
});
