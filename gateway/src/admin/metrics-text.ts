/** Prometheus' text format, as far as the gateway writes it. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export function readSamples(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (!name || value === undefined) return [];
    return [{ name, labels: readLabels(labels), value: Number(value) }];
  });
}

function readLabels(text: string): Record<string, string> {
  const labels = [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
  return Object.fromEntries(labels.map(([, name = '', value = '']) => [name, value.replace(/\\(.)/g, '$1')]));
}
