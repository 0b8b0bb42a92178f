/** Makes an organisation's colour readable: contrast as WCAG 2.2 defines it (1.4.3). Pure. */

/** What WCAG asks of text, AA. */
export const READABLE = 4.5;

const STEPS = 100;

/**
 * The colour itself where it contrasts enough with the background, else the nearest shade of it that does: darker on a light
 * background, lighter on a dark one. Colours are such as `#0b6e6e`; so is the answer.
 */
export function readableOn(background: string, colour: string): string {
  const end = luminance(background) > 0.18 ? 0 : 255;
  for (let step = 0; step < STEPS; step++) {
    const shade = mixed(colour, end, step / STEPS);
    if (contrast(shade, background) >= READABLE) return shade;
  }
  return mixed(colour, end, 1);
}

/** Contrast ratio of two colours, 1 to 21. */
export function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

/** Relative luminance, 0 (black) to 1 (white). */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = channels(colour).map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function mixed(colour: string, end: number, share: number): string {
  const parts = channels(colour).map((channel) => Math.round(channel + (end - channel) * share));
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
}
