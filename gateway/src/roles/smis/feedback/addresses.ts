/** Where webhooks may lead: to public addresses, and into the networks that the operator names. */
import { BlockList, isIP, isIPv4 } from 'node:net';

/** IANA's special-purpose registry for IPv4 (RFC 6890): what is not globally reachable. */
const NOT_PUBLIC_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** Of IPv6 only the global unicast space is public, without what is special in it: Teredo, ORCHID, 6to4, documentation. */
const GLOBAL_IPV6 = ['2000::/3'];
const NOT_PUBLIC_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

/** Tells whether a webhook may be called at an address. Throws a RangeError for a network that is not in CIDR notation. */
export function createAddressRule(allowedNetworks: readonly string[]): (address: string) => boolean {
  const allowed = listOf(allowedNetworks);
  const notPublic = listOf([...NOT_PUBLIC_IPV4, ...NOT_PUBLIC_IPV6]);
  const globalIpv6 = listOf(GLOBAL_IPV6);
  return (text) => {
    const address = withoutMapping(text);
    if (isIP(address) === 0) return false;
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    if (allowed.check(address, family)) return true;
    if (family === 'ipv6' && !globalIpv6.check(address, family)) return false;
    return !notPublic.check(address, family);
  };
}

/** An IPv4 address in IPv6's clothes (::ffff:127.0.0.1, in any notation) is the IPv4 address. */
function withoutMapping(address: string): string {
  if (isIP(address) !== 6 || address.includes('%')) return address;
  // URLs normalise: hexadecimal, compressed.
  const [, high, low] = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(new URL(`http://[${address}]`).hostname) ?? [];
  if (!high || !low) return address;
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join('.');
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix = ''] = network.split('/');
    if (isIP(address) === 0 || !/^\d{1,3}$/.test(prefix))
      throw new RangeError(`${network} is not a network in CIDR notation`);
    list.addSubnet(address, Number(prefix), isIPv4(address) ? 'ipv4' : 'ipv6');
  }
  return list;
}
