import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The fields of a PDU by Wireshark's names, such as `smpp.destination_addr`; parts of the header under `gsm_sms.udh.…`. */
export type Dissected = Record<string, string>;

/** Wireshark's opinion of every PDU, in order: one capture for all, as starting it is what takes time. */
export function dissect(pdus: readonly Buffer[]): Dissected[] {
  const folder = mkdtempSync(join(tmpdir(), 'civicline-smpp-'));
  try {
    const dump = join(folder, 'pdus.hex');
    const capture = join(folder, 'pdus.pcap');
    writeFileSync(dump, pdus.map(hexDump).join(''));
    run('text2pcap', ['-q', '-T', '40000,2775', dump, capture]);
    const preferences = ['-o', 'smpp.decode_sms_over_smpp:GSM 7-bit', '-o', 'tcp.analyze_sequence_numbers:FALSE'];
    const json = run('tshark', [
      '-r',
      capture,
      ...preferences,
      '-T',
      'json',
      '-J',
      'smpp gsm_sms_ud',
      '--no-duplicate-keys',
    ]);
    const packets = JSON.parse(json) as { _source: { layers: unknown } }[];
    return packets.map(({ _source }) => flattened(_source.layers));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function hexDump(pdu: Buffer): string {
  const lines: string[] = [];
  for (let at = 0; at < pdu.length; at += 64) {
    const octets = pdu
      .subarray(at, at + 64)
      .toString('hex')
      .replaceAll(/../g, ' $&');
    lines.push(`${at.toString(16).padStart(6, '0')}${octets}\n`);
  }
  return lines.join('');
}

function run(program: string, args: string[]): string {
  const { status, error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status === 0) return stdout;
  throw new Error(`${error?.message ?? stderr}; try: sudo apt-get install tshark`);
}

function flattened(tree: unknown, into: Dissected = {}): Dissected {
  for (const [key, value] of Object.entries(tree as Record<string, unknown>)) {
    if (typeof value === 'string') into[key] = value;
    else if (value !== null) flattened(value, into);
  }
  return into;
}
