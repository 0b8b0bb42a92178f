/** For the tests of the dialplan: an Asterisk of its own with a scripted caller, and callers told apart by what they dial. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Caller, createCaller, type PhoneCall } from '../../test/src/phone/index.ts';
import { type RunningAsterisk, type StartOptions, startAsterisk } from './run.ts';
import { type Application, removeDirectory, type StasisStart, startOptions } from './test-asterisk.ts';

export interface Alone {
  asterisk: RunningAsterisk;
  caller: Caller;
  directory: string;
  stop(): Promise<void>;
}

/** An Asterisk of its own with a caller and without a gateway. */
export async function startAlone(changes: Partial<StartOptions> = {}): Promise<Alone> {
  const options = await startOptions(changes);
  const asterisk = await startAsterisk(options);
  const caller = await createCaller({ server: { address: '127.0.0.1', port: options.ports.sip } });
  return {
    asterisk,
    caller,
    directory: options.directory,
    async stop() {
      await caller.close();
      await asterisk.stop();
      await removeDirectory(options.directory);
    },
  };
}

/** The next arrivals at the gateway, by the number that was dialled. */
export async function arrivals(application: Application, count: number): Promise<Map<string, StasisStart>> {
  const arrived = new Map<string, StasisStart>();
  while (arrived.size < count) {
    const start = await application.nextStart();
    arrived.set(start.args[1] ?? '', start);
  }
  return arrived;
}

/** Resolves when the caller has heard so many packets of sound, 20 ms each, or the call is over. */
export async function untilHeard(call: PhoneCall, packets: number): Promise<void> {
  while (call.ear.packets < packets && call.state !== 'ended') await sleep(20);
}
