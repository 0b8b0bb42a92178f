/**
 * Draws the QR code for a letter: an SVG that leads to the page `/call/{organisation}/{purpose}` of a gateway.
 *
 *   npm run --silent letter-qr -w web-widget -- voorbeeldstad verhuizing --url https://bellen.example.nl > qr.svg
 */
import { parseArgs } from 'node:util';
import { drawQr } from '../qr-code.ts';
import { languageFor } from '../texts/texts.ts';

const USAGE = `Usage: npm run --silent letter-qr -w web-widget -- ORGANISATION PURPOSE [options] > qr.svg

  --url URL        public address of the gateway; else the environment's CIVICLINE_PUBLIC_URL
  --language TAG   nl, fr, de or en; else the citizen's browser decides
  --size MM        side of the square, white edge included, in millimetres (default 30)`;

/** The address behind the code. */
export function letterUrl(gateway: string, organisation: string, purpose: string, language?: string): string {
  const path = `/call/${encodeURIComponent(organisation)}/${encodeURIComponent(purpose)}`;
  const query = language === undefined ? '' : `?lang=${languageFor(language)}`;
  return `${gateway.replace(/\/+$/, '')}${path}${query}`;
}

/** The code as an SVG document of `millimetres` in the square. */
export function letterQr(url: string, millimetres: number): string {
  const { size, path } = drawQr(url, 'M');
  const escaped = url.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const side = `width="${millimetres}mm" height="${millimetres}mm" viewBox="0 0 ${size} ${size}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" ${side} role="img" shape-rendering="crispEdges">
<title>${escaped}</title>
<rect width="${size}" height="${size}" fill="#fff"/>
<path d="${path}" fill="#000"/>
</svg>
`;
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { url: { type: 'string' }, language: { type: 'string' }, size: { type: 'string', default: '30' } },
  });
  const [organisation, purpose, ...rest] = positionals;
  const gateway = values.url ?? process.env.CIVICLINE_PUBLIC_URL;
  const millimetres = Number(values.size);
  if (!organisation || !purpose || rest.length > 0 || !gateway || !URL.canParse(gateway) || !(millimetres > 0)) {
    console.error(USAGE);
    process.exitCode = 2;
    return;
  }
  process.stdout.write(letterQr(letterUrl(gateway, organisation, purpose, values.language), millimetres));
}

if (process.argv[1] === import.meta.filename) main();
