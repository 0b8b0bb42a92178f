import type { CallView, Reply } from '@civicline/protocol';
import { useEffect, useRef, useState } from 'preact/hooks';

const PAUSE_MS = 600;

export type NoteStatus = 'unchanged' | 'waiting' | 'saving' | 'saved' | 'failed';

export interface Note {
  draft: string;
  status: NoteStatus;
  write(text: string): void;
  /** Tries again after a failure, or saves without waiting for the pause. */
  save(): void;
}

/** The note of one call: what this tab types wins, else what the gateway has. Saved after each pause in typing. */
export function useNote(call: Pick<CallView, 'note'>, send: (note: string) => Promise<Reply>, online: boolean): Note {
  const [draft, setDraft] = useState(call.note);
  const [status, setStatus] = useState<NoteStatus>('unchanged');
  const latest = useRef(draft);

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
    const timer = setTimeout(save, PAUSE_MS);
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
      setDraft(text);
      setStatus('waiting');
    },
    save: () => {
      if (status === 'waiting' || status === 'failed') void save();
    },
  };
}
