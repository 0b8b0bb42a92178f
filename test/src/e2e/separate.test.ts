import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { root } from '@civicline/launcher';
import { type MessageView, messageViewSchema } from '@civicline/protocol';
import { expect } from 'chai';
import { startWorld, type World } from './world.ts';

describe('Each role as a process of its own', () => {
  let world: World;

  before(async () => {
    world = await startWorld({}, { separate: true });
  });
  after(() => world.stop());

  /** As an operator's terminal would, with the demo's key. */
  async function command(file: string, args: string[], environment: Record<string, string>): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, [join(root, file), ...args], {
      cwd: root,
      env: { ...process.env, ...environment },
    });
    return stdout;
  }

  async function send(): Promise<string> {
    const { messagesUrl: url, senderKey: key } = world.system;
    const args = ['--to', '+32470000001', '--text', 'Uw afspraak is morgen om 10:00', '--json', '--no-wait'];
    const out = await command('sender/bin/civicline-send.mjs', args, { CIVICLINE_URL: url, CIVICLINE_KEY: key });
    return /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(out)?.[0] ?? '';
  }

  async function read(id: string): Promise<MessageView> {
    const headers = { authorization: `Bearer ${world.system.senderKey}` };
    return messageViewSchema.parse(
      await (await fetch(`${world.system.messagesUrl}/v1/messages/${id}`, { headers })).json(),
    );
  }

  /** Resolves when the message has come to this state; the test's own time limit ends the wait. */
  async function comesTo(id: string, state: MessageView['state']): Promise<void> {
    while ((await read(id)).state !== state) await sleep(100);
  }

  it('answers a verified call', async () => {
    const agent = await world.agent('agent-a');
    const { number, code } = await world.disclosed(0);
    const citizen = await world.dial(number, code);
    const ringing = await agent.call((call) => call.state === 'queued');
    expect(ringing.verification.kind).to.equal('verified');
    const leg = agent.phone.nextCall();
    await agent.answer(ringing.id);
    await leg;
    await agent.call((call) => call.id === ringing.id && call.state === 'connected');
    await citizen.hangUp();
    await agent.call((call) => call.id === ringing.id && call.state === 'wrapping-up');
    await agent.client.ask('finish-wrap-up', { callId: ringing.id, note: '' });
    await world.nothingLeft();
  });

  it('delivers a message, also when the channel was away, and SMIS after it', async () => {
    await comesTo(await send(), 'delivered');
    const [smis, sms] = world.system.otherRoles;
    await sms?.current.kill();
    const delayed = await send();
    await smis?.current.kill();
    await smis?.start();
    expect((await read(delayed)).state).to.be.oneOf(['accepted', 'attempting']);
    await sms?.start();
    await comesTo(delayed, 'delivered');
  });

  it('shows operators all of it, and each role its own database', async () => {
    const { directory, administration } = world.system;
    for (const role of ['calls', 'smis', 'sms']) {
      const databases = (await readdir(join(directory, role))).filter((file) => file.endsWith('.db'));
      expect(databases).to.deep.equal([`${role}.db`]);
    }
    const civicline = (...args: string[]) => command('gateway/bin/civicline.mjs', [...args, '--json'], administration);
    expect(JSON.parse(await civicline('routes'))).to.have.length(1);
    expect(JSON.parse(await civicline('senders', 'list'))).to.have.length(1);
    expect(JSON.parse(await civicline('ledger'))).to.have.length(1);
  });
});
