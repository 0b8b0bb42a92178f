import type { CallView, Reply } from '@civicline/protocol';
import { useEffect, useRef, useState } from 'preact/hooks';

const PAUSE_MS = 600;
/** Of what is typed without a pause, no more than this is lost when wrap-up runs out. */
const LONGEST_MS = 2_000;

export type NoteStatus = 'unchanged' | 'waiting' | 'saving' | 'saved' | 'failed';

export interface Note {
  draft: string;
  status: NoteStatus;
  write(text: string): void;
  /** Tries again after a failure, or saves without waiting for the pause. */
  save(): void;
}

/** The note of one call: what this tab types wins, else what the gateway has. Saved after each pause in typing, and now and then without one. */
export function useNote(call: Pick<CallView, 'note'>, send: (note: string) => Promise<Reply>, online: boolean): Note {
  const [draft, setDraft] = useState(call.note);
  const [status, setStatus] = useState<NoteStatus>('unchanged');
  const latest = useRef(draft);
  const waitingSince = useRef(0);

  // Another tab of the same agent wrote, or a colleague's note came with a transfer.
  useEffect(() => {
    if (status !== 'unchanged' && status !== 'saved') return;
    latest.current = call.note;
    setDraft(call.note);
  }, [call.note]);

  async function save(): Promise<void> {
    const note = latest.current;
    setStatus('saving');
    const reply = await send(note);
    // Typed on meanwhile: the next pause saves that.
    if (note === latest.current) setStatus(reply.ok ? 'saved' : 'failed');
  }

  useEffect(() => {
    if (status !== 'waiting') return;
    const left = waitingSince.current + LONGEST_MS - Date.now();
    const timer = setTimeout(save, Math.max(0, Math.min(PAUSE_MS, left)));
    return () => clearTimeout(timer);
  }, [draft, status]);

  // What could not be saved while the connection was lost.
  useEffect(() => {
    if (online && status === 'failed') void save();
  }, [online]);

  return {
    draft,
    status,
    write(text) {
      latest.current = text;
      if (status !== 'waiting') waitingSince.current = Date.now();
      setDraft(text);
      setStatus('waiting');
    },
    save: () => {
      if (status === 'waiting' || status === 'failed') void save();
    },
  };
}
