import { expect } from 'chai';
import { exampleCall, NOT_VERIFIED } from './stand-in/examples.ts';
import type { Registrar } from './stand-in/registrar.ts';
import { asked, browserTests } from './stand-in/world.ts';

describe('agent console, when connections come and go', function () {
  this.timeout(60_000);
  const visit = browserTests();

  it('asks to sign in, and comes back to the desk', () =>
    visit({ as: 'nobody' }, async ({ page }) => {
      await page.getByRole('heading', { name: 'Aanmelden' }).waitFor();
      await page.getByRole('link', { name: 'Aanmelden' }).click();
      await page.getByText('Er wacht niemand').waitFor();
    }));

  it('says when the server cannot be reached, and tries again', () =>
    visit({ as: 'nobody' }, async ({ page }) => {
      await page.route('**/v1/session', (route) => route.abort());
      await page.reload();
      await page.getByRole('heading', { name: 'Geen verbinding' }).waitFor();
      await page.unroute('**/v1/session');
      await page.getByRole('button', { name: 'Opnieuw proberen' }).click();
      await page.getByRole('heading', { name: 'Aanmelden' }).waitFor();
    }));

  it('goes on showing what it knew while the connection is lost, and is right at once when it is back', () =>
    visit({}, async ({ gateway, page }) => {
      const before = exampleCall({}, 30);
      gateway.putCall(before);
      await page.locator('article').waitFor();
      await gateway.goDown();
      await page.getByRole('status').getByText('De verbinding is weg.').waitFor();
      expect(await page.locator('article').innerText()).to.contain('V. Beeld');
      expect(await page.getByRole('button', { name: 'Opnemen' }).getAttribute('aria-disabled')).to.equal('true');

      gateway.amend({ sequence: 40, calls: [exampleCall(NOT_VERIFIED)] });
      await gateway.comeBack();
      await page.getByRole('heading', { name: 'Onbekende beller' }).waitFor();
      await page.getByText('De verbinding is weg.').waitFor({ state: 'detached' });
      expect(await page.locator('article').count()).to.equal(1);
      expect(await page.content()).not.to.contain('V. Beeld');
    }));

  it('saves what was noted while the connection was lost', () =>
    visit({}, async ({ gateway, page }) => {
      await page.getByText('Er wacht niemand').waitFor();
      const call = exampleCall({ state: 'connected', agentId: 'agent-a', connectedAt: new Date().toISOString() });
      gateway.putCall(call);
      await page.locator('.call').waitFor();
      await gateway.goDown();
      await page.getByText('De verbinding is weg.').waitFor();
      await page.getByLabel('Notitie').fill('Belt morgen terug.');
      await page.getByRole('status').filter({ hasText: 'Nog niet bewaard' }).waitFor();
      await page.getByText('Nog niet bewaard').waitFor();
      await gateway.comeBack();
      expect(await asked(gateway, 'save-note')).to.deep.equal({ callId: call.id, note: 'Belt morgen terug.' });
      expect(await page.getByLabel('Notitie').inputValue()).to.equal('Belt morgen terug.');
      await page.getByText('Bewaard', { exact: true }).waitFor();
    }));

  it('notices a lost event and asks for a fresh snapshot', () =>
    visit({}, async ({ gateway, page }) => {
      const call = exampleCall();
      gateway.putCall(call);
      await page.locator('article').waitFor();
      gateway.amend({ calls: [] });
      gateway.loseEvent();
      gateway.tell('telephony-changed', { available: true });
      await asked(gateway, 'resync');
      await page.locator('article').waitFor({ state: 'detached' });
    }));

  it('says a quarter of an hour ahead that the sign-in ends, and lets nobody leave a call for it', () =>
    visit({}, async ({ gateway, page }) => {
      const signedInUntil = async (minutes: number) => {
        await page.route('**/v1/session', async (route) => {
          const response = await route.fetch();
          const expiresAt = new Date(Date.now() + minutes * 60_000).toISOString();
          await route.fulfill({ response, json: { ...(await response.json()), expiresAt } });
        });
        await page.reload();
        await page.getByText('Er wacht niemand').waitFor();
      };
      const notice = page.getByText(/Uw aanmelding eindigt om \d\d:\d\d/);
      await signedInUntil(16);
      expect(await notice.count()).to.equal(0);
      await signedInUntil(14);
      await notice.waitFor();
      const again = page.getByRole('link', { name: 'Opnieuw aanmelden' });
      expect(await again.getAttribute('href')).to.equal('/sign-in?return=/console/');
      gateway.putCall(exampleCall({ state: 'connected', agentId: 'agent-a' }));
      await page.getByText('U kunt dit gesprek afmaken.').waitFor();
      expect(await again.count()).to.equal(0);
    }));

  it('says that the telephone exchange is away', () =>
    visit({}, async ({ gateway, page }) => {
      gateway.putCall(exampleCall());
      gateway.tell('telephony-changed', { available: false });
      await page.getByRole('status').getByText('De telefooncentrale is niet bereikbaar.').waitFor();
      expect(await page.getByRole('button', { name: 'Opnemen' }).getAttribute('aria-disabled')).to.equal('true');
      gateway.tell('telephony-changed', { available: true });
      await page.getByText('De telefooncentrale is niet bereikbaar.').first().waitFor({ state: 'detached' });
    }));

  it('signs out', () =>
    visit({}, async ({ page }) => {
      await page.getByRole('button', { name: 'Afmelden' }).click();
      await page.getByRole('heading', { name: 'Aanmelden' }).waitFor();
    }));

  it('keeps nothing on the screen when the session ended elsewhere', () =>
    visit({}, async ({ gateway, page }) => {
      gateway.putCall(exampleCall());
      await page.locator('article').waitFor();
      gateway.signEverybodyOut();
      await page.getByRole('heading', { name: 'U bent afgemeld' }).waitFor();
      expect(await page.content()).not.to.contain('V. Beeld');
    }));

  it('finds out by itself that the session is over when it was away meanwhile', () =>
    visit({}, async ({ gateway, page, context }) => {
      await page.getByText('Er wacht niemand').waitFor();
      await gateway.goDown();
      await page.getByText('De verbinding is weg.').waitFor();
      await context.clearCookies();
      await gateway.comeBack();
      await page.getByRole('heading', { name: 'U bent afgemeld' }).waitFor();
    }));

  it('registers the telephone in one tab only, and in the next when that closes', () =>
    visit({ microphone: 'granted' }, async ({ gateway, page, newTab }) => {
      await page.locator('.device summary').click();
      await page.getByRole('radio', { name: 'Telefoon in deze pagina' }).check();
      await registrations(gateway.registrar, 1);
      const second = await newTab();
      await second.getByText('De telefoon staat open in een ander tabblad.').waitFor();
      expect(gateway.registrar.registrations()).to.equal(1);
      await page.close();
      await second.getByText('De telefoon staat open in een ander tabblad.').waitFor({ state: 'detached' });
      await registrations(gateway.registrar, 2);
    }));

  it('registers again when its own connection broke', () =>
    visit({ microphone: 'granted' }, async ({ gateway, page }) => {
      gateway.tell('self-changed', { self: { ...gateway.snapshot().self, device: 'browser' } });
      await registrations(gateway.registrar, 1);
      gateway.registrar.hangUpAll();
      await registrations(gateway.registrar, 2);
      await page.locator('.device').getByText('Telefoon in deze pagina').first().waitFor();
    }));

  it('explains a refused microphone and offers the SIP phone', () =>
    visit({ microphone: 'refused' }, async ({ gateway, page }) => {
      await page.locator('.device summary').click();
      await page.getByRole('radio', { name: 'Telefoon in deze pagina' }).check();
      await page.getByText('De microfoon is geblokkeerd.').waitFor();
      expect(gateway.registrar.registrations()).to.equal(0);
      gateway.requests.length = 0;
      await page.getByRole('button', { name: 'SIP-toestel gebruiken' }).click();
      expect(await asked(gateway, 'set-device')).to.deep.equal({ device: 'sip-phone' });
      await page.getByText('De microfoon is geblokkeerd.').waitFor({ state: 'detached' });
    }));
});

describe('agent console, for auditors', function () {
  this.timeout(60_000);
  const visit = browserTests();

  it('pages through who saw what, and shows no calls', () =>
    visit({ as: 'auditor' }, async ({ page }) => {
      await page.getByRole('heading', { name: 'Inzagelog' }).waitFor();
      await page.getByRole('table').getByText('Burgerservicenummer').first().waitFor();
      expect(await page.locator('tbody tr').count()).to.equal(50);
      const times = () =>
        page
          .locator('tbody time')
          .evaluateAll((all) => all.map((time) => Date.parse((time as HTMLTimeElement).dateTime)));
      const newestPage = await times();
      expect(newestPage).to.deep.equal(newestPage.toSorted((a, b) => b - a));
      await page.getByRole('button', { name: 'Oudere' }).click();
      await page.getByText('Bladzijde 2').waitFor();
      await page.getByRole('table').waitFor();
      expect((await times())[0]).to.be.lessThan(newestPage.at(-1) ?? 0);
      await page.getByRole('button', { name: 'Oudere' }).click();
      await page.locator('tbody tr').nth(19).waitFor();
      await page.getByRole('button', { name: 'Oudere' }).waitFor({ state: 'detached' });
      expect(await page.getByRole('radio').count()).to.equal(0);
    }));

  it('finds who saw what by agent, by day and by call, and saves that as a table', () =>
    visit({ as: 'auditor' }, async ({ page }) => {
      const rows = page.locator('tbody tr');
      const table = () => page.getByRole('link', { name: 'Opslaan als tabel (CSV)' }).getAttribute('href');
      await rows.first().waitFor();
      await page.getByLabel('Medewerker').selectOption({ index: 1 });
      await page.getByRole('button', { name: 'Zoeken' }).click();
      await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 50);
      expect(new URLSearchParams((await table())?.split('?')[1]).get('agent')).to.equal('agent-a');
      await page.getByRole('button', { name: 'Alles tonen' }).click();

      await page.getByLabel('Van').fill('2025-03-02');
      await page.getByRole('button', { name: 'Zoeken' }).click();
      await page.getByText('Niets past bij wat u zoekt.').waitFor();
      await page.getByLabel('Van').fill('2025-03-01');
      await page.getByLabel('Tot en met').fill('2025-03-01');
      await page.getByRole('button', { name: 'Zoeken' }).click();
      await rows.first().waitFor();

      const call = page.getByRole('button', { name: /^Alleen gesprek/ }).nth(3);
      const callId = await call.innerText();
      await call.click();
      await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
      expect(await page.getByRole('textbox', { name: 'Gesprek' }).inputValue()).to.equal(callId);
      expect(await table()).to.equal(`/v1/audit.csv?call=${callId}`);
    }));

  it('lets somebody with both roles choose', () =>
    visit({ as: 'both' }, async ({ page }) => {
      await page.getByText('Er wacht niemand').waitFor();
      const opened = page.waitForEvent('popup');
      await page.getByRole('link', { name: 'Inzagelog' }).click();
      const audit = await opened;
      await audit.getByRole('table').waitFor();
      // The desk stays, and with it a conversation.
      await page.getByText('Er wacht niemand').waitFor();
      await audit.getByRole('link', { name: 'Naar het overzicht' }).press('Enter');
      await audit.waitForURL(/#audit-main$/);
      await audit.getByRole('table').waitFor();
      await audit.getByRole('link', { name: 'Gesprekken', exact: true }).click();
      await audit.getByText('Er wacht niemand').waitFor();
    }));
});

/** Waits until that many sockets have registered, all in all. */
async function registrations(registrar: Registrar, count: number): Promise<void> {
  while (registrar.registrations() < count) await new Promise((resolve) => setTimeout(resolve, 20));
}
