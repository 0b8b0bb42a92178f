import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accessibilityViolations } from '@civicline/test/accessibility';
import { launchChromium, WITH_MICROPHONE } from '@civicline/test/browser';
import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { PhoneCall } from '../phone/index.ts';
import { earInPage, microphoneTone } from './page-sound.ts';
import { AGENT_TONE, CITIZEN_TONE, startWorld, type World } from './world.ts';

describe('The agent’s console, in a real browser', function () {
  this.timeout(120_000);
  let world: World;
  let folder: string;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  /** What Asterisk said to the telephone in the page. */
  let heardBySip: string[];

  before(async () => {
    world = await startWorld();
    folder = await mkdtemp(join(tmpdir(), 'civicline-console-e2e-'));
    const voice = join(folder, 'agent.wav');
    await writeFile(voice, microphoneTone(AGENT_TONE));
    const fakeDevice = WITH_MICROPHONE.filter((flag) => flag.includes('device'));
    browser = await launchChromium({ args: [...fakeDevice, `--use-file-for-fake-audio-capture=${voice}`] });
  });
  after(async () => {
    await browser?.close();
    await world?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Signs an agent in as somebody new at this computer would. */
  async function sitDown(person: string, permissions: string[] = ['microphone']): Promise<void> {
    context = await browser.newContext({ locale: 'nl-NL', permissions });
    await earInPage(context);
    page = await context.newPage();
    heardBySip = [];
    page.on('websocket', (socket) => {
      socket.on('framereceived', ({ payload }) => {
        if (String(payload).includes('SIP/2.0')) heardBySip.push(String(payload));
      });
    });
    await page.goto(`${world.system.gatewayUrl}/console/`);
    await page.getByRole('link', { name: 'Aanmelden' }).click();
    await page.getByRole('button', { name: person }).click();
    // What the agent chose in an earlier test is remembered, as it should be.
    await choosesDevice('Telefoon in deze pagina');
    await page.getByRole('radio', { name: 'Beschikbaar' }).check();
  }

  /** Whether the choice of the telephone stands open, depends on where was pressed last. */
  async function choosesDevice(name: string): Promise<void> {
    const choice = page.getByRole('radio', { name });
    if (!(await choice.isVisible())) await page.locator('.device summary').click();
    await choice.check();
  }

  const connected = () => page.locator('.registration--there').first().waitFor();

  async function ringing(n: number): Promise<PhoneCall> {
    const { number, code } = await world.disclosed(n);
    const citizen = await world.dial(number, code);
    await page.getByRole('button', { name: 'Opnemen' }).waitFor();
    return citizen;
  }

  async function talking(n: number): Promise<PhoneCall> {
    const citizen = await ringing(n);
    await page.getByRole('button', { name: 'Opnemen' }).click();
    await page.locator('.status--connected').waitFor();
    return citizen;
  }

  async function wrapUp(): Promise<void> {
    await page.getByRole('button', { name: 'Nawerk afronden' }).click();
    await page.locator('.call').waitFor({ state: 'detached' });
    await world.nothingLeft();
  }

  afterEach(async () => {
    await context?.close();
    await world.nothingLeft();
  });

  it('a call is answered in the page: the two hear each other, and the data go with wrap-up', async () => {
    await sitDown('Demo agent A');
    await connected();
    const citizen = await ringing(0);
    await page.getByRole('button', { name: 'Meer over Demo van Voorbeeld-1' }).click();
    await page.locator('article').getByText('999990007').waitFor();
    const row = await page.locator('article').innerText();
    for (const shown of ['Geverifieerd', 'Verhuizing doorgeven', '+31 6 00000000', 'Demo van Voorbeeld-1'])
      expect(row).to.contain(shown);
    expect(await accessibilityViolations(page)).to.deep.equal([]);

    await page.getByRole('button', { name: 'Opnemen' }).click();
    await page.locator('.status--connected').waitFor();
    await citizen.ear.waitFor(AGENT_TONE, 15_000);
    await hears(page, CITIZEN_TONE);

    await page.getByRole('button', { name: 'Microfoon uit' }).click();
    await page.locator('.status-muted').waitFor();
    await citizen.ear.waitForSilence(10_000);
    await page.getByRole('button', { name: 'Microfoon aan' }).click();
    await citizen.ear.waitFor(AGENT_TONE, 15_000);

    await page.getByRole('button', { name: 'In de wacht' }).click();
    await page.locator('.status--held').waitFor();
    await page.getByRole('button', { name: 'Gesprek hervatten' }).click();
    await citizen.ear.waitFor(AGENT_TONE, 15_000);
    await hears(page, CITIZEN_TONE);

    await page.getByLabel('Notitie').fill('Verhuist in maart.');
    await page.getByText('Bewaard', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Ophangen' }).click();
    await citizen.ended;
    await page.getByText(/Eindigt vanzelf over/).waitFor();
    await wrapUp();
    expect(await page.content()).not.to.contain('999990007');
  });

  it('Asterisk names no host to the page: a machine’s own name may be one that JsSIP cannot read', async () => {
    await sitDown('Demo agent A');
    await connected();
    await talking(9);
    await page.getByRole('button', { name: 'Ophangen' }).click();
    await wrapUp();
    const requests = heardBySip.filter((message) => /^(OPTIONS|INVITE) /.test(message));
    expect(requests.map((message) => message.split(' ')[0])).to.include.members(['OPTIONS', 'INVITE']);
    for (const request of requests) {
      const hosts = [...request.matchAll(/^(?:From|Contact): .*<sip:[^@>]+@([^:;>]+)/gm)].map(([, host]) => host);
      expect(hosts).to.deep.equal(['asterisk.invalid', 'asterisk.invalid']);
    }
  });

  it('a call is answered on the agent’s own SIP phone, from the console', async () => {
    const colleague = await world.agent('agent-b');
    // Its scripted console steps aside; the phone stays.
    await sitDown('Demo agent B');
    await choosesDevice('Eigen SIP-toestel');
    const citizen = await ringing(1);
    const leg = colleague.phone.nextCall();
    await page.getByRole('button', { name: 'Opnemen' }).click();
    const phone = await leg;
    await page.locator('.status--connected').waitFor();
    await citizen.ear.waitFor(AGENT_TONE, 15_000);
    await phone.ear.waitFor(CITIZEN_TONE, 15_000);
    await citizen.hangUp();
    await wrapUp();
    await colleague.stop();
  });

  it('pressed in a second tab, the call still comes to the tab that has the telephone', async () => {
    await sitDown('Demo agent A');
    await connected();
    const second = await context.newPage();
    await second.goto(`${world.system.gatewayUrl}/console/`);
    await second.getByText('De telefoon staat open in een ander tabblad.').waitFor();
    const citizen = await ringing(2);
    await second.getByRole('button', { name: 'Opnemen' }).click();
    await page.locator('.status--connected').waitFor();
    await second.locator('.status--connected').waitFor();
    await citizen.ear.waitFor(AGENT_TONE, 15_000);
    await citizen.hangUp();
    await wrapUp();
    await second.locator('.call').waitFor({ state: 'detached' });
  });

  it('a killed gateway does not end the conversation, and the console is right when it is back', async () => {
    await sitDown('Demo agent A');
    await connected();
    const citizen = await talking(3);
    await citizen.ear.waitFor(AGENT_TONE, 15_000);
    await world.system.gateway.current.kill();
    await page.getByText('De verbinding is weg.').waitFor();
    await hears(page, CITIZEN_TONE);
    expect(await page.locator('.call').innerText()).to.contain('999990');
    await world.system.gateway.start();
    await page.getByText('De verbinding is weg.').waitFor({ state: 'detached' });
    await page.locator('.status--connected').waitFor();
    await citizen.ear.waitFor(AGENT_TONE, 15_000);
    await page.getByRole('button', { name: 'Ophangen' }).click();
    await citizen.ended;
    await wrapUp();
  });

  it('a killed Asterisk is told, and the telephone in the page connects again by itself', async () => {
    await sitDown('Demo agent A');
    await connected();
    await world.system.asterisk.current.kill();
    await page.getByText('De telefooncentrale is niet bereikbaar.').first().waitFor();
    await world.system.asterisk.start();
    await page.getByText('De telefooncentrale is niet bereikbaar.').first().waitFor({ state: 'detached' });
    await connected();
    const citizen = await talking(4);
    await citizen.ear.waitFor(AGENT_TONE, 15_000);
    await citizen.hangUp();
    await wrapUp();
  });

  it('a reload in a call: the caller hears music meanwhile, and the conversation is there again', async () => {
    await sitDown('Demo agent A');
    await connected();
    const citizen = await talking(5);
    await citizen.ear.waitFor(AGENT_TONE, 15_000);
    page.once('dialog', (dialog) => void dialog.accept());
    await page.reload();
    await page.locator('.status--connected').waitFor();
    await citizen.ear.waitFor(AGENT_TONE, 15_000);
    await hears(page, CITIZEN_TONE);
    await page.getByRole('button', { name: 'Ophangen' }).click();
    await citizen.ended;
    await wrapUp();
  });

  it('a tab that crashes in a call: the conversation comes back in the next tab', async () => {
    await sitDown('Demo agent A');
    await connected();
    const citizen = await talking(5);
    await citizen.ear.waitFor(AGENT_TONE, 15_000);
    await Promise.all([page.waitForEvent('crash'), page.goto('chrome://crash').catch(() => undefined)]);
    page = await context.newPage();
    await page.goto(`${world.system.gatewayUrl}/console/`);
    await page.locator('.call').waitFor();
    await citizen.ear.waitFor(AGENT_TONE, 30_000);
    await page.locator('.status--connected').waitFor();
    await hears(page, CITIZEN_TONE);
    await page.getByRole('button', { name: 'Ophangen' }).click();
    await citizen.ended;
    await wrapUp();
  });

  it('a tab that is closed in a call, and no other: the caller waits at the head of the queue, marked so', async () => {
    const colleague = await world.agent('agent-b');
    await sitDown('Demo agent A');
    await connected();
    const citizen = await talking(5);
    await page.close({ runBeforeUnload: false });
    const call = await colleague.call(({ cutOffFrom }) => cutOffFrom?.agentId === 'agent-a');
    expect(call.attributes).not.to.deep.equal([]);
    expect(citizen.state).to.equal('answered');
    await citizen.hangUp();
    await colleague.stop();
  });

  it('while the gateway is away in a call, muting and hanging up go on working', async () => {
    await sitDown('Demo agent A');
    await connected();
    const citizen = await talking(7);
    await citizen.ear.waitFor(AGENT_TONE, 15_000);
    await world.system.gateway.current.kill();
    await page.getByText('De verbinding is weg.').waitFor();
    await page.getByRole('button', { name: 'Microfoon uit' }).click();
    await page.locator('.status-muted').waitFor();
    await citizen.ear.waitForSilence(10_000);
    await page.getByRole('button', { name: 'Microfoon aan' }).click();
    await citizen.ear.waitFor(AGENT_TONE, 15_000);
    await page.getByRole('button', { name: 'Ophangen' }).click();
    await page.getByText('Opgehangen').waitFor();
    await world.system.gateway.start();
    await citizen.ended;
    await wrapUp();
  });

  it('an unplugged headset: the caller goes on hearing the agent, by the microphone that is there', async () => {
    await sitDown('Demo agent A');
    await connected();
    const citizen = await talking(8);
    await citizen.ear.waitFor(AGENT_TONE, 10_000);
    await page.evaluate('unplugMicrophone()');
    await citizen.ear.waitForSilence(10_000);
    await citizen.ear.waitFor(AGENT_TONE, 10_000);
    await page.getByRole('button', { name: 'Ophangen' }).click();
    await citizen.ended;
    await wrapUp();
  });

  it('without a microphone: says why, is not reachable, and is shown nobody’s data', async () => {
    await sitDown('Demo agent A', []);
    await page.getByText('De microfoon is geblokkeerd.').waitFor();
    await page.locator('.presence-other').getByText('Niet bereikbaar').waitFor();
    const { number, code } = await world.disclosed(6);
    const citizen = await world.dial(number, code);
    await page.getByText('1 wachtende').first().waitFor();
    expect(await page.getByRole('button', { name: 'Opnemen' }).count()).to.equal(0);
    expect(await page.content()).not.to.match(/Demo van|99999/);
    await citizen.hangUp();
  });

  it('an auditor reads who saw whose attributes, and none of the attributes', async () => {
    context = await browser.newContext({ locale: 'nl-NL' });
    page = await context.newPage();
    await page.goto(`${world.system.gatewayUrl}/sign-in?return=/console/`);
    await page.getByRole('button', { name: 'Demo auditor' }).click();
    await page.getByRole('table').getByText('Demo agent A').first().waitFor();
    expect(await page.content())
      .to.not.contain('99999')
      .and.to.not.contain('Demo van');
    expect(await accessibilityViolations(page)).to.deep.equal([]);
  });
});

/** Waits until the page plays this tone. */
async function hears(page: Page, hertz: number): Promise<void> {
  await page.waitForFunction((wanted) => {
    const { loudestHertz } = globalThis as unknown as { loudestHertz(): number | null };
    const heard = loudestHertz();
    return heard !== null && Math.abs(heard - wanted) < 30;
  }, hertz);
}
