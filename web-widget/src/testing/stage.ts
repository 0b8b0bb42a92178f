/** What the browser tests share: the widget as it is built, stand-ins on origins of their own, a real Chromium. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Language } from '@civicline/protocol';
import { launchChromium } from '@civicline/test/browser';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { createStandIn, type StandIn } from '../stand-in/gateway.ts';
import { createMunicipality, type Municipality } from '../stand-in/municipality.ts';
import { type Texts, textsFor } from '../texts/texts.ts';

export const PHONE_USER_AGENTS = {
  iOS: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
  Android:
    'Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36',
};

/** The narrowest window that WCAG 2.2 1.4.10 (reflow) asks for, and a desktop's. */
export const SIZES = { phone: { width: 320, height: 640 }, desktop: { width: 1280, height: 800 } };

export interface Stage {
  /** The built script. */
  script: string;
  browser: Browser;
  standIn: StandIn;
  municipality: Municipality;
  close(): Promise<void>;
}

export async function setStage(): Promise<Stage> {
  const script = await buildWidget();
  const browser = await launchChromium();
  const standIn = await createStandIn();
  const municipality = await createMunicipality(script, standIn.server.origin, standIn.yivi.server.origin);
  return {
    script,
    browser,
    standIn,
    municipality,
    close: async () => {
      await browser.close();
      await Promise.all([standIn.close(), municipality.close()]);
    },
  };
}

/** As `npm run build` does, elsewhere; in a process of its own, because Vite does not work below tsx's loader. */
async function buildWidget(): Promise<string> {
  const outDir = await mkdtemp(join(tmpdir(), 'civicline-widget-'));
  const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');
  const args = [vite, 'build', '--logLevel', 'error', '--emptyOutDir', '--outDir', outDir];
  try {
    await promisify(execFile)(process.execPath, args, { cwd: resolve(import.meta.dirname, '../..') });
    return await readFile(join(outDir, 'civicline.js'), 'utf8');
  } finally {
    await rm(outDir, { recursive: true });
  }
}

/** A citizen in front of the municipality's page. */
export interface Citizen {
  page: Page;
  texts: Texts;
  dialog: Locator;
  /** The button on the page. */
  button: Locator;
  /** Waits until the dialog shows the state with this heading. */
  sees(heading: string): Promise<void>;
  /** Clicks the page's button and waits for the way into the app. */
  begins(): Promise<void>;
  /** What went wrong in the page: errors, policy violations. */
  complaints: string[];
  leaves(): Promise<void>;
}

export interface CitizenOptions extends BrowserContextOptions {
  language?: Language;
  attributes?: Record<string, string>;
}

export async function citizenAt(stage: Stage, options: CitizenOptions = {}): Promise<Citizen> {
  const { language = 'nl', attributes = {}, ...contextOptions } = options;
  const context = await stage.browser.newContext({
    viewport: SIZES.desktop,
    timezoneId: 'Europe/Amsterdam',
    ...contextOptions,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (/Content.Security.Policy|TrustedHTML/i.test(message.text())) complaints.push(message.text());
  });
  await page.goto(stage.municipality.page(language, attributes));
  const texts = textsFor(language);
  const dialog = page.locator('dialog');
  const button = page.locator('civicline-call').first().getByRole('button', { name: texts.callButton });
  const sees = (heading: string): Promise<void> =>
    dialog.getByRole('heading', { name: heading, level: 3, exact: true }).waitFor();
  return {
    page,
    texts,
    dialog,
    button,
    sees,
    begins: async () => {
      await button.click();
      const mobile = /iPhone|Android/.test(contextOptions.userAgent ?? '');
      await sees(mobile ? texts.link.heading : texts.qr.heading);
    },
    complaints,
    leaves: () => context.close(),
  };
}
