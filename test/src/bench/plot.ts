/**
 * Plots as SVG text: panels of lines or bars under one another, readable on light and dark pages, without any script.
 */

export interface Series {
  name: string;
  points: readonly (readonly [x: number, y: number])[];
}

export interface LinePanel {
  kind: 'lines';
  title: string;
  xLabel: string;
  yLabel: string;
  series: readonly Series[];
  /** A vertical line, such as a goal. */
  mark?: { x: number; label: string };
}

export interface BarPanel {
  kind: 'bars';
  title: string;
  unit: string;
  bars: readonly { label: string; value: number }[];
  mark?: { x: number; label: string };
}

export type Panel = LinePanel | BarPanel;

const WIDTH = 760;
const LEFT = 70;
const RIGHT = 20;
const LINES_HEIGHT = 320;
const BAR_HEIGHT = 30;
const BAR_LABEL_WIDTH = 250;
/** Told apart by people who do not see all colours, on white and on black. */
const COLOURS = ['#2f7ed8', '#d9722b', '#1d9a6c', '#b05ccc'];

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; font-size: 15px; }
  .axis { stroke: #57606a; } .grid { stroke: #57606a33; } .mark { stroke: #c03; stroke-dasharray: 5 4; }
  .mark-label { fill: #c03; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .axis { stroke: #9198a1; } .grid { stroke: #9198a144; }
    .mark { stroke: #ff7b8a; } .mark-label { fill: #ff7b8a; }
  }`;

/** The panels as one picture. `description` says in words what it shows. */
export function plot(panels: readonly Panel[], description: string): string {
  let y = 0;
  const parts = panels.map((panel) => {
    const { height, content } = panel.kind === 'lines' ? lines(panel) : bars(panel);
    const part = `<g transform="translate(0 ${y})">${content}</g>`;
    y += height;
    return part;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img">
<title>${escaped(description)}</title><style>${STYLE}</style>
${parts.join('\n')}
</svg>
`;
}

function lines({ title, xLabel, yLabel, series, mark }: LinePanel): { height: number; content: string } {
  const top = 56;
  const bottom = LINES_HEIGHT - 60 - 20 * series.length;
  const points = series.flatMap((one) => one.points);
  const xTicks = ticks(Math.max(0, ...points.map(([x]) => x), mark?.x ?? 0));
  const yTicks = ticks(Math.max(0, ...points.map(([, y]) => y)));
  const xOf = (x: number) => LEFT + (x / last(xTicks)) * (WIDTH - LEFT - RIGHT);
  const yOf = (y: number) => bottom - (y / last(yTicks)) * (bottom - top);
  const content = [
    text(0, 20, title, 'class="title"'),
    ...yTicks.map((tick) => line(LEFT, yOf(tick), WIDTH - RIGHT, yOf(tick), 'grid')),
    ...yTicks.map((tick) => text(LEFT - 8, yOf(tick) + 4, String(tick), 'text-anchor="end"')),
    ...xTicks.map((tick) => text(xOf(tick), bottom + 18, String(tick), 'text-anchor="middle"')),
    line(LEFT, bottom, WIDTH - RIGHT, bottom, 'axis'),
    text((LEFT + WIDTH) / 2, bottom + 38, xLabel, 'text-anchor="middle"'),
    text(LEFT, top - 8, yLabel),
    ...series.map(
      ({ points: own }, index) =>
        `<polyline fill="none" stroke="${colour(index)}" stroke-width="2" points="${own.map(([x, y]) => `${xOf(x).toFixed(1)},${yOf(y).toFixed(1)}`).join(' ')}"/>`,
    ),
    ...series.map(({ name }, index) => legend(LEFT, bottom + 60 + 20 * index, name, colour(index))),
    ...(mark ? markAt(xOf(mark.x), top, bottom, mark.label) : []),
  ];
  return { height: LINES_HEIGHT + 20, content: content.join('\n') };
}

function bars({ title, unit, bars: values, mark }: BarPanel): { height: number; content: string } {
  const top = 40;
  const bottom = top + BAR_HEIGHT * values.length;
  const longest = last(ticks(Math.max(0, ...values.map(({ value }) => value), mark?.x ?? 0)));
  const widthOf = (value: number) => (value / longest) * (WIDTH - BAR_LABEL_WIDTH - 90);
  const content = [
    text(0, 20, title, 'class="title"'),
    ...values.flatMap(({ label, value }, index) => {
      const y = top + BAR_HEIGHT * index;
      return [
        text(BAR_LABEL_WIDTH - 8, y + 19, label, 'text-anchor="end"'),
        `<rect x="${BAR_LABEL_WIDTH}" y="${y + 5}" width="${Math.max(1, widthOf(value)).toFixed(1)}" height="${BAR_HEIGHT - 10}" fill="${colour(index)}"/>`,
        text(BAR_LABEL_WIDTH + widthOf(value) + 8, y + 19, `${value} ${unit}`),
      ];
    }),
    ...(mark ? markAt(BAR_LABEL_WIDTH + widthOf(mark.x), top, bottom, mark.label) : []),
  ];
  return { height: bottom + 40, content: content.join('\n') };
}

/** From 0 to a round number above the largest value, in four to eight steps. */
function ticks(largest: number): number[] {
  const rough = Math.max(largest, 1e-9) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? power;
  const count = Math.ceil(largest / step) || 1;
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(6)));
}

function markAt(x: number, top: number, bottom: number, label: string): string[] {
  return [line(x, top, x, bottom, 'mark'), text(x + 5, top + 14, label, 'class="mark-label"')];
}

function legend(x: number, y: number, name: string, fill: string): string {
  return `<rect x="${x}" y="${y - 10}" width="18" height="10" fill="${fill}"/>${text(x + 26, y, name)}`;
}

function line(x1: number, y1: number, x2: number, y2: number, kind: string): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" class="${kind}"/>`;
}

function text(x: number, y: number, words: string, attributes = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escaped(words)}</text>`;
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] ?? '';
}

function last(values: readonly number[]): number {
  return values[values.length - 1] ?? 1;
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
