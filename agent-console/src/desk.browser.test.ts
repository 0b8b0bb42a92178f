import type { CallView } from '@civicline/protocol';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { exampleCall, NOT_VERIFIED } from './stand-in/examples.ts';
import { asked, browserTests, tabTo } from './stand-in/world.ts';

const mine = (call: CallView, part: Partial<CallView> = {}): CallView => ({
  ...call,
  state: 'connected',
  agentId: 'agent-a',
  connectedAt: new Date().toISOString(),
  ...part,
});

describe('agent console, at the desk', function () {
  this.timeout(60_000);
  const visit = browserTests();

  it('shows who calls before it is answered, and tells verified from not verified in word and shape', () =>
    visit({}, async ({ gateway, page }) => {
      await page.getByText('Er wacht niemand').waitFor();
      gateway.putCall(exampleCall({}, 75));
      gateway.putCall(exampleCall(NOT_VERIFIED, 20));

      const verified = page.locator('article').filter({ hasText: 'V. Beeld' });
      await verified.getByText('Geverifieerd', { exact: true }).waitFor();
      expect(await verified.innerText()).to.match(/V\. Beeld\s+Verhuizing doorgeven[\s\S]*Burgerzaken/);
      const other = page.locator('article').filter({ hasText: 'Onbekende beller' });
      await other.waitFor();
      expect(await other.innerText()).to.match(/Onderwerp onbekend[\s\S]*Niet geverifieerd\s+zonder code gebeld/);

      const shape = (card: typeof verified) =>
        card.evaluate((element) => [
          getComputedStyle(element).borderInlineStartStyle,
          element.querySelector('.verification svg')?.innerHTML,
        ]);
      expect((await shape(verified))[0]).to.equal('solid');
      expect((await shape(other))[0]).to.equal('dashed');
      expect((await shape(verified))[1]).not.to.equal((await shape(other))[1]);
      // The title follows when the calls have been drawn.
      await page.waitForFunction(() => document.title === '(2) Gesprekken – Civicline');
    }));

  it('shows the rest of what is known of a waiting call on request, the address in one line', () =>
    visit({}, async ({ gateway, page }) => {
      gateway.putCall(exampleCall());
      const row = page.locator('article');
      const more = page.getByRole('button', { name: 'Meer over V. Beeld' });
      await more.waitFor();
      expect(await row.innerText()).not.to.contain('999990019');
      await tabTo(page, '.row-more');
      await page.keyboard.press('Enter');
      await row.getByText('999990019').waitFor();
      expect(await more.getAttribute('aria-expanded')).to.equal('true');
      for (const shown of ['Dorpsstraat 12, 1234 AB Voorbeeldstad', '+31 6 12345678', 'aanwijzing, geen bewijs']) {
        expect(await row.innerText()).to.contain(shown);
      }
      await page.keyboard.press('Enter');
      await row.getByText('999990019').waitFor({ state: 'detached' });
    }));

  it('copies a number at one press, and says so', () =>
    visit({}, async ({ gateway, page, context }) => {
      await context.grantPermissions(['clipboard-read', 'clipboard-write']);
      gateway.putCall(mine(exampleCall()));
      const copied = () => page.evaluate(() => navigator.clipboard.readText());
      await page.getByRole('button', { name: 'Kopiëren: Burgerservicenummer' }).click();
      await page.getByRole('status').getByText('Gekopieerd').waitFor();
      expect(await copied()).to.equal('999990019');
      await page.getByRole('button', { name: 'Kopiëren: Belt met' }).click();
      await page.getByRole('status').getByText('Gekopieerd').nth(1).waitFor();
      expect(await copied()).to.equal('+31612345678');
    }));

  it('marks a wait of one minute and of three, by icon, frame and word as well as by colour', () =>
    visit({}, async ({ gateway, page }) => {
      for (const seconds of [5, 65, 185]) gateway.putCall(exampleCall({}, seconds));
      await page.locator('article').nth(2).waitFor();
      const waits = await page.locator('article .waiting').evaluateAll((all) =>
        all.map((wait) => ({
          words: /\((.*)\)/.exec(wait.textContent ?? '')?.[1],
          icon: wait.querySelector('svg')?.innerHTML,
          ground: getComputedStyle(wait).backgroundColor,
        })),
      );
      expect(waits.map(({ words }) => words)).to.deep.equal([
        'langer dan drie minuten',
        'langer dan een minuut',
        undefined,
      ]);
      expect(new Set(waits.map(({ ground }) => ground)).size).to.equal(3);
      expect(waits[0]?.icon).not.to.equal(waits[1]?.icon);
    }));

  it('lists the longest waiting call first, by the clock of the gateway', () =>
    visit({}, async ({ gateway, page }) => {
      gateway.putCall(exampleCall({}, 10));
      gateway.putCall(exampleCall(NOT_VERIFIED, 3700));
      await page.locator('article').nth(1).waitFor();
      expect(await page.locator('article h3').allInnerTexts()).to.deep.equal(['Onbekende beller', 'V. Beeld']);
      expect(await page.locator('article .waiting').first().innerText()).to.match(/^Wacht\s+1:01:\d\d/);
    }));

  it('opens links in a new tab that knows nothing of this one', () =>
    visit({}, async ({ gateway, page }) => {
      gateway.putCall(exampleCall());
      await page.getByRole('button', { name: 'Meer over V. Beeld' }).click();
      const link = page.getByRole('link', { name: 'Zoek persoon (opent in een nieuw tabblad)' });
      await link.waitFor();
      expect(await link.getAttribute('target')).to.equal('_blank');
      expect(await link.getAttribute('rel')).to.equal('noopener noreferrer');
    }));

  it('announces a new call politely, and never the attributes', () =>
    visit({}, async ({ gateway, page }) => {
      await page.getByText('Er wacht niemand').waitFor();
      gateway.putCall(exampleCall());
      const spoken = page.locator('[aria-live=polite] p');
      await spoken.waitFor({ state: 'attached' });
      expect(await spoken.textContent()).to.equal('Nieuw gesprek: Geverifieerd, Verhuizing doorgeven. 1 wachtende.');
    }));

  for (const hidden of [false, true]) {
    const when = hidden ? 'at once in a tab that nobody looks at' : 'once the call has been drawn';
    it(`tells in the title that somebody waits, ${when}`, () =>
      visit({}, async ({ gateway, page }) => {
        await page.getByText('Er wacht niemand').waitFor();
        await page.evaluate((value) => Object.defineProperty(document, 'hidden', { value }), hidden);
        await pauseClock(page);
        gateway.putCall(exampleCall());
        await page.locator('article').waitFor();
        // To the next frame, in which the browser draws.
        await page.clock.runFor(30);
        expect((await page.title()).startsWith('(1)')).to.equal(hidden);
        await page.clock.runFor(100);
        expect((await page.title()).startsWith('(1)')).to.equal(true);
      }));
  }

  it('sounds while somebody waits, and is silent in between, with one and the same sound output', () =>
    visit({}, async ({ gateway, page }) => {
      await page.evaluate(`
        const made = [];
        window.AudioContext = new Proxy(AudioContext, {
          construct(Original) {
            const output = new Original();
            made.push(output);
            return output;
          },
        });
        window.outputs = () => made.map(({ state }) => state).join();
      `);
      const outputsAre = async (states: string) => {
        while ((await page.evaluate('outputs()')) !== states) await page.waitForTimeout(10);
      };
      // Browsers stay silent until somebody has done something.
      await page.getByRole('radio', { name: 'Beschikbaar' }).click();
      for (let calls = 0; calls < 2; calls++) {
        const call = exampleCall();
        gateway.putCall(call);
        await outputsAre('running');
        gateway.removeCall(call.id, 'abandoned');
        await outputsAre('suspended');
      }
    }));

  it('takes the card away when a colleague answered, says so, and does not lose the focus', () =>
    visit({}, async ({ gateway, page }) => {
      const call = exampleCall();
      gateway.putCall(call);
      await page.getByRole('button', { name: 'Opnemen' }).focus();
      gateway.removeCall(call.id, 'answered-elsewhere');
      await page.locator('article').waitFor({ state: 'detached' });
      await page.locator('.removal').getByText('Een collega heeft het gesprek opgenomen.').waitFor();
      const spoken = page.locator('[aria-live=polite]').getByText('Een collega heeft het gesprek opgenomen.');
      await spoken.waitFor({ state: 'attached' });
      expect(await page.evaluate(() => document.activeElement?.textContent)).to.equal('Wachtende gesprekken');
    }));

  it('goes through a whole call by keyboard alone', () =>
    visit({}, async ({ gateway, page }) => {
      const call = exampleCall();
      gateway.putCall(call);
      await page.locator('article').waitFor();

      await tabTo(page, '.button--answer');
      await page.keyboard.press('Enter');
      expect(await asked(gateway, 'answer')).to.deep.equal({ callId: call.id });
      await page.getByText('Verbinding maken …').waitFor();
      await page.getByText('Neem uw SIP-toestel op.').waitFor();
      expect(await page.evaluate(() => document.activeElement?.tagName)).to.equal('H2');

      gateway.putCall(mine(call));
      await page.getByText('In gesprek').waitFor();
      await tabTo(page, '[aria-keyshortcuts="Alt+M"]');
      await page.keyboard.press('Space');
      await page.getByRole('button', { name: 'Microfoon aan' }).waitFor();
      expect(await page.evaluate(() => document.activeElement?.textContent)).to.equal('Microfoon aanAlt+M');

      await tabTo(page, '[aria-keyshortcuts="Alt+H"]');
      await page.keyboard.press('Enter');
      await page.locator('.status').getByText('In de wacht').waitFor();
      await page.keyboard.press('Enter');
      await page.locator('.status').getByText('In gesprek').waitFor();

      await tabTo(page, 'textarea');
      await page.keyboard.type('Gaat per 1 maart verhuizen.');
      await page.getByText('Bewaard', { exact: true }).waitFor();
      // Of what was typed slowly, parts were saved before.
      expect(gateway.requests.findLast(({ name }) => name === 'save-note')?.input).to.deep.equal({
        callId: call.id,
        note: 'Gaat per 1 maart verhuizen.',
      });

      await tabTo(page, '[aria-keyshortcuts="Alt+E"]');
      await page.keyboard.press('Enter');
      await page.getByText('Nawerk', { exact: true }).waitFor();
      expect(await page.evaluate('document.activeElement.closest(".call") !== null')).to.equal(true);
      await page.getByText(/Eindigt vanzelf over [12]:\d\d/).waitFor();
      expect(await page.locator('dd').allInnerTexts()).to.contain('999990019');

      await tabTo(page, '.wrap-up button');
      await page.keyboard.press('Enter');
      expect(await asked(gateway, 'finish-wrap-up')).to.deep.equal({
        callId: call.id,
        note: 'Gaat per 1 maart verhuizen.',
      });
      await page.locator('.call').waitFor({ state: 'detached' });
      expect(await page.evaluate(() => document.activeElement?.textContent)).to.equal('Wachtende gesprekken');
      const left = await page.content();
      expect(left).not.to.contain('999990019');
      expect(left).not.to.contain('Gaat per 1 maart');
    }));

  it('transfers by keyboard, and gives the focus back when the agent thinks better of it', () =>
    visit({}, async ({ gateway, page }) => {
      await page.getByText('Er wacht niemand').waitFor();
      const call = mine(exampleCall({ note: 'Verhuist in maart.' }, 75));
      gateway.putCall(call);
      await page.locator('.call').waitFor();

      await tabTo(page, '[aria-keyshortcuts="Alt+T"]');
      await page.keyboard.press('Enter');
      const dialog = page.getByRole('dialog', { name: 'Doorverbinden' });
      await dialog.waitFor();
      expect(await dialog.innerText()).to.match(/Demo agent C\s+Beschikbaar[\s\S]*Demo agent B\s+Pauze/);
      expect(await dialog.innerText()).to.match(/Uw notitie\s+Verhuist in maart\.\s+Wachttijd\s+1:\d\d/);
      await page.keyboard.press('Escape');
      await dialogsGone(page);
      expect(await page.evaluate(() => document.activeElement?.textContent)).to.equal('DoorverbindenAlt+T');

      await page.keyboard.press('Enter');
      await dialog.waitFor();
      await page.keyboard.press('Enter');
      await dialog.getByText('Kies eerst een wachtrij of een collega.').waitFor();
      // What cannot take the call is passed over: its own queue, a closed one, a colleague on a break.
      for (const name of ['Burgerzaken', 'Avondloket', 'Demo agent B']) {
        expect(await dialog.getByRole('radio', { name }).isDisabled(), name).to.equal(true);
      }
      expect(await dialog.innerText()).to.match(/Burgerzaken\s+Hier kwam het gesprek vandaan\s+Avondloket\s+Gesloten/);
      expect(await dialog.innerText()).to.match(/Algemeen\s+0 wachtenden\s+3 medewerkers beschikbaar/);
      await page.keyboard.press('Space');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      expect(await asked(gateway, 'transfer')).to.deep.equal({
        callId: call.id,
        target: { kind: 'agent', id: 'agent-c' },
      });
      await page.locator('.call').waitFor({ state: 'detached' });
    }));

  it('has shortcut keys, which can be switched off', () =>
    visit({}, async ({ gateway, page }) => {
      const [first, second] = [exampleCall({}, 50), exampleCall({}, 5)];
      gateway.putCall(second);
      gateway.putCall(first);
      await page.locator('article').nth(1).waitFor();
      await page.keyboard.press('Alt+a');
      expect(await asked(gateway, 'answer')).to.deep.equal({ callId: first.id });
      gateway.removeCall(first.id, 'abandoned');
      await page.locator('.call').waitFor({ state: 'detached' });

      await page.keyboard.press('Alt+k');
      await page.getByRole('switch', { name: 'Sneltoetsen gebruiken' }).click();
      await page.keyboard.press('Escape');
      await dialogsGone(page);
      gateway.requests.length = 0;
      await page.keyboard.press('Alt+a');
      await page.getByRole('button', { name: 'Opnemen' }).click();
      await asked(gateway, 'answer');
      expect(gateway.requests).to.have.length(1);
    }));

  it('does not finish wrap-up with the key that hung up', () =>
    visit({}, async ({ gateway, page }) => {
      const finishes = () => gateway.requests.filter(({ name }) => name === 'finish-wrap-up').length;
      const shortcut = page.locator('[aria-keyshortcuts="Alt+E"]');
      gateway.putCall(mine(exampleCall()));
      await page.getByText('In gesprek').waitFor();
      await pauseClock(page);
      await page.keyboard.press('Alt+e');
      await page.getByText('Nawerk', { exact: true }).waitFor();
      await page.keyboard.press('Alt+e');
      await page.clock.runFor(1_900);
      await page.keyboard.press('Alt+e');
      expect(await shortcut.count()).to.equal(0);
      await page.clock.runFor(200);
      await shortcut.waitFor();
      await page.keyboard.press('Alt+e');
      await asked(gateway, 'finish-wrap-up');
      expect(finishes()).to.equal(1);
    }));

  it('does not claim that nobody waits while the agent is not shown who does', () =>
    visit({}, async ({ gateway, page }) => {
      await page.getByText('Er wacht niemand').waitFor();
      const [queue] = gateway.snapshot().queues;
      if (queue) gateway.tell('queue-changed', { queue: { ...queue, waiting: 2 } });
      await page.getByRole('radio', { name: 'Bezet' }).check();
      await page.locator('.empty').getByText('2 wachtenden').waitFor();
      await page.getByText('Meld u beschikbaar om gesprekken te krijgen.').waitFor();
      gateway.putCall(mine(exampleCall()));
      await page.getByText('Nieuwe gesprekken ziet u zodra uw gesprek is afgerond.').waitFor();
    }));

  it('signs nobody out of a call: the caller is transferred first, or the call ended', () =>
    visit({}, async ({ gateway, page }) => {
      const leave = () => page.getByRole('button', { name: 'Afmelden' }).click();
      const dialog = page.getByRole('dialog', { name: 'U bent in gesprek' });
      gateway.putCall(mine(exampleCall()));
      await page.getByText('In gesprek').waitFor();
      await leave();
      await dialog.getByRole('button', { name: 'Annuleren' }).click();
      await dialogsGone(page);
      await leave();
      await dialog.getByRole('button', { name: 'Doorverbinden' }).click();
      await page.getByRole('dialog', { name: 'Doorverbinden' }).waitFor();
      await page.keyboard.press('Escape');
      await dialogsGone(page);
      await leave();
      await dialog.getByRole('button', { name: 'Ophangen' }).click();
      await asked(gateway, 'hang-up');
      await page.getByText('Nawerk', { exact: true }).waitFor();
    }));

  it('hands out what an own SIP phone registers with', () =>
    visit({}, async ({ page }) => {
      await page.locator('.device summary').click();
      await page.getByRole('button', { name: 'SIP-toestel instellen' }).click();
      const dialog = page.getByRole('dialog', { name: 'SIP-toestel instellen' });
      await dialog.getByText('phone-agent-a').waitFor();
      await page.keyboard.press('Escape');
      await dialogsGone(page);
      expect(await page.content()).not.to.contain('phone-agent-a');
    }));

  it('says when the voice is on another exchange, and where to put it through', () =>
    visit({}, async ({ gateway, page }) => {
      gateway.putCall(mine(exampleCall({ source: { kind: 'exchange', forwardNumber: '+31201234567' } })));
      await page.getByText('Door te verbinden via').waitFor();
      expect(await page.locator('.exchange-voice').innerText()).to.contain('+31 20 123 4567');
      expect(await page.getByRole('button', { name: 'In de wacht' }).count()).to.equal(0);
    }));

  it('sets presence with a reason', () =>
    visit({}, async ({ gateway, page }) => {
      await page.getByRole('radio', { name: 'Pauze' }).check();
      expect(await asked(gateway, 'set-presence')).to.deep.equal({ presence: 'break', reason: '' });
      gateway.requests.length = 0;
      await page.getByLabel('Reden').fill('lunch');
      expect(await asked(gateway, 'set-presence')).to.deep.equal({ presence: 'break', reason: 'lunch' });
    }));

  it('does not undo a choice by a reason that was typed before', () =>
    visit({}, async ({ gateway, page }) => {
      await page.getByRole('radio', { name: 'Pauze' }).check();
      await page.getByLabel('Reden').waitFor();
      const answerNext = gateway.holdRequests();
      await pauseClock(page);
      await page.getByLabel('Reden').fill('lunch');
      await page.getByRole('radio', { name: 'Beschikbaar' }).click();
      await page.clock.runFor(2_000);
      answerNext();
      await page.getByLabel('Reden').waitFor({ state: 'detached' });
      const [, ...later] = gateway.requests.filter(({ name }) => name === 'set-presence');
      expect(later).to.have.length(1);
    }));

  it('saves a note that is typed without a pause', () =>
    visit({}, async ({ gateway, page }) => {
      gateway.putCall(mine(exampleCall()));
      await page.locator('textarea').focus();
      const isSaved = () => gateway.requests.some(({ name }) => name === 'save-note');
      for (let keys = 0; keys < 60 && !isSaved(); keys++) await page.keyboard.type('a', { delay: 100 });
      expect(isSaved()).to.equal(true);
    }));

  it('shows a choice before the gateway has answered, also when another one follows', () =>
    visit({}, async ({ gateway, page }) => {
      const chosen = (name: string) => page.getByRole('radio', { name, checked: true });
      const answerNext = gateway.holdRequests();
      await page.getByRole('radio', { name: 'Bezet' }).click();
      await chosen('Bezet').waitFor();
      await page.getByRole('radio', { name: 'Pauze' }).click();
      await chosen('Pauze').waitFor();
      expect(gateway.snapshot().self.presence).to.equal('ready');
      answerNext();
      // The reason is asked for once the gateway has told that the agent is busy.
      await page.getByLabel('Reden').waitFor();
      expect(await chosen('Pauze').count()).to.equal(1);
      answerNext();
      while (gateway.snapshot().self.presence !== 'break') await page.waitForTimeout(10);
      await chosen('Pauze').waitFor();
    }));

  it('takes a choice back that the gateway refuses', () =>
    visit({}, async ({ gateway, page }) => {
      await page.getByRole('radio', { name: 'Bezet' }).check();
      await page.getByLabel('Reden').waitFor();
      gateway.refuseNext('REFUSED');
      await page.getByRole('radio', { name: 'Beschikbaar' }).click();
      await page.getByRole('radio', { name: 'Bezet', checked: true }).waitFor();
      expect(gateway.requests.filter(({ name }) => name === 'set-presence')).to.have.length(2);
    }));

  it('explains that the phone did not answer, and lets the agent be ready again', () =>
    visit({}, async ({ gateway, page }) => {
      gateway.tell('self-changed', { self: { ...gateway.snapshot().self, presence: 'not-reachable' } });
      await page.getByRole('button', { name: 'Meld mij beschikbaar' }).click();
      expect(await asked(gateway, 'set-presence')).to.deep.equal({ presence: 'ready' });
      await page.getByText('Uw toestel nam niet op.').waitFor({ state: 'detached' });
    }));

  it('shows a refusal until it is dismissed', () =>
    visit({}, async ({ gateway, page }) => {
      gateway.putCall(exampleCall());
      gateway.refuseNext('SOMETHING_ELSE');
      await page.getByRole('button', { name: 'Opnemen' }).click();
      const refusal = page.getByRole('alert').getByText('SOMETHING_ELSE');
      await refusal.waitFor();
      await page.getByRole('button', { name: 'Melding sluiten' }).click();
      await refusal.waitFor({ state: 'detached' });
    }));

  it('speaks the language that was chosen, and remembers it', () =>
    visit({ language: 'fr-BE' }, async ({ gateway, page }) => {
      gateway.putCall(exampleCall());
      await page.getByRole('button', { name: 'Décrocher' }).waitFor();
      await page.getByLabel('Langue').selectOption('de');
      await page.getByRole('button', { name: 'Annehmen' }).waitFor();
      expect(await page.evaluate(() => document.documentElement.lang)).to.equal('de');
      await page.reload();
      await page.getByRole('button', { name: 'Annehmen' }).waitFor();
    }));
});

/** The element itself: its role is gone as soon as it closes, before what closing brings about. */
function dialogsGone(page: Page): Promise<void> {
  return page.locator('dialog').waitFor({ state: 'detached' });
}

/** From now on the page's timers run with `page.clock.runFor` only, however slow the machine is. */
async function pauseClock(page: Page): Promise<void> {
  await page.clock.install();
  await page.clock.pauseAt(Date.now() + 1_000);
}
