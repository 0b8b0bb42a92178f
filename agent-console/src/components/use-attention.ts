/** How the console is noticed while the agent looks elsewhere: title, tone, notification, and a question on leaving. */
import { type EffectCallback, type Inputs, useEffect, useRef } from 'preact/hooks';
import { useWords } from '../i18n/index.ts';
import { useSettings } from '../settings-context.ts';
import { startTone } from './tone.ts';

export interface Attention {
  /** How many calls ring. */
  waiting: number;
  ready: boolean;
  /** In a call or its wrap-up: no tone then. */
  busy: boolean;
  /** A conversation whose voice is in this page. */
  voiceHere: boolean;
}

/** Title and tone take the browser as long as the call itself: they follow when that has been drawn. */
const AFTER_DRAWING_MS = 60;

export function useAttention({ waiting, ready, busy, voiceHere }: Attention): void {
  const { t } = useWords();
  const { settings } = useSettings();

  const title = `${waiting > 0 ? `(${waiting}) ` : ''}${t.calls.title} – ${t.product}`;
  useEffectAfterDrawing(() => {
    document.title = title;
  }, [title]);

  const sounding = settings.sound && ready && !busy && waiting > 0;
  useEffectAfterDrawing(() => (sounding ? startTone() : undefined), [sounding]);

  const before = useRef(waiting);
  useEffect(() => {
    const more = waiting > before.current;
    before.current = waiting;
    if (more && ready && !busy && settings.notifications && document.hidden) notify(t.notification);
  }, [waiting, ready, busy, settings.notifications, t]);

  // Leaving the page ends it.
  useEffect(() => {
    if (!voiceHere) return;
    const askFirst = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', askFirst);
    return () => window.removeEventListener('beforeunload', askFirst);
  }, [voiceHere]);
}

function useEffectAfterDrawing(effect: EffectCallback, inputs: Inputs): void {
  useEffect(() => {
    // Nothing is drawn in a tab that is not looked at, and its timers are slow.
    if (document.hidden) return effect();
    let undo: ReturnType<EffectCallback>;
    const timer = setTimeout(() => {
      undo = effect();
    }, AFTER_DRAWING_MS);
    return () => {
      clearTimeout(timer);
      undo?.();
    };
  }, inputs);
}

function notify({ title, body }: { title: string; body: string }): void {
  if (!('Notification' in window) || Notification.permission !== 'granted') return;
  try {
    const shown = new Notification(title, { body, tag: 'civicline-waiting' });
    shown.addEventListener('click', () => {
      window.focus();
      shown.close();
    });
  } catch {
    // Browsers of phones know notifications of service workers only; title and tone remain.
  }
}
