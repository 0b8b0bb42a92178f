/** command_status, SMPP 3.4 §5.1.3: those that a session tells apart or gives. */
export const ESME = {
  ROK: 0x00,
  RINVMSGLEN: 0x01,
  RINVCMDLEN: 0x02,
  RINVCMDID: 0x03,
  RINVBNDSTS: 0x04,
  RALYBND: 0x05,
  RSYSERR: 0x08,
  RINVSRCADR: 0x0a,
  RINVDSTADR: 0x0b,
  RBINDFAIL: 0x0d,
  RINVPASWD: 0x0e,
  RINVSYSID: 0x0f,
  RMSGQFUL: 0x14,
  RINVESMCLASS: 0x43,
  RSUBMITFAIL: 0x45,
  RINVSRCTON: 0x48,
  RINVSRCNPI: 0x49,
  RINVDSTTON: 0x50,
  RINVDSTNPI: 0x51,
  RTHROTTLED: 0x58,
  RINVEXPIRY: 0x62,
  RX_T_APPN: 0x64,
  RX_P_APPN: 0x65,
  RINVOPTPARSTREAM: 0xc0,
  RINVPARLEN: 0xc2,
} as const;

const NAMES = new Map<number, string>(Object.entries(ESME).map(([name, status]) => [status, `ESME_${name}`]));
const SLOWER = new Set<number>([ESME.RTHROTTLED, ESME.RMSGQFUL]);
const BAD_NUMBER = new Set<number>([ESME.RINVDSTADR, ESME.RINVDSTTON, ESME.RINVDSTNPI]);

/** `ESME_RINVDSTADR`, or `ESME_0x0000040b` for one of the carrier's own. */
export function statusName(status: number): string {
  return NAMES.get(status) ?? `ESME_0x${status.toString(16).padStart(8, '0')}`;
}

/** The carrier takes it, only not so fast. */
export function asksToSlowDown(status: number): boolean {
  return SLOWER.has(status);
}

/** No route will reach this number. */
export function refusesNumber(status: number): boolean {
  return BAD_NUMBER.has(status);
}
