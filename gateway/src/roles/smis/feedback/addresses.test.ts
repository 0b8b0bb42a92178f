import { expect } from 'chai';
import { createAddressRule } from './addresses.ts';

describe('addresses of webhooks', () => {
  it('are public ones', () => {
    const mayCall = createAddressRule([]);
    for (const address of ['8.8.8.8', '193.191.1.1', '2a00:1450:4001::1', '2001:4860:4860::8888', '::ffff:8.8.8.8']) {
      expect(mayCall(address), address).to.equal(true);
    }
    const inside = [
      ...['0.0.0.0', '10.255.0.1', '100.64.0.1', '127.0.0.1', '127.255.255.254', '169.254.169.254', '172.16.0.1'],
      ...['172.31.255.255', '192.0.0.8', '192.0.2.1', '192.168.0.1', '198.18.0.1', '198.19.255.255', '203.0.113.1'],
      ...['224.0.0.1', '239.1.1.1', '240.0.0.1', '255.255.255.255'],
      ...['::', '::1', 'fc00::1', 'fdff::1', 'fe80::1', 'fe80::1%eth0', 'ff02::1', 'fec0::1'],
      ...['2001::1', '2001:db8::1', '2002:7f00:1::', '64:ff9b::7f00:1', '3fff::1'],
      ...['::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:10.0.0.1', '::127.0.0.1'],
      ...['', 'localhost', 'example.com', '1.2.3', '1.2.3.4.5'],
    ];
    for (const address of inside) expect(mayCall(address), address).to.equal(false);
  });

  it('and those of networks that the operator names', () => {
    const mayCall = createAddressRule(['10.1.0.0/16', 'fd00:1::/32', '127.0.0.1/32']);
    for (const address of ['10.1.2.3', 'fd00:1::5', '127.0.0.1', '::ffff:10.1.2.3', '8.8.8.8']) {
      expect(mayCall(address), address).to.equal(true);
    }
    for (const address of ['10.2.0.1', 'fd00:2::5', '127.0.0.2']) expect(mayCall(address), address).to.equal(false);
  });

  it('say which network is none', () => {
    for (const network of ['10.0.0.0', '10.0.0.0/33', 'x/8', '10.0.0.0/-1', '']) {
      expect(() => createAddressRule([network]), network).to.throw(RangeError);
    }
  });
});
