/**
 * From the last digit of the code to the caller's name on the screen of an agent: real phone, Asterisk, gateway and
 * Chromium, with the consoles of all the other agents of the queue connected and told of the same call.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { launchChromium } from '../../browser.ts';
import type { DisclosedCode } from './codes.ts';
import type { Room } from './room.ts';

export interface Painted {
  /** Milliseconds from the last RFC 4733 end packet to the paint. */
  paintedMs: number[];
  /** To the change of the page's document, before the browser draws it. */
  changedMs: number[];
  consoles: number;
}

interface Seen {
  name: string;
  changed: number;
  painted: number;
}

const KEYING = { toneMs: 40, gapMs: 40, afterMs: 100 };
/** A gateway and a page that have just started are still being compiled: the first calls do not count. */
const WARM_UP_CALLS = 15;
const PATIENCE_MS = 10_000;
/** With 500 consoles, the figures of queues follow a call by 1.65 s: they fall on some of the next calls, as in life. */
const BETWEEN_CALLS_MS = 400;

/**
 * Runs in the page: notes for each call when the caller's name came into the document, and when the browser drew it
 * (W3C Element Timing; Chromium gives that time in steps of 4 ms).
 */
const WATCH = `
  const changes = new Map();
  new MutationObserver(() => {
    const changed = Date.now();
    for (const card of document.querySelectorAll('article[data-call]')) {
      const name = card.querySelector('h3:has(.caller-name)');
      if (!name || name.hasAttribute('elementtiming')) continue;
      changes.set(card.dataset.call, { name: name.textContent, changed });
      name.setAttribute('elementtiming', card.dataset.call);
    }
  }).observe(document, { childList: true, subtree: true, characterData: true });
  new PerformanceObserver((list) => {
    for (const { identifier, renderTime } of list.getEntries()) {
      const change = changes.get(identifier);
      changes.delete(identifier);
      if (change) window.benchPainted({ ...change, painted: performance.timeOrigin + renderTime });
    }
  }).observe({ type: 'element', buffered: true });
`;

/** `consoles` are connected besides this one. */
export async function measurePainted(
  room: Room,
  { codes, cookie, consoles }: { codes: DisclosedCode[]; cookie: string; consoles: number },
): Promise<Painted> {
  const browser = await launchChromium();
  try {
    const context = await browser.newContext();
    const page = await context.newPage();
    const paints = await watch(page);
    const { gatewayUrl } = room.system;
    await context.addCookies(
      cookie.split('; ').map((pair) => {
        const [name = '', ...value] = pair.split('=');
        return { name, value: value.join('='), url: gatewayUrl };
      }),
    );
    await page.goto(`${gatewayUrl}/console/`);
    await page.waitForSelector('.ringing');
    const paintedMs: number[] = [];
    const changedMs: number[] = [];
    for (const [index, code] of codes.entries()) {
      const { lastDigit, seen } = await callAndSee(room, code, paints);
      if (index >= WARM_UP_CALLS) {
        paintedMs.push(seen.painted - lastDigit);
        changedMs.push(seen.changed - lastDigit);
      }
      await page.waitForSelector('article[data-call]', { state: 'detached', timeout: PATIENCE_MS });
      await sleep(BETWEEN_CALLS_MS);
    }
    return { paintedMs, changedMs, consoles: consoles + 1 };
  } finally {
    await browser.close();
  }
}

type Paints = { next(): Promise<Seen> };

async function watch(page: Page): Promise<Paints> {
  let tell: (seen: Seen) => void = () => {};
  await page.exposeFunction('benchPainted', (seen: Seen) => tell(seen));
  await page.addInitScript(WATCH);
  return {
    next: () =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('The console never showed the call.')), PATIENCE_MS);
        tell = (seen) => {
          clearTimeout(timer);
          resolve(seen);
        };
      }),
  };
}

async function callAndSee(room: Room, { number, code, name }: DisclosedCode, paints: Paints) {
  const painted = paints.next();
  const call = await room.caller.call({
    number,
    callerId: '+31612345678',
    key: { digits: code, ...KEYING },
  });
  const seen = await painted;
  if (seen.name !== name) throw new Error('The console showed the attributes of somebody else.');
  // The phone's clock is monotonic; both are of this machine.
  const lastDigit = Date.now() - (performance.now() - (call.times.lastDigit ?? Number.NaN));
  await call.hangUp();
  return { lastDigit, seen };
}
