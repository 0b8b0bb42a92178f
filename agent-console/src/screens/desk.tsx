import type { CallView } from '@civicline/protocol';
import { useCallback, useState } from 'preact/hooks';
import { CallPanel } from '../components/call-panel.tsx';
import { DeskNotices } from '../components/desk-notices.tsx';
import { DevicePanel } from '../components/device-panel.tsx';
import { PresencePanel } from '../components/presence-panel.tsx';
import { QueuesPanel } from '../components/queues-panel.tsx';
import { RingingList, WAITING_HEADING } from '../components/ringing-list.tsx';
import { SignOutDialog } from '../components/sign-out-dialog.tsx';
import { SipPhoneDialog } from '../components/sip-phone-dialog.tsx';
import { TransferDialog, type TransferTarget } from '../components/transfer-dialog.tsx';
import { useAttention } from '../components/use-attention.ts';
import { useKeptFocus } from '../components/use-kept-focus.ts';
import { useShortcuts } from '../components/use-shortcuts.ts';
import { useToday } from '../components/use-today.ts';
import { useWords } from '../i18n/index.ts';
import type { SendRequest } from '../state/connection.ts';
import { activeCall, type ConsoleData, ownCalls, ringingCalls } from '../state/console-state.ts';
import type { Console } from '../state/use-console.ts';

/** A colleague was first, or the caller is gone: the list says so itself, and it is nobody's fault. */
const LOST_RACE: ReadonlySet<string> = new Set(['CALL_ALREADY_ANSWERED', 'CALL_UNKNOWN']);

/** Everything on the main screen once the gateway has said how things stand. */
export function Desk(props: {
  console: Console;
  data: ConsoleData;
  signedInUntil: string;
  /** The agent asked to be signed out in a call. */
  signingOut: boolean;
  onStay: () => void;
}) {
  const { t } = useWords();
  const { data, console: desk } = props;
  const online = desk.state.connection === 'online';
  const [problem, setProblem] = useState<string | null>(null);
  const [answering, setAnswering] = useState<ReadonlySet<string>>(new Set());
  const [transferring, setTransferring] = useState<string | null>(null);

  const [settingUp, setSettingUp] = useState(false);

  const ringing = ringingCalls(data);
  const { softphone, mutedHere, hungUpHere } = desk.telephone;
  const voiceHere = softphone.session === 'active';
  const own = ownCalls(data).map((call) => ({ ...call, muted: mutedHere ?? call.muted }));
  const busy = own.length > 0;
  const speaking = activeCall(data);
  const transferable = speaking?.state === 'connected' ? speaking : null;

  const ask: SendRequest = useCallback(
    async (name, input) => {
      const reply = await desk.request(name, input);
      const isLostRace = name === 'answer' && !reply.ok && LOST_RACE.has(reply.code);
      setProblem(reply.ok || isLostRace ? null : reply.code);
      return reply;
    },
    [desk.request],
  );

  const obstacle = (call: CallView): string | null => {
    if (!online) return t.connection.offlineTitle;
    if (busy) return t.calls.finishCurrentFirst;
    if (call.source.kind === 'exchange') return null;
    if (!data.telephonyAvailable) return t.connection.telephonyTitle;
    return data.self.presence === 'not-reachable' ? t.presence.notReachable['no-phone'] : null;
  };

  async function answer(callId: string): Promise<void> {
    setAnswering((before) => new Set(before).add(callId));
    await ask('answer', { callId });
    setAnswering((before) => new Set([...before].filter((id) => id !== callId)));
  }

  async function transfer(callId: string, target: TransferTarget): Promise<void> {
    setTransferring(null);
    await ask('transfer', { callId, target });
  }

  useAttention({
    waiting: ringing.length,
    ready: data.self.presence === 'ready',
    busy,
    voiceHere,
  });
  useShortcuts();
  const today = useToday(data);
  const keepFocus = useKeptFocus(`#${WAITING_HEADING}`, '#calls-main');

  return (
    <div class={busy ? 'desk desk--busy' : 'desk'}>
      <div class="desk-strip">
        <PresencePanel self={data.self} onChange={(presence, reason) => ask('set-presence', { presence, reason })} />
        <DevicePanel
          self={data.self}
          telephone={desk.telephone}
          onChoose={(device) => ask('set-device', { device })}
          onSetUp={() => setSettingUp(true)}
        />
      </div>
      <main id="calls-main" tabIndex={-1} onFocusIn={keepFocus}>
        <h1 class="sr-only">{t.calls.title}</h1>
        <DeskNotices
          console={desk}
          data={data}
          signedInUntil={props.signedInUntil}
          problem={problem}
          onDismiss={() => setProblem(null)}
          onReady={() => void ask('set-presence', { presence: 'ready' })}
          onSipPhone={() => void ask('set-device', { device: 'sip-phone' })}
        />
        {own.map((call) => (
          <CallPanel
            key={call.id}
            call={call}
            selfId={data.self.id}
            device={data.self.device}
            queues={[...data.queues, ...data.transferQueues]}
            online={online}
            voiceHere={voiceHere}
            hungUp={hungUpHere === call.id}
            request={ask}
            saveNote={(note) => desk.request('save-note', { callId: call.id, note })}
            onTransfer={() => setTransferring(call.id)}
          />
        ))}
        <RingingList
          calls={ringing}
          self={data.self}
          queues={data.queues}
          today={today}
          answering={answering}
          obstacle={obstacle}
          busy={busy}
          removal={desk.state.lastRemoval}
          onAnswer={(callId) => void answer(callId)}
        />
      </main>
      {!busy && (
        <aside class="desk-side">
          <QueuesPanel queues={data.queues} />
        </aside>
      )}
      {props.signingOut && speaking && (
        <SignOutDialog
          onTransfer={
            transferable
              ? () => {
                  props.onStay();
                  setTransferring(transferable.id);
                }
              : undefined
          }
          onHangUp={() => {
            props.onStay();
            void ask('hang-up', { callId: speaking.id });
          }}
          onClose={props.onStay}
        />
      )}
      {settingUp && <SipPhoneDialog onClose={() => setSettingUp(false)} />}
      {transferable && transferring === transferable.id && (
        <TransferDialog
          call={transferable}
          queues={data.transferQueues}
          colleagues={data.colleagues.filter(({ id }) => id !== data.self.id)}
          onTransfer={(target) => void transfer(transferable.id, target)}
          onClose={() => setTransferring(null)}
        />
      )}
    </div>
  );
}
