/**
 * What the commands of the state machine mean in Asterisk. Each can be given twice: channel and bridge ids derive from
 * the call's id, and what is gone already counts as done.
 */
import { type Ari, stopPlayback } from '../../../platform/ari/index.ts';
import { hasStatus, isGone, isUncertain } from './asterisks.ts';
import {
  type AgentLeg,
  bridgeIdOf,
  type Call,
  type CallCommand,
  type CallEvent,
  type LegCause,
  type Prompt,
} from './call.ts';

export type AsteriskCommand = Exclude<
  CallCommand,
  { type: 'redeem' | 'report' | 'keep-attributes' | 'erase-attributes' | 'agent-not-reachable' }
>;

export const MUSIC_CLASS = 'civicline';

/** Event without its moment, which {@link CommandContext.answer} adds. */
type Answer<E = CallEvent> = E extends CallEvent ? Omit<E, 'at'> : never;

export interface CommandContext {
  ari: Ari;
  call: Call;
  callerChannelId: string;
  callingNumber: string | null;
  /** Sends what came of a command back into the machine. */
  answer(event: Answer): void;
}

export async function carryOutInAsterisk(context: CommandContext, command: AsteriskCommand): Promise<void> {
  const { ari, call, callerChannelId: channelId } = context;
  switch (command.type) {
    case 'set-language':
      return ifThere(ari.channels.setChannelVar({ channelId, variable: 'CHANNEL(language)', value: call.language }));
    case 'ask-code-again':
      return askCodeAgain(context);
    case 'wait':
      return wait(context, command.prompts);
    case 'fall-back':
      return fallBack(context, command.line);
    case 'originate':
      return originate(context, command);
    case 'bridge':
      return bridge(context, command.channelId);
    case 'leave-bridge':
      // It takes the destroyed bridge to be left, whatever hinders it here.
      return leaveBridge(context).catch(() => undefined);
    case 'destroy-bridge':
      return ifThere(ari.bridges.destroy({ bridgeId: bridgeIdOf(call) }));
    case 'hang-up-leg':
      return ifThere(ari.channels.hangup({ channelId: command.channelId, reason: 'normal' }));
    case 'hang-up-caller':
      return ifThere(ari.channels.hangup({ channelId, reason: 'normal' }));
    case 'hold':
      await leaveBridge(context);
      return ifThere(ari.channels.startMoh({ channelId, mohClass: MUSIC_CLASS }));
    case 'resume':
      await ifThere(ari.channels.stopMoh({ channelId }));
      return ifThere(ari.bridges.addChannel({ bridgeId: bridgeIdOf(call), channel: [channelId] }));
    case 'mute':
      return ifThere(ari.channels.mute({ channelId: command.channelId, direction: 'in' }));
    case 'unmute':
      return ifThere(ari.channels.unmute({ channelId: command.channelId, direction: 'in' }));
  }
}

/** Prompts of one call follow each other under one id, so that a bridge need not wait for the end of one. */
function promptId(call: Call): string {
  return `prompt-${call.id}`;
}

async function wait(
  { ari, call, callerChannelId: channelId, answer }: CommandContext,
  prompts: Prompt[],
): Promise<void> {
  try {
    if (prompts.length > 0) {
      const media = prompts.map((prompt) => `sound:civicline/${prompt}`);
      await ari.channels.playWithId({ channelId, playbackId: promptId(call), media });
    }
    // Asterisk carries out a channel's orders in their order: the music begins after the last prompt.
    await ari.channels.startMoh({ channelId, mohClass: MUSIC_CLASS });
  } catch (error) {
    if (isGone(error)) answer({ type: 'caller-gone' });
    else if (!isUncertain(error)) throw error;
  }
}

async function quiet({ ari, call, callerChannelId: channelId }: CommandContext): Promise<void> {
  await ifThere(stopPlayback(ari, promptId(call)));
  await ifThere(ari.channels.stopMoh({ channelId }));
}

/** In the dialplan a channel's events do not reach us, unless we ask for them: the caller may hang up there. */
async function askCodeAgain(context: CommandContext): Promise<void> {
  const { ari, callerChannelId: channelId } = context;
  try {
    await ari.applications.subscribe({ applicationName: ari.application, eventSource: [`channel:${channelId}`] });
    await ari.channels.continueInDialplan({ channelId, context: 'civicline-retry', extension: 's', priority: 1 });
  } catch (error) {
    if (isGone(error)) context.answer({ type: 'caller-gone' });
    else if (!isUncertain(error)) context.answer({ type: 'code-entered', code: '' });
  }
}

async function fallBack(context: CommandContext, extension: string): Promise<void> {
  const { ari, callerChannelId: channelId } = context;
  await quiet(context);
  try {
    await ari.channels.continueInDialplan({ channelId, context: 'civicline-fallback', extension, priority: 1 });
  } catch (error) {
    // Not in our hands, so not in the dialplan's fallback either: nobody is left on a dead line.
    if (!isGone(error)) await ifThere(ari.channels.hangup({ channelId, reason: 'normal' }));
  }
}

/**
 * Rings the agent. The only originate in the gateway: its endpoint is made of an agent's id from the organisations
 * file, which has letters, digits and dashes only.
 */
async function originate(
  { ari, call, callerChannelId, callingNumber, answer }: CommandContext,
  command: AsteriskCommand & { type: 'originate' },
): Promise<void> {
  const { channelId } = command;
  if (!/^[a-z0-9-]{1,32}$/.test(command.agentId)) throw new Error('not the id of an agent');
  try {
    await ari.channels.originateWithId({
      channelId,
      endpoint: `PJSIP/${endpointOf(command.agentId, command.device)}`,
      app: ari.application,
      appArgs: `agent,${call.id}`,
      callerId: callingNumber ?? 'anonymous',
      timeout: Math.ceil(command.ringMs / 1_000),
      originator: callerChannelId,
    });
    answer({ type: 'leg-ringing', channelId });
  } catch (error) {
    // Uncertain: the leg may ring; the ring time, recovery or sweep decide.
    if (isUncertain(error)) return;
    // 400: the originator is not there, as the caller has just hung up. That is not the agent's fault.
    answer({ type: 'leg-down', channelId, cause: hasStatus(error, 400) ? 'hung-up' : 'not-registered' });
  }
}

export function endpointOf(agentId: string, device: AgentLeg['device']): string {
  return `${device === 'browser' ? 'browser' : 'phone'}-${agentId}`;
}

async function bridge(context: CommandContext, legId: string): Promise<void> {
  const { ari, call, callerChannelId, answer } = context;
  const bridgeId = bridgeIdOf(call);
  try {
    await Promise.all([quiet(context), makeBridge(ari, bridgeId)]);
    await ari.bridges.addChannel({ bridgeId, channel: [callerChannelId, legId] });
    answer({ type: 'bridged' });
  } catch (error) {
    if (!isUncertain(error)) answer({ type: 'bridge-failed' });
  }
}

/** One that is there already (409) is this attempt's own. */
async function makeBridge(ari: Ari, bridgeId: string): Promise<void> {
  try {
    await ari.bridges.createWithId({ bridgeId, type: 'mixing,proxy_media' });
  } catch (error) {
    if (!hasStatus(error, 409)) throw error;
  }
}

/** Takes the caller out; Asterisk answers when that is done. Who is not in it (422) has left it. */
async function leaveBridge({ ari, call, callerChannelId }: CommandContext): Promise<void> {
  try {
    await ifThere(ari.bridges.removeChannel({ bridgeId: bridgeIdOf(call), channel: [callerChannelId] }));
  } catch (error) {
    if (!hasStatus(error, 422)) throw error;
  }
}

/** Gone already, or in Asterisk's hands again later: both are settled elsewhere. */
async function ifThere(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!isGone(error) && !isUncertain(error)) throw error;
  }
}

/** Hung up by somebody: unknown, normal call clearing, normal unspecified. */
const DELIBERATE: ReadonlySet<number> = new Set([0, 16, 31]);

/**
 * Why a leg went down, from its hang-up cause (ITU-T Q.850). One that was up and ends for another cause than a hang-up
 * is lost: no sound any more (44), a phone that does not answer requests, a page that is left and says so.
 */
export function legCause(cause: number, wasUp: boolean): LegCause {
  if (wasUp) return DELIBERATE.has(cause) ? 'hung-up' : 'lost';
  switch (cause) {
    case 17:
      return 'busy';
    case 21:
      return 'declined';
    case 3:
    case 20:
    case 27:
      return 'not-registered';
    default:
      return 'no-answer';
  }
}
