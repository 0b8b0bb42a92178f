import { expect } from 'chai';
import { PURPOSE } from '../stand-in/gateway.ts';
import {
  type Citizen,
  type CitizenOptions,
  citizenAt,
  PHONE_USER_AGENTS,
  type Stage,
  setStage,
} from '../testing/stage.ts';

describe('the dialog, used', function () {
  this.timeout(60_000);
  let stage: Stage;
  before(async () => {
    stage = await setStage();
  });
  after(() => stage?.close());

  let citizen: Citizen;
  const arrive = async (options?: CitizenOptions): Promise<Citizen> => {
    citizen = await citizenAt(stage, options);
    return citizen;
  };
  beforeEach(() => {
    stage.standIn.requests.length = 0;
  });
  afterEach(async () => {
    expect(citizen.complaints).to.deep.equal([]);
    await citizen.leaves();
    Object.assign(stage.standIn, { purpose: PURPOSE, refuse: null, delay: null, pairing: false });
  });

  const focused = (): Promise<string> =>
    citizen.page.evaluate(() => {
      const { activeElement } = document;
      const inner = activeElement?.shadowRoot?.activeElement ?? activeElement;
      return (inner?.getAttribute('aria-label') ?? inner?.textContent ?? '').trim();
    });
  /** Chooses to call from another phone, and types over what the app shows. */
  const pairs = async (): Promise<void> => {
    const { dialog, texts, sees } = citizen;
    await dialog.getByRole('button', { name: texts.otherPhone.choose }).click();
    await sees(texts.pairedQr.heading);
    await dialog.getByLabel(texts.pairing.label).fill('2468');
    await sees(texts.inApp.heading);
  };
  const cancelled = async (): Promise<void> => {
    while (!stage.standIn.requests.at(-1)?.cancelled) await citizen.page.waitForTimeout(10);
  };

  it('works by keyboard alone and gives the focus back', async () => {
    const { page, texts, dialog, sees } = await arrive();
    await page.keyboard.press('Tab');
    expect(await focused()).to.equal(texts.callButton);
    await page.keyboard.press('Enter');
    await sees(texts.qr.heading);
    expect(await focused()).to.equal('Verhuizing doorgeven');

    const reached = new Set<string>();
    for (let step = 0; step < 12; step += 1) {
      await page.keyboard.press('Tab');
      reached.add(await focused());
    }
    expect([...reached]).to.include.members([texts.close, texts.help.summary, '085 000 00 01']);
    expect([...reached]).to.not.include.members([texts.callButton, 'Own button']);

    await dialog.getByRole('button', { name: texts.otherPhone.choose }).focus();
    await page.keyboard.press('Enter');
    await sees(texts.pairedQr.heading);
    await page.keyboard.type('2468');
    await sees(texts.inApp.heading);
    stage.standIn.tell('disclosed');
    await sees(texts.otherPhone.heading);
    await dialog.getByText('1234 5678').waitFor();
    expect(await focused()).to.equal(texts.otherPhone.heading);

    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await focused()).to.equal(texts.callButton);
  });

  it('moves the focus on when the control that had it vanishes', async () => {
    const { texts, dialog, begins, sees } = await arrive();
    await begins();
    await dialog.getByText(texts.help.summary).focus();
    stage.standIn.tell('disclosed');
    await sees(texts.disclosed.heading);
    expect(await focused()).to.equal(texts.disclosed.heading);
  });

  it('announces each state', async () => {
    const { texts, dialog, begins } = await arrive();
    await begins();
    const announced = dialog.getByRole('status').last();
    expect(await announced.textContent()).to.contain(texts.qr.heading);
    stage.standIn.tell('disclosed');
    await citizen.sees(texts.disclosed.heading);
    expect(await announced.textContent()).to.contain(texts.disclosed.heading);
  });

  it('opens once, however often it is clicked', async () => {
    const { button, sees, texts, dialog } = await arrive();
    await button.dblclick();
    await button.dispatchEvent('click');
    await sees(texts.qr.heading);
    expect(await dialog.count()).to.equal(1);
    expect(stage.standIn.requests.length).to.equal(1);
  });

  for (const way of ['Escape', 'the cross'] as const) {
    it(`cancels by ${way} what has not been disclosed`, async () => {
      const { page, dialog, texts, begins } = await arrive();
      await begins();
      if (way === 'Escape') await page.keyboard.press('Escape');
      else await dialog.getByRole('button', { name: texts.close }).click();
      await dialog.waitFor({ state: 'detached' });
      await cancelled();
    });
  }

  it('stops from within the app’s turn', async () => {
    const { dialog, texts, begins, sees } = await arrive();
    await begins();
    stage.standIn.yivi.set('CONNECTED');
    await sees(texts.inApp.heading);
    await dialog.getByRole('button', { name: texts.stop }).click();
    await cancelled();
  });

  it('leaves a call alone when the dialog is closed, and shows it again', async () => {
    const { page, dialog, texts, begins, sees, button } = await arrive();
    await begins();
    stage.standIn.tell('disclosed');
    await sees(texts.disclosed.heading);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    stage.standIn.tell('calling');
    stage.standIn.tell('queued');
    await button.click();
    await sees(texts.queued.heading);
    expect(stage.standIn.requests.map((request) => request.cancelled)).to.deep.equal([false]);
  });

  it('starts afresh after a call that ended while the dialog was closed', async () => {
    const { page, dialog, texts, begins, sees } = await arrive();
    await begins();
    stage.standIn.tell('disclosed');
    await sees(texts.disclosed.heading);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    stage.standIn.tell('ended');
    while (stage.standIn.listeners() > 0) await page.waitForTimeout(10);
    await begins();
    expect(stage.standIn.requests.length).to.equal(2);
  });

  it('cancels when the page takes the element away', async () => {
    const { page, dialog, begins } = await arrive();
    await begins();
    await page.evaluate(() => document.querySelector('civicline-call')?.remove());
    await dialog.waitFor({ state: 'detached' });
    await cancelled();
  });

  for (const phone of ['iOS', 'Android'] as const) {
    it(`offers the app itself on ${phone}`, async () => {
      const { dialog, texts, begins, sees } = await arrive({ userAgent: PHONE_USER_AGENTS[phone] });
      await begins();
      const link = await dialog.getByRole('link', { name: texts.link.open }).getAttribute('href');
      expect(link).to.match(phone === 'iOS' ? /^https:\/\/open\.yivi\.app\/-\/session#/ : /^intent:\/\/qr\/json\//);
      expect(decodeURIComponent(link ?? '')).to.contain(stage.standIn.yivi.latest().sessionPtr.u);
      await dialog.getByRole('button', { name: texts.link.otherDevice }).click();
      await sees(texts.qr.heading);
      await dialog.getByRole('button', { name: texts.link.thisDevice }).click();
      await sees(texts.link.heading);
      stage.standIn.tell('disclosed');
      await dialog.getByText(texts.disclosed.leadHere, { exact: true }).waitFor();
    });

    it(`shows the code for another phone on ${phone}, once its digits are typed over`, async () => {
      const { dialog, texts, begins, sees } = await arrive({ userAgent: PHONE_USER_AGENTS[phone] });
      await begins();
      await dialog.getByRole('button', { name: texts.otherPhone.choose }).click();
      await sees(texts.pairedApp.heading);
      const link = await dialog.getByRole('link', { name: texts.link.open }).getAttribute('href');
      expect(link).to.match(phone === 'iOS' ? /^https:\/\/open\.yivi\.app\/-\/session#/ : /^intent:\/\/qr\/json\//);
      expect(decodeURIComponent(link ?? '')).to.contain(stage.standIn.yivi.latest().sessionPtr.u);
      await dialog.getByLabel(texts.pairing.label).fill('2468');
      await sees(texts.inApp.heading);
      stage.standIn.tell('disclosed');
      const dial = await dialog.getByRole('link', { name: texts.otherPhone.dialNow }).getAttribute('href');
      expect(dial).to.equal('tel:+31850000001,,12345678');
    });
  }

  it('tells the desktop to keep the phone at hand', async () => {
    const { dialog, texts, begins } = await arrive();
    await begins();
    stage.standIn.tell('disclosed');
    await dialog.getByText(texts.disclosed.lead, { exact: true }).waitFor();
  });

  it('copies number and code', async () => {
    const { page, dialog, texts, begins } = await arrive({ permissions: ['clipboard-read', 'clipboard-write'] });
    await begins();
    await pairs();
    stage.standIn.tell('disclosed');
    await dialog.getByRole('button', { name: texts.otherPhone.copyCode }).click();
    await dialog.getByText(texts.copied).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).to.equal('12345678');
    await dialog.getByRole('button', { name: texts.otherPhone.copyNumber }).click();
    await page.waitForFunction(async () => (await navigator.clipboard.readText()) === '+31850000001');
  });

  it('says so in words when the code cannot be had', async () => {
    const { dialog, texts, begins } = await arrive();
    await begins();
    await pairs();
    stage.standIn.refuse = { matching: /dial-code/, status: 409, code: 'DIAL_CODE_NOT_AVAILABLE' };
    stage.standIn.tell('disclosed');
    await dialog.getByText(texts.problems.gone).waitFor();
    stage.standIn.refuse = null;
    await dialog.getByRole('button', { name: texts.again }).click();
    await dialog.getByText('1234 5678').waitFor();
  });

  it('offers no other phone where the purpose allows none, and shows no code after the disclosure', async () => {
    const { purpose } = stage.standIn;
    stage.standIn.purpose = { ...purpose, otherPhone: false };
    const { dialog, texts, begins, sees } = await arrive();
    await begins();
    expect(await dialog.getByRole('button', { name: texts.otherPhone.choose }).count()).to.equal(0);
    stage.standIn.tell('disclosed');
    await sees(texts.disclosed.heading);
    expect(await dialog.getByRole('button', { name: texts.otherPhone.choose }).count()).to.equal(0);
    stage.standIn.purpose = purpose;
  });

  it('leads back to the phone with the app, and takes wrong digits again', async () => {
    const { dialog, texts, begins, sees } = await arrive();
    await begins();
    await dialog.getByRole('button', { name: texts.otherPhone.choose }).click();
    await sees(texts.pairedQr.heading);
    expect(stage.standIn.requests.map(({ cancelled }) => cancelled).slice(-2)).to.deep.equal([true, false]);
    await dialog.getByLabel(texts.pairing.label).fill('1357');
    await dialog.getByText(texts.pairing.rejected).waitFor();
    await dialog.getByRole('button', { name: texts.otherPhone.back }).click();
    await sees(texts.qr.heading);
    expect(stage.standIn.requests.at(-1)?.input.otherPhone).to.equal(false);
  });

  it('says what is wrong with a wrong purpose', async () => {
    const { button, dialog, texts } = await arrive({ attributes: { purpose: 'onbekend' } });
    await button.click();
    await dialog.getByText(texts.problems.unknown, { exact: true }).waitFor();
    await dialog.getByText('PURPOSE_UNKNOWN').waitFor();
  });

  it('waits for the network at the start, and goes on by itself', async () => {
    const { page, button, dialog, texts, sees } = await arrive();
    await page.context().setOffline(true);
    await button.click();
    await dialog.getByText(texts.problems.offline, { exact: true }).waitFor();
    await page.context().setOffline(false);
    await sees(texts.qr.heading);
  });

  it('does not blame the citizen’s network for a gateway that is away, and shows the page’s own number', async () => {
    const { page, button, dialog, texts } = await arrive();
    const gateway = `${stage.standIn.server.origin}/**`;
    await page.route(gateway, (route) => route.abort());
    await button.click();
    await dialog.getByText(texts.problems.unavailable, { exact: true }).waitFor();
    await dialog.getByText('GATEWAY_UNREACHABLE').waitFor();
    await page.getByText('085 000 00 01').waitFor();
    await page.unroute(gateway);
    await dialog.getByRole('button', { name: texts.again }).click();
    await dialog.getByRole('heading', { name: texts.qr.heading }).waitFor();
  });

  it('takes a proxy’s refusal before the Yivi server for an outage, and goes on after it', async () => {
    const { page, dialog, texts, begins, sees } = await arrive();
    await begins();
    const yivi = `${stage.standIn.yivi.server.origin}/**`;
    await page.route(yivi, (route) =>
      route.fulfill({ status: 404, body: '<h1>Not found</h1>', headers: { 'access-control-allow-origin': '*' } }),
    );
    await dialog.locator('.lost').waitFor();
    await page.waitForTimeout(2500);
    expect(await dialog.getByRole('heading', { name: texts.expired.heading }).count()).to.equal(0);
    await page.unroute(yivi);
    await dialog.locator('.lost').waitFor({ state: 'hidden' });
    stage.standIn.yivi.set('CONNECTED');
    await sees(texts.inApp.heading);
  });

  it('says when the network is lost, and catches up when it is back', async () => {
    const { page, dialog, texts, begins, sees } = await arrive();
    await begins();
    stage.standIn.tell('disclosed');
    await sees(texts.disclosed.heading);
    await page.context().setOffline(true);
    await dialog.locator('.lost').waitFor();
    stage.standIn.tell('calling');
    stage.standIn.tell('connected');
    await page.context().setOffline(false);
    await sees(texts.connected.heading);
    await dialog.locator('.lost').waitFor({ state: 'hidden' });
  });

  it('looks at once when the page comes back to the front', async () => {
    const { page, begins } = await arrive();
    await begins();
    await page.waitForFunction(() => document.visibilityState === 'visible');
    const requested = page.waitForRequest(/\/events$/);
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await requested;
  });

  it('drops an answer that comes after the dialog was closed', async () => {
    let release: () => void = () => {};
    stage.standIn.delay = new Promise((resolve) => {
      release = resolve;
    });
    const { page, button, dialog } = await arrive();
    await button.click();
    while (stage.standIn.requests.length === 0) await page.waitForTimeout(10);
    await page.keyboard.press('Escape');
    release();
    await cancelled();
    expect(await dialog.count()).to.equal(0);
  });
});
