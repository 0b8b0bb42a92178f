import type { Entry } from './ledger.ts';

const WIDTH = 800;
const HEIGHT = 420;
const FRAME = { left: 70, right: 180, top: 50, bottom: 50 };
/** Told apart by people who see no red or green, too (Okabe and Ito). */
const COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#f0e442', '#000000'];

/** What SMS cost per month, as bars of the routes one upon another (SVG). */
export function plotOf(entries: readonly Entry[]): string {
  const months = [...new Set(entries.map(({ month }) => month))].sort();
  const routes = [...new Set(entries.map(({ route }) => route))].sort();
  const cost = (month: string, route: string) =>
    entries
      .filter((entry) => entry.month === month && entry.route === route)
      .reduce((sum, { euros }) => sum + euros, 0);
  const total = (month: string) => routes.reduce((sum, route) => sum + cost(month, route), 0);
  const top = niceAbove(Math.max(0, ...months.map(total)));
  const plot = { width: WIDTH - FRAME.left - FRAME.right, height: HEIGHT - FRAME.top - FRAME.bottom };
  const y = (euros: number) => FRAME.top + plot.height * (1 - euros / top);
  const step = plot.width / Math.max(1, months.length);

  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const at = y(top * part).toFixed(1);
    return `<line x1="${FRAME.left}" x2="${FRAME.left + plot.width}" y1="${at}" y2="${at}" stroke="#ccc"/>
<text x="${FRAME.left - 8}" y="${at}" dy="4" text-anchor="end">${euroText(top * part)}</text>`;
  });
  const bars = months.flatMap((month, i) => {
    const x = (FRAME.left + i * step + step * 0.15).toFixed(1);
    const width = (step * 0.7).toFixed(1);
    let below = 0;
    const parts = routes.map((route, n) => {
      const euros = cost(month, route);
      const at = y(below + euros);
      const height = (y(below) - at).toFixed(1);
      below += euros;
      const title = `${month}, ${escaped(route)}: ${euroText(euros)}`;
      return `<rect x="${x}" y="${at.toFixed(1)}" width="${width}" height="${height}" fill="${colour(n)}"><title>${title}</title></rect>`;
    });
    const middle = (FRAME.left + (i + 0.5) * step).toFixed(1);
    return [...parts, `<text x="${middle}" y="${HEIGHT - FRAME.bottom + 20}" text-anchor="middle">${month}</text>`];
  });
  const legend = routes.map((route, n) => {
    const [x, at] = [WIDTH - FRAME.right + 16, FRAME.top + n * 24];
    return `<rect x="${x}" y="${at}" width="14" height="14" fill="${colour(n)}"/>
<text x="${x + 22}" y="${at + 12}">${escaped(route)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="SMS cost by month and route" font-family="system-ui, sans-serif" font-size="12">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
<text x="${FRAME.left}" y="28" font-size="16" font-weight="bold">SMS cost by month and route</text>
${[...grid, ...bars, ...legend].join('\n')}
</svg>
`;
}

/** 1, 2 or 5 times a power of ten. */
function niceAbove(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10) * power;
}

function euroText(euros: number): string {
  return `€ ${euros.toLocaleString('en', { maximumFractionDigits: euros < 10 ? 2 : 0 })}`;
}

function colour(n: number): string {
  return COLOURS[n % COLOURS.length] ?? '#000000';
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
