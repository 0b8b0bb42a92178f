import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallRequestState } from '@civicline/protocol';
import { LANGUAGES } from '@civicline/protocol';
import { accessibilityViolations } from '@civicline/test/accessibility';
import { textThatSticksOut } from '@civicline/test/overflow';
import { expect } from 'chai';
import { CODE, PURPOSE } from '../stand-in/gateway.ts';
import { type Citizen, citizenAt, PHONE_USER_AGENTS, SIZES, type Stage, setStage } from '../testing/stage.ts';

/** Set to a folder to look at every state as a picture. */
const PICTURES = process.env.CIVICLINE_PICTURES;

describe('every state of the dialog', function () {
  this.timeout(120_000);
  let stage: Stage;
  before(async () => {
    stage = await setStage();
  });
  after(() => stage?.close());

  let citizen: Citizen;
  afterEach(() => citizen.leaves());

  for (const language of LANGUAGES) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      it(`is readable and accessible in ${language} on a ${size}`, async () => {
        const userAgent = size === 'phone' ? { userAgent: PHONE_USER_AGENTS.iOS } : {};
        citizen = await citizenAt(stage, { language, viewport, ...userAgent });
        const { standIn } = stage;
        const { page, texts, dialog, sees } = citizen;
        const look = async (state: string): Promise<void> => {
          if (PICTURES) {
            await mkdir(PICTURES, { recursive: true });
            await page.screenshot({ path: join(PICTURES, `${language}-${size}-${state}.png`) });
          }
          expect(await accessibilityViolations(page), state).to.deep.equal([]);
          expect(await textThatSticksOut(page), state).to.deep.equal([]);
          const overflow = await dialog.evaluate((element) => element.scrollWidth > element.clientWidth);
          expect(overflow, `${state}: wider than the dialog`).to.equal(false);
        };
        const tell = async (state: CallRequestState, heading: string): Promise<void> => {
          standIn.tell(state);
          await sees(heading);
          await look(state);
        };
        const again = async (): Promise<void> => {
          await dialog.getByRole('button', { name: texts.again }).click();
          await sees(size === 'phone' ? texts.link.heading : texts.qr.heading);
        };

        await citizen.begins();
        await look('identify');
        await dialog.getByText(texts.help.summary).click();
        await look('help');
        standIn.yivi.set('CONNECTED');
        await sees(texts.inApp.heading);
        await look('in-app');
        standIn.yivi.set('DONE');
        await sees(texts.checking.heading);
        await look('checking');
        await tell('disclosed', texts.disclosed.heading);
        await tell('calling', texts.calling.heading);
        await tell('queued', texts.queued.heading);
        await tell('connected', texts.connected.heading);
        await tell('ended', texts.ended.heading);
        await dialog.getByRole('button', { name: texts.close }).last().click();

        await citizen.begins();
        await dialog.getByRole('button', { name: texts.otherPhone.choose }).click();
        await sees(size === 'phone' ? texts.pairedApp.heading : texts.pairedQr.heading);
        await look('other-phone-digits');
        await dialog.getByLabel(texts.pairing.label).fill('2468');
        await sees(texts.inApp.heading);
        standIn.tell('disclosed');
        await dialog.getByText('1234 5678').waitFor();
        await look('other-phone');
        await tell('calling', texts.calling.heading);
        expect(await dialog.textContent()).to.not.contain(CODE.slice(4));
        await tell('ended', texts.ended.heading);
        await dialog.getByRole('button', { name: texts.close }).last().click();

        await citizen.begins();
        await tell('cancelled', texts.cancelled.heading);
        await again();
        await tell('expired', texts.expired.heading);
        await again();
        await tell('failed', texts.failed.heading);
        standIn.refuse = { matching: /^POST/, status: 503, code: 'IRMA_UNREACHABLE' };
        await dialog.getByRole('button', { name: texts.again }).click();
        await dialog.getByText('IRMA_UNREACHABLE').waitFor();
        await look('problem');
        standIn.refuse = null;
        standIn.purpose = { ...PURPOSE, open: false, opensAt: '2026-11-24T08:00:00.000Z' };
        await dialog.getByRole('button', { name: texts.again }).click();
        await sees(texts.closed.heading);
        expect(await dialog.textContent())
          .to.contain('09:00')
          .and.to.contain('085 000 00 01');
        await look('closed');
        standIn.purpose = PURPOSE;
        expect(citizen.complaints).to.deep.equal([]);
      });
    }
  }

  it('stands still for who asks for less motion', async () => {
    citizen = await citizenAt(stage, { reducedMotion: 'reduce' });
    stage.standIn.delay = new Promise(() => {});
    await citizen.button.click();
    await citizen.sees(citizen.texts.preparing.heading);
    const animation = await citizen.dialog.locator('.spinner').evaluate((spot) => getComputedStyle(spot).animationName);
    expect(animation).to.equal('none');
    stage.standIn.delay = null;
  });

  it('keeps the QR code black on white in forced colours', async () => {
    citizen = await citizenAt(stage, { forcedColors: 'active' });
    await citizen.begins();
    const fill = await citizen.dialog.locator('.qr path').evaluate((path) => getComputedStyle(path).fill);
    expect(fill).to.equal('rgb(0, 0, 0)');
    expect(await accessibilityViolations(citizen.page)).to.deep.equal([]);
  });

  it('asks for the pairing code with a field that has a name', async () => {
    stage.standIn.pairing = true;
    citizen = await citizenAt(stage);
    await citizen.begins();
    stage.standIn.yivi.set('PAIRING');
    await citizen.sees(citizen.texts.pairing.heading);
    await citizen.page.keyboard.type('1357');
    await citizen.dialog.getByText(citizen.texts.pairing.rejected).waitFor();
    expect(await accessibilityViolations(citizen.page)).to.deep.equal([]);
    await citizen.dialog.getByLabel(citizen.texts.pairing.label).fill('2468');
    await citizen.sees(citizen.texts.inApp.heading);
    stage.standIn.pairing = false;
  });
});
