/** The states of the screens: scanned for accessibility, measured, and made into pictures. All of it is made up. */
import type { CallView, Language } from '@civicline/protocol';
import type { Page } from 'playwright-core';
import { exampleCall, NOT_VERIFIED } from './examples.ts';
import type { Visitor, World } from './world.ts';

export interface Scene {
  name: string;
  visitor?: Visitor;
  /** Brings the screen about, and waits for it. */
  stage(world: World): Promise<void>;
}

/** From just now to very long ago; verified and not; one of them transferred. */
export function sixCalls(): CallView[] {
  return [
    exampleCall({}, 245),
    exampleCall({ ...NOT_VERIFIED, callingNumber: '+31201234567' }, 190),
    exampleCall({ transferredBy: { agentId: 'agent-b', name: 'Demo agent B' } }, 75),
    exampleCall({}, 62),
    exampleCall(NOT_VERIFIED, 20),
    exampleCall({}, 4),
  ];
}

const connected = (part: object = {}) =>
  exampleCall({ state: 'connected', agentId: 'agent-a', connectedAt: new Date().toISOString(), ...part });

export const SCENES: Scene[] = [
  { name: 'sign-in', visitor: { as: 'nobody' }, stage: ({ page }) => shown(page, 'h1') },
  {
    name: 'signed out',
    stage: async ({ gateway, page }) => {
      await shown(page, '.empty');
      gateway.signEverybodyOut();
      await shown(page, '.sign-in h1');
    },
  },
  { name: 'no calls', stage: ({ page }) => shown(page, '.empty') },
  {
    name: 'ringing calls',
    stage: async ({ gateway, page }) => {
      gateway.putCall(exampleCall({}, 75));
      gateway.putCall(
        exampleCall({ ...NOT_VERIFIED, source: { kind: 'exchange', forwardNumber: '+31201234567' } }, 20),
      );
      await shown(page, 'li + li > article');
    },
  },
  {
    name: 'six calls with the details of one',
    stage: async ({ gateway, page }) => {
      for (const call of sixCalls()) gateway.putCall(call);
      await page.locator('article').nth(5).waitFor();
      await page.locator('.row-more').first().click();
      await shown(page, '.row-details dl');
    },
  },
  {
    name: 'connecting',
    stage: async ({ gateway, page }) => {
      gateway.putCall(connected({ state: 'connecting' }));
      await shown(page, '.status--connecting');
    },
  },
  {
    name: 'in a call',
    stage: async ({ gateway, page }) => {
      gateway.amend({
        queues: gateway.snapshot().queues.map((queue, index) => ({ ...queue, waiting: index < 2 ? 1 : 0 })),
      });
      const connectedAt = new Date(Date.now() - 222_000).toISOString();
      gateway.putCall(
        connected({
          connectedAt,
          note: 'Moves on 1 March with two children. Send the list of papers by post.',
        }),
      );
      await page.reload();
      await shown(page, '.call');
    },
  },
  {
    name: 'own call with another one waiting',
    stage: async ({ gateway, page }) => {
      gateway.putCall(connected({ muted: true, transferredBy: { agentId: 'agent-b', name: 'Demo agent B' } }));
      gateway.putCall(exampleCall(NOT_VERIFIED, 20));
      await shown(page, '.call');
    },
  },
  {
    name: 'call on hold at another exchange',
    stage: async ({ gateway, page }) => {
      gateway.putCall(connected({ held: true, source: { kind: 'exchange', forwardNumber: null } }));
      await shown(page, '.exchange-voice');
    },
  },
  {
    name: 'wrap-up',
    stage: async ({ gateway, page }) => {
      gateway.putCall(connected({ state: 'wrapping-up', wrapUpEndsAt: new Date(Date.now() + 90_000).toISOString() }));
      await shown(page, '.wrap-up');
    },
  },
  {
    name: 'transfer dialog',
    stage: async ({ gateway, page }) => {
      gateway.putCall(connected({ note: 'Moves on 1 March with two children; asks which papers are needed.' }));
      await shown(page, '.call');
      await page.keyboard.press('Alt+t');
      await shown(page, 'dialog[open]');
      await page.keyboard.press('Enter');
      await shown(page, '.field-error:not(:empty)');
    },
  },
  {
    name: 'sign-out dialog in a call',
    stage: async ({ gateway, page }) => {
      gateway.putCall(connected());
      await shown(page, '.call');
      await page.locator('.signed-in button').click();
      await shown(page, 'dialog[open]');
    },
  },
  {
    name: 'interrupted',
    stage: async ({ gateway, page }) => {
      gateway.putCall(connected({ state: 'interrupted' }));
      await shown(page, '.call');
    },
  },
  {
    name: 'not reachable',
    stage: async ({ gateway, page }) => {
      gateway.putCall(exampleCall({}, 75));
      const registered = { browser: false, 'sip-phone': false };
      const self = {
        ...gateway.snapshot().self,
        presence: 'not-reachable',
        presenceReason: 'no-phone',
        registered,
      } as const;
      gateway.tell('self-changed', { self });
      await shown(page, '.row-obstacle');
    },
  },
  {
    name: 'settings dialog',
    stage: async ({ page }) => {
      await shown(page, '.empty');
      await page.keyboard.press('Alt+k');
      await shown(page, 'dialog[open]');
    },
  },
  {
    name: 'SIP phone dialog',
    stage: async ({ page }) => {
      await page.locator('.device summary').click();
      await page.locator('.device .utrecht-button').click();
      await shown(page, 'dialog[open] dd');
    },
  },
  {
    name: 'offline',
    stage: async ({ gateway, page }) => {
      gateway.putCall(exampleCall());
      await shown(page, 'article');
      await gateway.goDown();
      await shown(page, '.notice');
    },
  },
  {
    name: 'everything in the way',
    visitor: { microphone: 'refused' },
    stage: async ({ gateway, page }) => {
      gateway.refuseNext('SOMETHING_ELSE');
      await page.locator('.choice--break').click();
      await shown(page, '.notice--problem');
      gateway.tell('telephony-changed', { available: false });
      gateway.tell('self-changed', {
        self: { ...gateway.snapshot().self, presence: 'not-reachable', device: 'browser' },
      });
      await page.getByRole('button', { name: 'Melding sluiten' }).waitFor();
    },
  },
  {
    name: 'on a break',
    stage: async ({ gateway, page }) => {
      gateway.tell('self-changed', {
        self: { ...gateway.snapshot().self, presence: 'break', presenceReason: 'lunch' },
      });
      await shown(page, '.presence .field');
    },
  },
  { name: 'audit', visitor: { as: 'auditor' }, stage: ({ page }) => shown(page, 'table') },
  { name: 'both roles', visitor: { as: 'both' }, stage: ({ page }) => shown(page, '.views') },
];

/** Chooses the language even where an open dialog covers the choice. */
export async function speak(page: Page, language: Language): Promise<void> {
  await page.evaluate((chosen) => {
    const select = document.querySelector<HTMLSelectElement>('.language select');
    if (select === null) throw new Error('there is no choice of language');
    select.value = chosen;
    select.dispatchEvent(new Event('change', { bubbles: true }));
  }, language);
  await page.waitForFunction((chosen) => document.documentElement.lang === chosen, language);
}

export function shown(page: Page, selector: string): Promise<void> {
  return page.locator(selector).first().waitFor();
}
