import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { connectAri } from '../../../platform/ari/index.ts';
import { startStandIn } from '../../../platform/ari/testing/stand-in/index.ts';
import { createLog } from '../../../platform/http/index.ts';
import { createSealer, type Database } from '../../../platform/storage/index.ts';
import { eachEngine } from '../../../platform/storage/testing/index.ts';
import { until } from '../testing/office.ts';
import { testOrganisations } from '../testing/organisations.ts';
import {
  agentMigrations,
  createAgentStore,
  createAgents,
  createRegistrations,
  createSecrets,
  provisionAgents,
  provisionNumbers,
  withdrawFormerAgents,
} from './index.ts';

const log = createLog('silent');

describe('agents', () =>
  eachEngine((open) => {
    let database: Database;
    const sealer = createSealer([randomBytes(32)]);

    beforeEach(async () => {
      database = await open();
      await database.migrate('agents', agentMigrations);
    });

    const store = () => createAgentStore(database, sealer);
    const load = () => createAgents({ store: store(), makeRegistrations: createRegistrations, needPhones: false, log });

    it('are offline without a console, and then what they last said, also after a restart', async () => {
      const { agents } = await load();
      expect(agents.state('agent-a').presence).to.equal('offline');
      agents.consoleOpened('agent-a');
      expect(agents.state('agent-a').presence, 'at first they look round').to.equal('break');
      expect(agents.isReady('agent-a')).to.equal(false);
      await agents.setPresence('agent-a', 'ready', '');
      expect(agents.isReady('agent-a')).to.equal(true);
      await agents.setPresence('agent-a', 'break', 'lunch');
      await agents.setDevice('agent-a', 'sip-phone');
      const { agents: later } = await load();
      expect(later.state('agent-a').presence).to.equal('offline');
      later.consoleOpened('agent-a');
      expect(later.state('agent-a')).to.deep.include({
        presence: 'break',
        presenceReason: 'lunch',
        device: 'sip-phone',
      });
    });

    it('stay while a console reloads, and while another tab is open', async () => {
      const { agents } = await load();
      await agents.setPresence('agent-a', 'ready', '');
      agents.consoleOpened('agent-a');
      agents.consoleOpened('agent-a');
      agents.consoleClosed('agent-a');
      expect(agents.isReady('agent-a')).to.equal(true);
      agents.consoleClosed('agent-a');
      agents.consoleOpened('agent-a');
      expect(agents.isReady('agent-a')).to.equal(true);
      agents.consoleClosed('agent-a');
      agents.close();
    });

    it('are rung where they are registered: the browser first, unless they chose', async () => {
      const asterisk = await startStandIn();
      const ari = connectAri({ ...asterisk, id: 'one', application: 'civicline', log });
      await until(() => ari.state === 'connected');
      const { agents, registrations } = await load();
      ari.on('event', (event) => {
        if ('endpoint' in event) registrations.changed(ari, (event.endpoint as { resource: string }).resource);
      });
      asterisk.phone('phone-agent-a').register();
      await registrations.refresh(ari);
      expect(agents.deviceFor('agent-a', 'one')).to.equal('sip-phone');
      expect(agents.deviceFor('agent-a', 'two')).to.equal(null);
      asterisk.phone('browser-agent-a').register();
      await until(() => agents.state('agent-a').registered.browser);
      expect(agents.deviceFor('agent-a', 'one')).to.equal('browser');
      await agents.setDevice('agent-a', 'sip-phone');
      expect(agents.deviceFor('agent-a', 'one')).to.equal('sip-phone');
      asterisk.phone('phone-agent-a').unregister();
      await until(() => !agents.state('agent-a').registered['sip-phone']);
      expect(agents.deviceFor('agent-a', 'one'), 'the choice is kept').to.equal(null);
      asterisk.phone('browser-agent-a').unregister();
      await registrations.refresh(ari);
      expect(agents.state('agent-a').registered).to.deep.equal({ browser: false, 'sip-phone': false });
      await ari.close();
      await asterisk.stop();
    });

    it('are not reachable for as long as no phone of theirs is registered, whatever they chose', async () => {
      const asterisk = await startStandIn();
      const ari = connectAri({ ...asterisk, id: 'one', application: 'civicline', log });
      await until(() => ari.state === 'connected');
      const { agents, registrations } = await createAgents({
        store: store(),
        makeRegistrations: createRegistrations,
        needPhones: true,
        log,
      });
      agents.consoleOpened('agent-a');
      await agents.setPresence('agent-a', 'ready', '');
      const shown = () => agents.state('agent-a');
      expect(shown()).to.include({ presence: 'not-reachable', presenceReason: 'no-phone' });
      expect(agents.isReachable('agent-a')).to.equal(false);
      expect(agents.canTake('agent-a', 'one')).to.equal(false);
      expect(agents.canTake('agent-a', null), 'a call whose voice is elsewhere').to.equal(true);
      asterisk.phone('browser-agent-a').register();
      await registrations.refresh(ari);
      expect(shown().presence).to.equal('ready');
      expect(agents.canTake('agent-a', 'one')).to.equal(true);
      expect(agents.canTake('agent-a', 'two'), 'nor what waits where it is not registered').to.equal(false);
      await agents.setDevice('agent-a', 'sip-phone');
      expect(shown(), 'another device was chosen').to.include({
        presence: 'not-reachable',
        presenceReason: 'no-phone',
      });
      await agents.setPresence('agent-a', 'break', 'lunch');
      expect(shown()).to.include({ presence: 'break', presenceReason: 'lunch' });
      agents.close();
      await ari.close();
      await asterisk.stop();
    });

    it('have passwords that nobody reads in the database; the phone’s for good, the browser’s for a day', async () => {
      let now = 1_700_000_000_000;
      const make = () => createSecrets(store(), ['agent-a'], () => now);
      const secrets = await make();
      const phone = secrets.password('agent-a', 'phone');
      const browser = await secrets.forBrowser('agent-a');
      expect(browser.isNew).to.equal(false);
      const rows = await database
        .withTables<{ agent_secrets: { sealed: string } }>()
        .sql.selectFrom('agent_secrets')
        .selectAll()
        .execute();
      expect(JSON.stringify(rows)).not.to.include(phone);
      now += 24 * 3_600_000;
      const later = await make();
      expect(later.password('agent-a', 'phone')).to.equal(phone);
      const renewed = await later.forBrowser('agent-a');
      expect(renewed.isNew).to.equal(true);
      expect(renewed.password).not.to.equal(browser.password);
      expect(() => later.password('nobody', 'phone')).to.throw();
    });

    it('get another browser password once they have signed out, and not before Asterisk knows it', async () => {
      const make = () => createSecrets(store(), ['agent-a'], Date.now);
      const secrets = await make();
      expect(secrets.handedOut()).to.deep.equal([]);
      const { password } = await secrets.forBrowser('agent-a');
      expect((await make()).handedOut(), 'also after a restart').to.deep.equal(['agent-a']);
      const away = secrets.renewBrowser('agent-a', () => Promise.reject(new Error('away')));
      expect(await away.catch(({ message }) => message)).to.equal('away');
      expect(secrets.handedOut(), 'to be done again').to.deep.equal(['agent-a']);
      const told: string[] = [];
      await secrets.renewBrowser('agent-a', async (secret) => void told.push(secret.password));
      expect(secrets.handedOut()).to.deep.equal([]);
      expect(told).to.have.length(1).and.not.include(password);
      const again = await make();
      expect(again.handedOut()).to.deep.equal([]);
      expect(await again.forBrowser('agent-a')).to.deep.equal({ password: told[0], isNew: false });
      expect(again.handedOut()).to.deep.equal(['agent-a']);
    });

    it('are unknown to Asterisk once they are agents no more', async () => {
      const asterisk = await startStandIn();
      const ari = connectAri({ ...asterisk, id: 'one', application: 'civicline', log });
      await until(() => ari.state === 'connected');
      await provisionAgents(ari, (await createSecrets(store(), ['agent-a', 'agent-b'], Date.now)).all());
      asterisk.phone('trunk-1').register();
      await withdrawFormerAgents(ari, (agentId) => agentId === 'agent-a');
      const left = [...asterisk.exchange.objects.keys()].map((key) => key.split('/').slice(1).join('/'));
      expect(left).to.include('auth/phone-agent-a').and.to.include('endpoint/browser-agent-a');
      expect(left.filter((key) => key.includes('agent-b'))).to.deep.equal([]);
      expect([...asterisk.exchange.endpoints.keys()]).to.include('PJSIP/trunk-1');
      await ari.close();
      await asterisk.stop();
    });

    it('are made known to Asterisk once; a gateway that comes back sends nothing again', async () => {
      const asterisk = await startStandIn();
      const ari = connectAri({ ...asterisk, id: 'one', application: 'civicline', log });
      await until(() => ari.state === 'connected');
      const secrets = (await createSecrets(store(), ['agent-a', 'agent-b'], Date.now)).all();
      await provisionAgents(ari, secrets);
      expect([...asterisk.exchange.objects.keys()]).to.include.members([
        'res_pjsip/auth/phone-agent-a',
        'res_pjsip/endpoint/browser-agent-b',
      ]);
      const asked = asterisk.requests.length;
      await provisionAgents(ari, secrets);
      expect(asterisk.requests.slice(asked).map(({ operation }) => operation)).to.deep.equal(['asterisk.getGlobalVar']);
      await ari.close();
      await asterisk.stop();
    });

    it('leave no number of the organisations unknown to Asterisk, and no former one known', async () => {
      const asterisk = await startStandIn();
      const ari = connectAri({ ...asterisk, id: 'one', application: 'civicline', log });
      await until(() => ari.state === 'connected');
      const { globals } = asterisk.exchange;
      const languageOf = (digits: string) => globals.get(`CIVICLINE_${globals.get('CIVICLINE_NUMBERS')}_${digits}`);
      const organisations = testOrganisations();
      await provisionNumbers(ari, organisations);
      expect(languageOf('31850000001')).to.equal('nl');
      expect(languageOf('31850000002')).to.equal(undefined);
      const asked = asterisk.requests.length;
      await provisionNumbers(ari, organisations);
      expect(asterisk.requests.slice(asked).map(({ operation }) => operation)).to.deep.equal(['asterisk.getGlobalVar']);
      const moved = organisations.all.map((one) => ({
        ...one,
        numbers: [{ number: '+31850000002', queue: 'algemeen', language: 'fr' as const }],
      }));
      await provisionNumbers(ari, { ...organisations, all: moved });
      expect(languageOf('31850000001')).to.equal(undefined);
      expect(languageOf('31850000002')).to.equal('fr');
      await ari.close();
      await asterisk.stop();
    });
  }));
