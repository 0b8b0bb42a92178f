import { decimalsOf } from './ledger.ts';
import type { LedgerRow } from './tables.ts';

const WIDTH = 760;
const LEFT = 70;
const TOP = 60;
const BOTTOM = 320;
const BAR_MOST = 60;
const MICRO = 1_000_000;
/** Told apart by people who do not see all colours, on white and on black. */
const COLOURS = ['#2f7ed8', '#d9722b', '#1d9a6c', '#b05ccc', '#8a8d91'];

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f; } .title { font-weight: 600; font-size: 15px; }
  .axis { stroke: #57606a; } .grid { stroke: #57606a33; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .axis { stroke: #9198a1; } .grid { stroke: #9198a144; }
  }`;

/** What the SMS cost, as SVG text: a bar per month, a part of it per route. */
export function ledgerPlot(rows: readonly LedgerRow[]): string {
  const months = distinct(rows.map(({ month }) => month));
  const routes = distinct(rows.map(({ route }) => route));
  const price = (month: string, route: string) =>
    rows.reduce((sum, row) => (row.month === month && row.route === route ? sum + row.price : sum), 0) / MICRO;
  const totals = months.map((month) => routes.reduce((sum, route) => sum + price(month, route), 0));
  const ticks = ticksTo(Math.max(0, ...totals));
  const most = ticks.at(-1) ?? 1;
  const yOf = (euro: number) => BOTTOM - (euro / most) * (BOTTOM - TOP);
  const step = (WIDTH - LEFT - 20) / Math.max(1, months.length);
  const bar = Math.min(BAR_MOST, step * 0.7);

  const bars = months.flatMap((month, index) => {
    const x = LEFT + step * (index + 0.5) - bar / 2;
    let below = 0;
    return routes.map((route, colour) => {
      const from = below;
      below += price(month, route);
      const [y, height] = [yOf(below), yOf(from) - yOf(below)];
      const label = `${month}, ${route}: ${euroText(price(month, route))} euro`;
      return `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${bar.toFixed(1)}" height="${height.toFixed(1)}" fill="${colourOf(colour)}"><title>${escaped(label)}</title></rect>`;
    });
  });
  const content = [
    text(0, 20, 'Cost of SMS per month', 'class="title"'),
    text(LEFT, TOP - 14, 'euro'),
    ...ticks.map((tick) => line(LEFT, yOf(tick), WIDTH - 20, yOf(tick), 'grid')),
    ...ticks.map((tick) => text(LEFT - 8, yOf(tick) + 4, String(tick), 'text-anchor="end"')),
    ...bars,
    line(LEFT, BOTTOM, WIDTH - 20, BOTTOM, 'axis'),
    ...months.map((month, index) => text(LEFT + step * (index + 0.5), BOTTOM + 20, month, 'text-anchor="middle"')),
    ...totals.map((total, index) =>
      text(LEFT + step * (index + 0.5), yOf(total) - 6, euroText(total), 'text-anchor="middle"'),
    ),
    ...routes.flatMap((route, index) => legend(BOTTOM + 46 + 20 * index, route, colourOf(index))),
  ];
  const height = BOTTOM + 46 + 20 * routes.length;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>Cost of SMS per month and route</title><style>${STYLE}</style>
${content.join('\n')}
</svg>
`;
}

function euroText(euro: number): string {
  return euro.toFixed(decimalsOf(Math.round(euro * MICRO)));
}

/** From 0 to a round number not below the largest value. */
function ticksTo(largest: number): number[] {
  const rough = Math.max(largest, 0.01) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? power;
  const count = Math.max(1, Math.ceil(largest / step));
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(6)));
}

function legend(y: number, name: string, fill: string): string[] {
  return [`<rect x="${LEFT}" y="${y - 10}" width="18" height="10" fill="${fill}"/>`, text(LEFT + 26, y, name)];
}

function line(x1: number, y1: number, x2: number, y2: number, kind: string): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" class="${kind}"/>`;
}

function text(x: number, y: number, words: string, attributes = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escaped(words)}</text>`;
}

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] ?? '';
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}

function escaped(words: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return words.replaceAll(/[&<>"]/g, (sign) => names[sign] ?? sign);
}
