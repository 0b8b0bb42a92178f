/**
 * Decides when the softphone registers and which INVITE it takes. No DOM here; `connect-telephone.ts` puts in the real parts.
 *
 *   off ──device is "browser"──► other-tab ──turn──► microphone ──granted──► registering ◄──► registered
 *    ▲                                               (asked, refused, missing: ask again)      │  ▲
 *    └──────── device is "sip-phone", signed out                                     failed ◄──┘  │ fresh credentials
 *                                                                                       └─────────┘
 *
 * An INVITE is taken by itself only while the gateway says that this agent's call is being connected. Any other rings
 * on unheard until whoever sent it gives up. Another device, or a microphone that is gone, counts from the end of the
 * conversation on.
 *
 * A page that finds its agent's conversation without a voice in it, since it was reloaded or another tab crashed, asks for
 * it. What the agent does while the gateway is away, muting and hanging up, is done here, and told when it is back.
 */
import type { CallView, Device, Reply, SoftphoneCredentials } from '@civicline/protocol';
import type { Microphone, MicrophoneAccess } from './microphone.ts';
import { type Softphone, type SoftphoneState, STOPPED } from './softphone.ts';
import type { TabLock } from './tab-lock.ts';

const RETRY_MS = 3_000;
/** A connection that does not come about in this time has failed, though the softphone goes on trying. */
const CONNECTING_MS = 10_000;
const ASK_AGAIN_MS = 1_000;

export interface TelephoneState {
  /** Whether this tab has the telephone; false also while another device is chosen. */
  mine: boolean;
  microphone: MicrophoneAccess;
  softphone: SoftphoneState;
  /** Muted or not by this page, and the gateway does not know yet; null when it does. */
  mutedHere: boolean | null;
  /** The call that was hung up here, and the gateway does not know yet. */
  hungUpHere: string | null;
}

export const NO_TELEPHONE: TelephoneState = {
  mine: false,
  microphone: 'unknown',
  softphone: STOPPED,
  mutedHere: null,
  hungUpHere: null,
};

/** What the console knows that matters to the telephone. */
export interface Wish {
  /** null while signed out or not yet known. */
  device: Device | null;
  online: boolean;
  call: Pick<CallView, 'id' | 'state' | 'muted' | 'device'> | null;
}

export interface TelephoneParts {
  softphone: Softphone;
  microphone: Microphone;
  tabLock: TabLock;
  credentials(): Promise<Reply<{ credentials: SoftphoneCredentials }>>;
  ask(name: 'take-back' | 'mute' | 'unmute', input: { callId: string }): Promise<Reply>;
  onChange(state: TelephoneState): void;
}

export interface Telephone {
  /** To be called with every change of the console's state. */
  wish(wish: Wish): void;
  askMicrophone(): Promise<void>;
  playSound(): void;
  /** Mutes or unmutes at once; false when the voice is not here. */
  mute(muted: boolean): boolean;
  /** Hangs up without the gateway; false when the voice is not here. */
  hangUp(): boolean;
  close(): void;
}

export function createTelephone({
  softphone,
  microphone,
  tabLock,
  credentials,
  ask,
  onChange,
}: TelephoneParts): Telephone {
  let state = NO_TELEPHONE;
  /** What the softphone itself said last. */
  let said = STOPPED;
  let wanted: Wish = { device: null, online: false, call: null };
  let leaveTab: (() => void) | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let giveUp: ReturnType<typeof setTimeout> | undefined;
  let fetching = false;
  /** Of which calls this page had the voice, or asked for it when it began. */
  const known = new Set<string>();
  let asking: ReturnType<typeof setTimeout> | undefined;

  const endSubscription = softphone.subscribe((next) => {
    const failedNow = next.registration === 'failed' && said.registration !== 'failed';
    if (next.registration !== 'connecting') clearTimeout(giveUp);
    else if (said.registration !== 'connecting') giveUp = setTimeout(connectAnew, CONNECTING_MS);
    const endedNow = next.session === 'none' && said.session !== 'none';
    said = next;
    // What failed and is tried again has still failed: the agent is told once, not with every attempt.
    const stillFailed = next.registration === 'connecting' && state.softphone.registration === 'failed';
    change({ softphone: stillFailed ? { ...next, registration: 'failed' } : next });
    if (failedNow) tryAgainLater();
    if (endedNow) afterConversation();
    takeCall();
    takeBack();
  });
  const endWatch = microphone.onPermissionChange(() => {
    if (state.mine) void askMicrophone();
  });

  function change(part: Partial<TelephoneState>): void {
    state = { ...state, ...part };
    onChange(state);
  }

  function wish(next: Wish): void {
    const wasOnline = wanted.online;
    wanted = next;
    if (next.device === 'browser') line();
    else if (next.device === null || said.session === 'none') leave();
    if (next.online && !wasOnline) void register();
    settle();
    softphone.setMuted(state.mutedHere ?? next.call?.muted ?? false);
    takeCall();
    takeBack();
  }

  /** What was done here is told to the gateway, and forgotten once it knows. */
  function settle(): void {
    const { online, call } = wanted;
    const { mutedHere, hungUpHere } = state;
    if (hungUpHere !== null && call?.id !== hungUpHere) change({ hungUpHere: null });
    if (mutedHere === null) return;
    if (call === null || call.muted === mutedHere) change({ mutedHere: null });
    else if (online && call.state === 'connected') void ask(mutedHere ? 'mute' : 'unmute', { callId: call.id });
  }

  function line(): void {
    leaveTab ??= tabLock.acquire(() => {
      change({ mine: true });
      void askMicrophone();
    });
  }

  function leave(): void {
    const leaving = leaveTab;
    if (leaving === null) return;
    leaveTab = null;
    clearTimeout(retry);
    clearTimeout(giveUp);
    softphone.unregister();
    leaving();
    change(NO_TELEPHONE);
  }

  function afterConversation(): void {
    if (wanted.device !== 'browser') leave();
    else if (state.microphone !== 'granted') softphone.unregister();
  }

  async function askMicrophone(): Promise<void> {
    if (!state.mine) return;
    if (state.microphone !== 'granted') change({ microphone: 'asked' });
    const answer = await microphone.ask();
    if (!state.mine) return;
    change({ microphone: answer });
    if (answer === 'granted') {
      if (said.registration === 'stopped') await register();
    } else if (said.session === 'none') softphone.unregister();
  }

  async function register(): Promise<void> {
    const registered = said.registration === 'registered';
    if (fetching || registered || !state.mine || state.microphone !== 'granted' || !wanted.online) return;
    fetching = true;
    const reply = await credentials();
    fetching = false;
    if (!state.mine) return;
    // To start anew would end the conversation; the softphone itself goes on trying with what it has.
    if (said.session !== 'none') tryAgainLater();
    else if (reply.ok) softphone.register(reply.credentials);
    else {
      change({ softphone: { ...state.softphone, registration: 'failed' } });
      tryAgainLater();
    }
  }

  /** With fresh credentials, which may lead to another Asterisk. */
  function connectAnew(): void {
    change({ softphone: { ...state.softphone, registration: 'failed' } });
    giveUp = setTimeout(connectAnew, CONNECTING_MS);
    void register();
  }

  function tryAgainLater(): void {
    clearTimeout(retry);
    retry = setTimeout(() => void register(), RETRY_MS);
  }

  function takeCall(): void {
    const expected = wanted.call?.state === 'claimed' || wanted.call?.state === 'connecting';
    if (expected && state.softphone.session === 'ringing') softphone.answer();
  }

  /**
   * Asks for the voice of a conversation that has none: one that is interrupted, or that this page found when it began.
   * Two pages on two computers would else take it from each other for ever.
   */
  function takeBack(): void {
    const { call, online } = wanted;
    if (call && said.session !== 'none') known.add(call.id);
    if (asking !== undefined || call === null || call.device !== 'browser' || call.id === state.hungUpHere) return;
    if (!online || !state.mine || said.registration !== 'registered' || said.session !== 'none') return;
    const isFound = call.state === 'connected' && !known.has(call.id);
    if (!isFound && call.state !== 'interrupted') return;
    asking = setTimeout(() => {
      asking = undefined;
      takeBack();
    }, ASK_AGAIN_MS);
    void ask('take-back', { callId: call.id });
  }

  const voiceHere = () => state.mine && said.session === 'active';

  return {
    wish,
    askMicrophone,
    playSound: () => softphone.playSound(),
    mute(muted) {
      if (!voiceHere()) return false;
      change({ mutedHere: muted });
      softphone.setMuted(muted);
      return true;
    },
    hangUp() {
      if (!voiceHere()) return false;
      change({ hungUpHere: wanted.call?.id ?? null });
      softphone.hangUp();
      return true;
    },
    close() {
      clearTimeout(asking);
      leave();
      endSubscription();
      endWatch();
    },
  };
}
