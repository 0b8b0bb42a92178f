import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { PAIRING_CODE } from './stand-in/yivi.ts';
import { type Citizen, citizenAt, type Stage, setStage } from './testing/stage.ts';

const LARGEST_GZIPPED = 45_000;

describe('the widget on a municipality’s page', function () {
  this.timeout(60_000);
  let stage: Stage;
  before(async () => {
    stage = await setStage();
  });
  after(() => stage?.close());

  let citizen: Citizen;
  afterEach(() => citizen?.leaves());

  it(`is at most ${LARGEST_GZIPPED / 1000} kB, gzipped`, () => {
    expect(gzipSync(stage.script, { level: 9 }).length).to.be.at.most(LARGEST_GZIPPED);
  });

  it('breaks no rule of a strict policy, in no state', async () => {
    citizen = await citizenAt(stage);
    await citizen.begins();
    await citizen.dialog.getByRole('button', { name: citizen.texts.otherPhone.choose }).click();
    await citizen.sees(citizen.texts.pairedQr.heading);
    await citizen.dialog.getByLabel(citizen.texts.pairing.label).fill(PAIRING_CODE);
    await citizen.sees(citizen.texts.inApp.heading);
    stage.standIn.tell('disclosed');
    await citizen.sees(citizen.texts.otherPhone.heading);
    expect(await citizen.page.evaluate(() => document.documentElement.dataset.violation)).to.equal(undefined);
    expect(citizen.complaints).to.deep.equal([]);
  });

  it('takes the page’s design tokens', async () => {
    citizen = await citizenAt(stage);
    const themed = citizen.page.locator('.themed').getByRole('button');
    const colour = await themed.evaluate((button) => getComputedStyle(button).backgroundColor);
    expect(colour).to.equal('rgb(120, 20, 60)');
  });

  it('can be styled by its parts', async () => {
    citizen = await citizenAt(stage);
    const width = await citizen.page.evaluate(() => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync('civicline-call::part(button) { border-width: 7px }');
      document.adoptedStyleSheets = [sheet];
      const button = document.querySelector('civicline-call')?.shadowRoot?.querySelector('button');
      return button && getComputedStyle(button).borderTopWidth;
    });
    expect(width).to.equal('7px');
  });

  it('speaks the language of the page, or of the element', async () => {
    citizen = await citizenAt(stage, { language: 'de' });
    await citizen.button.waitFor();
    await citizen.page.locator('.themed').getByRole('button', { name: 'Thème' }).click();
    await citizen.page.getByRole('heading', { name: 'Scannez le code avec l’app Yivi' }).waitFor();
    expect(stage.standIn.requests.at(-1)?.input.language).to.equal('fr');
  });

  it('changes its words when the page changes language', async () => {
    citizen = await citizenAt(stage);
    await citizen.button.waitFor();
    await citizen.page.evaluate(() => document.querySelector('civicline-call')?.setAttribute('lang', 'en'));
    await citizen.page.getByRole('button', { name: 'Call us with Yivi' }).waitFor();
  });

  it('opens from a script, and says how far the call was', async () => {
    citizen = await citizenAt(stage);
    const { page, texts, dialog, sees } = citizen;
    await page.getByRole('button', { name: 'Own button' }).click();
    await sees(texts.qr.heading);
    stage.standIn.tell('disclosed');
    await sees(texts.disclosed.heading);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.documentElement.dataset.outcome === 'disclosed');
  });

  it('shows only one call at a time', async () => {
    citizen = await citizenAt(stage);
    const { page, dialog, begins } = citizen;
    await begins();
    const [first] = stage.standIn.requests.slice(-1);
    await page.evaluate(() => {
      const other = document.querySelector('.themed civicline-call')?.shadowRoot?.querySelector('button');
      other?.click();
    });
    await page.getByRole('heading', { name: 'Scannez le code avec l’app Yivi' }).waitFor();
    while (!first?.cancelled) await page.waitForTimeout(10);
    expect(await dialog.count()).to.equal(1);
  });
});
