/** Accessibility scan of a page as it stands, by axe-core, against WCAG 2.2 A and AA, and that every word is in a landmark. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

interface Violation {
  id: string;
  help: string;
  nodes: { target: unknown[]; failureSummary?: string }[];
}

/**
 * One line per place that breaks a rule: `rule: what is wrong @ selector`. Empty when the page passes.
 * Goes through the debugger, so that it also works on pages with a strict Content-Security-Policy.
 */
export async function accessibilityViolations(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const violations = await page.evaluate(async (tags) => {
    const axe = (globalThis as unknown as { axe: { run(context: unknown, options: unknown): Promise<unknown> } }).axe;
    // Of axe's own rules the one that people with a screen reader notice most: they jump from landmark to landmark.
    const options = { runOnly: { type: 'tag', values: tags }, rules: { region: { enabled: true } } };
    const result = (await axe.run(document, options)) as { violations: unknown };
    return result.violations as Violation[];
  }, RULES);
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help} @ ${target.join(' ')} (${failureSummary ?? ''})`),
  );
}
