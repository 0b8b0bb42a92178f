/** {@link Softphone} by JsSIP: SIP over WebSocket (RFC 7118) and WebRTC audio. */
import type { SoftphoneAccount, SoftphoneCredentials } from '@civicline/protocol';
import JsSIP from 'jssip';
import type { IceCandidateEvent, RTCSession } from 'jssip/lib/RTCSession.js';
import { type Softphone, type SoftphoneState, STOPPED } from './softphone.ts';
import { openVoice, type Voice } from './voice.ts';

/** The answer goes out with the candidates found by then; hosts' own come within milliseconds, 5 s is JsSIP's default. */
const ICE_GATHERING_MS = 700;
const REGISTER_EXPIRES_S = 120;
/**
 * Temporary failure (ITU-T Q.850): a page that is left tells so instead of hanging up (RFC 3326), and the gateway keeps
 * the caller for the page that comes next.
 */
const NOT_HUNG_UP = { extraHeaders: ['Reason: Q.850;cause=41;text="Page left"'] };

type UserAgent = InstanceType<typeof JsSIP.UA>;

export function createJsSipSoftphone(): Softphone {
  const audio = new Audio();
  const listeners = new Set<(state: SoftphoneState) => void>();
  let state = STOPPED;
  /** One for each account, with how it is registered. */
  const lines = new Map<UserAgent, SoftphoneState['registration']>();
  let session: RTCSession | null = null;
  /** The session whose microphone is being opened, or is open. */
  let answered: RTCSession | null = null;
  let voice: Voice | null = null;
  let iceServers: RTCIceServer[] = [];
  let muted = false;

  function change(part: Partial<SoftphoneState>): void {
    state = { ...state, ...part };
    for (const listener of listeners) listener(state);
  }

  function register(credentials: SoftphoneCredentials): void {
    stop();
    iceServers = credentials.iceServers;
    change({ registration: 'connecting' });
    for (const account of credentials.accounts) openLine(account);
  }

  function openLine(account: SoftphoneAccount): void {
    const agent = new JsSIP.UA({
      sockets: new JsSIP.WebSocketInterface(account.websocketUrl),
      uri: account.sipUri,
      authorization_user: account.user,
      password: account.password,
      register_expires: REGISTER_EXPIRES_S,
      session_timers: false,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 10,
    });
    lines.set(agent, 'connecting');
    const follow = (registration: SoftphoneState['registration']) => () => {
      if (!lines.has(agent)) return;
      lines.set(agent, registration);
      change({ registration: together([...lines.values()]) });
    };
    agent.on('registered', follow('registered'));
    agent.on('unregistered', follow('connecting'));
    agent.on('disconnected', follow('connecting'));
    agent.on('registrationFailed', follow('failed'));
    agent.on('newRTCSession', ({ session: incoming }: { session: RTCSession }) => {
      if (lines.has(agent)) offered(incoming);
    });
    agent.start();
  }

  function offered(incoming: RTCSession): void {
    if (incoming.direction !== 'incoming' || session !== null) {
      incoming.terminate({ status_code: 486 });
      return;
    }
    session = incoming;
    const over = () => {
      if (session !== incoming) return;
      leaveSession();
      change({ session: 'none', soundBlocked: false });
    };
    incoming.on('ended', over);
    incoming.on('failed', over);
    incoming.on('accepted', () => change({ session: 'active' }));
    incoming.on('peerconnection', ({ peerconnection }) => {
      peerconnection.addEventListener('track', ({ track, streams }) => play(streams[0] ?? new MediaStream([track])));
    });
    limitGathering(incoming);
    change({ session: 'ringing' });
  }

  function play(stream: MediaStream): void {
    audio.srcObject = stream;
    audio.play().then(
      () => change({ soundBlocked: false }),
      () => change({ soundBlocked: session !== null }),
    );
  }

  async function answer(): Promise<void> {
    const ringing = session;
    if (ringing === null || ringing === answered || state.session !== 'ringing') return;
    answered = ringing;
    const opened = await openVoice((track) => void speakBy(ringing, track));
    // The caller may have hung up meanwhile, and nobody may go on listening.
    if (session !== ringing || !ringing.isInProgress()) return opened?.end();
    if (opened === null) return void ringing.terminate({ status_code: 480 });
    voice = opened;
    ringing.answer({ mediaStream: opened.stream, pcConfig: { iceServers } });
    setMuted(muted);
  }

  async function speakBy(speaking: RTCSession, track: MediaStreamTrack): Promise<void> {
    track.enabled = !muted;
    const sender = speaking.connection.getSenders().find((one) => one.track?.kind === 'audio');
    await sender?.replaceTrack(track);
  }

  function leaveSession(): void {
    session = null;
    answered = null;
    audio.srcObject = null;
    voice?.end();
    voice = null;
  }

  function setMuted(wanted: boolean): void {
    muted = wanted;
    if (wanted) session?.mute({ audio: true });
    else session?.unmute({ audio: true });
  }

  function stop(): void {
    const old = [...lines.keys()];
    lines.clear();
    if (session?.isEstablished()) session.terminate(NOT_HUNG_UP);
    leaveSession();
    for (const agent of old) agent.stop();
    state = STOPPED;
  }

  return {
    register,
    unregister() {
      stop();
      change(STOPPED);
    },
    answer: () => void answer(),
    hangUp: () => void session?.terminate(),
    setMuted,
    playSound: () => audio.srcObject instanceof MediaStream && play(audio.srcObject),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Of all lines: one that is registered is enough, and the others go on trying. */
function together(registrations: SoftphoneState['registration'][]): SoftphoneState['registration'] {
  if (registrations.includes('registered')) return 'registered';
  return registrations.every((one) => one === 'failed') ? 'failed' : 'connecting';
}

/** Ends ICE gathering some time after the first candidate, however long a STUN server takes. */
function limitGathering(session: RTCSession): void {
  let limited = false;
  session.on('icecandidate', ({ ready }: IceCandidateEvent) => {
    if (!limited) setTimeout(ready, ICE_GATHERING_MS);
    limited = true;
  });
}
