/** Ties the store, the socket and the telephone to the life of a component. The only place that knows all three. */
import type { Reply } from '@civicline/protocol';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Said } from '../components/live-region.tsx';
import { fetchSession } from '../session.ts';
import { browserTelephone } from '../softphone/browser-telephone.ts';
import { NO_TELEPHONE, type Telephone, type TelephoneState } from '../softphone/telephone.ts';
import { type Announcement, announcements, condensed } from './announcements.ts';
import { type Connection, openConnection, type SendRequest } from './connection.ts';
import { activeCall, type ConsoleState } from './console-state.ts';
import { createConsoleStore } from './store.ts';

const KEPT_SENTENCES = 5;
/** What changes within this time is said together. */
const MOMENT_MS = 200;
/** How long the screen says why a call left. */
const REMOVAL_READ_MS = 8_000;

export interface Console {
  state: ConsoleState;
  telephone: TelephoneState;
  said: readonly Said[];
  request: SendRequest;
  askMicrophone(): void;
  playSound(): void;
}

/** Connects while the component is on the screen. `onEnded`: the session is over. */
export function useConsole(agentId: string, onEnded: () => void): Console {
  const store = useMemo(createConsoleStore, []);
  const [state, setState] = useState(store.state());
  const [telephoneState, setTelephoneState] = useState(NO_TELEPHONE);
  const [said, setSaid] = useState<readonly Said[]>([]);
  const parts = useRef<{ connection: Connection; telephone: Telephone } | null>(null);

  useEffect(() => {
    let spoken = 0;
    let moment: Announcement[] = [];
    let speaking: ReturnType<typeof setTimeout> | undefined;
    const speak = () => {
      const fresh = condensed(moment).map((announcement) => ({ key: spoken++, announcement }));
      moment = [];
      speaking = undefined;
      setSaid((earlier) => [...earlier, ...fresh].slice(-KEPT_SENTENCES));
    };
    const connection = openConnection({
      store,
      checkSession: async () => (await fetchSession()).kind,
      onSignedOut: onEnded,
    });
    const gateway = { credentials: connection.softphoneCredentials, ask: connection.request };
    const telephone = browserTelephone(agentId, gateway, setTelephoneState);
    const unsubscribe = store.subscribe((after, before) => {
      setState(after);
      telephone.wish(wishOf(after));
      moment.push(...announcements(before, after));
      if (moment.length > 0) speaking ??= setTimeout(speak, MOMENT_MS);
    });
    parts.current = { connection, telephone };
    // Said while the page still can: otherwise the caller would hear nothing until the gateway misses this telephone.
    window.addEventListener('pagehide', telephone.close);
    return () => {
      parts.current = null;
      window.removeEventListener('pagehide', telephone.close);
      unsubscribe();
      clearTimeout(speaking);
      telephone.close();
      connection.close();
    };
  }, [agentId, onEnded, store]);

  const { lastRemoval } = state;
  useEffect(() => {
    if (lastRemoval === null) return;
    const { callId } = lastRemoval;
    const timer = setTimeout(() => store.dispatch({ type: 'removal-read', callId }), REMOVAL_READ_MS);
    return () => clearTimeout(timer);
  }, [lastRemoval, store]);

  const request = useCallback<SendRequest>(
    async (name, input) =>
      parts.current
        ? askOrAct(parts.current, name, input)
        : { ok: false, code: 'CONSOLE_OFFLINE', title: 'Not connected.' },
    [],
  );
  const askMicrophone = useCallback(() => void parts.current?.telephone.askMicrophone(), []);
  const playSound = useCallback(() => parts.current?.telephone.playSound(), []);
  return { state, telephone: telephoneState, said, request, askMicrophone, playSound };
}

/** Without the gateway, or Asterisk behind it, what the telephone in this page can do alone is still done. */
const AWAY: ReadonlySet<string> = new Set(['CONSOLE_OFFLINE', 'CONSOLE_NO_REPLY', 'TELEPHONY_UNAVAILABLE']);

const askOrAct = (async ({ connection, telephone }, name, input) => {
  // Nobody says another word into a microphone that is to be off.
  const isMuted = (name === 'mute' || name === 'unmute') && telephone.mute(name === 'mute');
  const reply = await connection.request(name, input);
  if (reply.ok || !AWAY.has(reply.code)) return reply;
  return isMuted || (name === 'hang-up' && telephone.hangUp()) ? { ok: true } : reply;
}) satisfies (
  parts: { connection: Connection; telephone: Telephone },
  ...request: Parameters<SendRequest>
) => Promise<Reply>;

function wishOf({ data, connection }: ConsoleState) {
  return {
    device: data?.self.device ?? null,
    online: connection === 'online',
    call: data && activeCall(data),
  };
}
