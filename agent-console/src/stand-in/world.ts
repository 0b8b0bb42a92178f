/** A browser with a stand-in gateway for each browser test. */
import { launchChromium, WITH_MICROPHONE } from '@civicline/test/browser';
import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { buildConsole } from './build.ts';
import { type StandInGateway, startStandInGateway } from './gateway.ts';

export interface World {
  gateway: StandInGateway;
  page: Page;
  context: BrowserContext;
  /** Another tab of the same browser profile. */
  newTab(): Promise<Page>;
}

/** The language of the browser, and whether it hands out its microphone. */
export interface Visitor {
  language?: string;
  microphone?: 'granted' | 'refused';
  as?: 'agent' | 'auditor' | 'both' | 'nobody';
  viewport?: { width: number; height: number };
  colorScheme?: 'light' | 'dark';
}

/** One Chromium for a whole `describe`; returns how a test gets its own profile and gateway. */
export function browserTests(): (visitor: Visitor, run: (world: World) => Promise<void>) => Promise<void> {
  let browser: Browser;
  let dist: string;

  before(async function () {
    this.timeout(120_000);
    dist = await buildConsole();
    browser = await launchVisitors();
  });
  after(() => browser?.close());

  return (visitor, run) => visitConsole(browser, dist, visitor, run);
}

/** Only the fake device: whether it is granted stays the choice of each visit. */
export function launchVisitors(): Promise<Browser> {
  return launchChromium({ args: WITH_MICROPHONE.filter((flag) => flag.includes('device')) });
}

/** One visit in a profile of its own, with a stand-in gateway of its own. Fails on an error in the page. */
export async function visitConsole(
  browser: Browser,
  dist: string,
  { language = 'nl', microphone, as = 'agent', viewport, colorScheme = 'light' }: Visitor,
  run: (world: World) => Promise<void>,
): Promise<void> {
  const gateway = await startStandInGateway({ dist });
  const context = await browser.newContext({
    locale: language,
    colorScheme,
    ...(viewport ? { viewport } : {}),
    permissions: microphone === 'granted' ? ['microphone'] : [],
  });
  const faults: string[] = [];
  context.on('weberror', (error) => faults.push(error.error().message));
  context.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) faults.push(message.text());
  });
  const start = as === 'nobody' ? '/console/' : `/sign-in?return=/console/&as=${as}`;
  const newTab = async () => {
    const tab = await context.newPage();
    await tab.goto(gateway.url + start);
    return tab;
  };
  try {
    await run({ gateway, page: await newTab(), context, newTab });
    expect(faults).to.deep.equal([]);
  } finally {
    await context.close();
    await gateway.close();
  }
}

/** Presses Tab until the focus is on what the selector finds; fails after a whole round. */
export async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 80; presses++) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`The Tab key never reached ${selector}.`);
}

/** Waits until the console has asked for this, and returns what it sent along. */
export async function asked(gateway: StandInGateway, name: string): Promise<unknown> {
  for (;;) {
    const request = gateway.requests.find((item) => item.name === name);
    if (request) return request.input;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
