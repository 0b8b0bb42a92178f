/**
 * Comma-separated values (RFC 4180) that a spreadsheet may open: what a cell begins with never makes it a formula there
 * (OWASP, "CSV Injection").
 */

/** One record, its line end included. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(cellOf).join(',')}\r\n`;
}

function cellOf(text: string): string {
  const harmless = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text;
  return /[",\r\n;]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
