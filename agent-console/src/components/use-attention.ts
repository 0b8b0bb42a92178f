/** How the console is noticed while the agent looks elsewhere: title, tone, notification, and a question on leaving. */
import type { CallView, Device } from '@civicline/protocol';
import { useEffect, useRef } from 'preact/hooks';
import { useWords } from '../i18n/index.ts';
import { useSettings } from '../settings-context.ts';
import { startTone } from './tone.ts';

export interface Attention {
  /** How many calls ring. */
  waiting: number;
  ready: boolean;
  /** In a call or its wrap-up: no tone then. */
  busy: boolean;
  speaking: CallView | null;
  device: Device;
}

export function useAttention({ waiting, ready, busy, speaking, device }: Attention): void {
  const { t } = useWords();
  const { settings } = useSettings();

  useEffect(() => {
    document.title = `${waiting > 0 ? `(${waiting}) ` : ''}${t.calls.title} – ${t.product}`;
  }, [waiting, t]);

  const sounding = settings.sound && ready && !busy && waiting > 0;
  useEffect(() => (sounding ? startTone() : undefined), [sounding]);

  const before = useRef(waiting);
  useEffect(() => {
    const more = waiting > before.current;
    before.current = waiting;
    if (more && ready && !busy && settings.notifications && document.hidden) notify(t.notification);
  }, [waiting, ready, busy, settings.notifications, t]);

  // Leaving the page ends the conversation when its voice is in this page.
  const voiceHere = speaking !== null && device === 'browser' && speaking.source.kind === 'asterisk';
  useEffect(() => {
    if (!voiceHere) return;
    const askFirst = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', askFirst);
    return () => window.removeEventListener('beforeunload', askFirst);
  }, [voiceHere]);
}

function notify({ title, body }: { title: string; body: string }): void {
  if (!('Notification' in window) || Notification.permission !== 'granted') return;
  const shown = new Notification(title, { body, tag: 'civicline-waiting' });
  shown.addEventListener('click', () => {
    window.focus();
    shown.close();
  });
}
