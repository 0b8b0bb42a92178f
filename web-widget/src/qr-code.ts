import qrcode from 'qrcode-generator';

/** ISO/IEC 18004 asks for four modules of white around the code. */
const QUIET_ZONE = 4;

export interface QrDrawing {
  /** Side of the whole square in modules, quiet zone included: the SVG's viewBox. */
  size: number;
  /** SVG path that fills the dark modules. */
  path: string;
}

/**
 * Draws `text` as a QR code. Error correction: `L` restores 7 %, with the largest modules for a screen; `M` 15 %, for
 * creased letters.
 */
export function drawQr(text: string, correction: 'L' | 'M'): QrDrawing {
  const code = qrcode(0, correction);
  code.addData(text);
  code.make();
  const count = code.getModuleCount();
  const rows = Array.from({ length: count }, (_, row) => rowPath(row, count, (column) => code.isDark(row, column)));
  return { size: count + 2 * QUIET_ZONE, path: rows.join('') };
}

/** One rectangle per run of dark modules, so that no hairlines show between them. */
function rowPath(row: number, count: number, isDark: (column: number) => boolean): string {
  let path = '';
  for (let column = 0; column < count; column += 1) {
    if (!isDark(column)) continue;
    const start = column;
    while (column < count && isDark(column)) column += 1;
    const length = column - start;
    path += `M${start + QUIET_ZONE} ${row + QUIET_ZONE}h${length}v1h-${length}z`;
  }
  return path;
}
