import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { z } from 'zod';
import { createMetrics } from '../platform/http/index.ts';
import { startTestGateway } from '../test-gateway.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
/** A carrier that is not there: its metrics are. */
const ROUTES = `routes:
  - name: nowhere
    kind: smpp
    host: 127.0.0.1
    port: 9
    systemId: civicline
    passwordFile: password
    prefixes: [{ prefix: '+', price: 0.05 }]
`;

/** Of Grafana's dashboard JSON model, what this board uses. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's own placeholder.
const datasource = z.strictObject({ type: z.literal('prometheus'), uid: z.literal('${datasource}') });
const gridPos = z.strictObject({
  h: z.int().min(1),
  w: z.int().min(1).max(24),
  x: z.int().min(0).max(23),
  y: z.int().min(0),
});
const target = z.strictObject({ refId: z.string(), datasource, expr: z.string(), legendFormat: z.string() });
const row = z.strictObject({
  id: z.int(),
  type: z.literal('row'),
  title: z.string(),
  collapsed: z.literal(false),
  gridPos,
  panels: z.tuple([]),
});
const panel = z.strictObject({
  id: z.int(),
  type: z.enum(['timeseries', 'stat']),
  title: z.string(),
  description: z.string(),
  datasource,
  gridPos,
  targets: z.array(target).min(1),
  fieldConfig: z.strictObject({ defaults: z.looseObject({ unit: z.string() }), overrides: z.array(z.unknown()) }),
  options: z.looseObject({}),
});
const board = z.looseObject({
  uid: z.string().max(40),
  title: z.string(),
  schemaVersion: z.int().min(36),
  panels: z.array(z.discriminatedUnion('type', [row, panel])).min(1),
  templating: z.strictObject({
    list: z.tuple([
      z.looseObject({ name: z.literal('datasource'), type: z.literal('datasource'), query: z.literal('prometheus') }),
    ]),
  }),
});

describe('Grafana board', () => {
  const parsed = board.parse(JSON.parse(readFileSync(resolve(ROOT, 'production/grafana/civicline.json'), 'utf8')));
  const panels = parsed.panels.filter((one) => one.type !== 'row');

  it('lays its panels out side by side', () => {
    const taken = new Set<string>();
    for (const { id, gridPos: place } of parsed.panels) {
      expect(place.x + place.w, `panel ${id}`).to.be.at.most(24);
      for (let x = place.x; x < place.x + place.w; x++) {
        for (let y = place.y; y < place.y + place.h; y++) {
          expect(taken.has(`${x} ${y}`), `panel ${id}`).to.equal(false);
          taken.add(`${x} ${y}`);
        }
      }
    }
    expect(new Set(parsed.panels.map(({ id }) => id)).size).to.equal(parsed.panels.length);
  });

  it('shows metrics and labels that a gateway has, and all that are Civicline’s own', async () => {
    const { privateKey } = generateKeyPairSync('x25519');
    const { d = '' } = privateKey.export({ format: 'jwk' });
    const folder = mkdtempSync(join(tmpdir(), 'civicline-board-'));
    const routesFile = join(folder, 'routes.yaml');
    writeFileSync(routesFile, ROUTES);
    writeFileSync(join(folder, 'password'), 'none');
    const gateway = await startTestGateway({
      CIVICLINE_SMS_ROUTES: routesFile,
      CIVICLINE_SMS_KEYS: JSON.stringify([{ keyId: 'test', privateKey: d }]),
      CIVICLINE_EMAIL: JSON.stringify({ server: 'smtp://127.0.0.1:9', from: 'post@example.org' }),
      CIVICLINE_EMAIL_KEYS: JSON.stringify([{ keyId: 'test', privateKey: d }]),
    });
    try {
      const text = await (await fetch(`${gateway.url}/metrics`)).text();
      const own = seriesOf(text);
      const all = new Set([...own, ...seriesOf(await createMetrics(true).metrics())]);
      const shown = panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => metricsIn(expr)));
      for (const name of shown) expect(all, name).to.include(name);
      for (const name of own.filter((series) => !/_(sum|count|bucket)$/.test(series))) {
        expect(
          shown.some((one) => one.startsWith(name)),
          `${name} is shown nowhere`,
        ).to.equal(true);
      }
    } finally {
      await gateway.stop();
      rmSync(folder, { recursive: true });
    }
  });
});

/** The names of time series that Prometheus makes of a scrape. */
function seriesOf(text: string): string[] {
  return [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
    type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
}

function metricsIn(expr: string): string[] {
  return [...expr.matchAll(/\b(?:civicline|process|nodejs)_\w+/g)].map(([name]) => name);
}
