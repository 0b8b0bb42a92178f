import { useId } from 'preact/hooks';
import { useWords } from '../i18n/index.ts';
import { useSettings } from '../settings-context.ts';
import { ShortcutKey } from './button.tsx';
import { DoneIcon } from './icons.tsx';
import type { Note } from './use-note.ts';

export function NoteField({ note }: { note: Note }) {
  const { t } = useWords();
  const { settings } = useSettings();
  const id = useId();
  return (
    <div class="field note">
      <div class="note-head">
        <label for={id}>
          {t.call.note}
          {settings.shortcuts && <ShortcutKey shortcut="Alt+N" />}
        </label>
        <div>
          <NoteState note={note} />
          {/* Of the states only this one is worth an interruption: the others come with every pause in typing. */}
          <span role="status">
            {note.status === 'failed' && <span class="note-state note-state--failed">{t.call.noteNotSaved}</span>}
          </span>
        </div>
      </div>
      <textarea
        id={id}
        class="utrecht-textarea utrecht-textarea--html-textarea"
        rows={5}
        maxLength={10_000}
        aria-describedby={`${id}-hint`}
        aria-keyshortcuts={settings.shortcuts ? 'Alt+N' : undefined}
        value={note.draft}
        onInput={(event) => note.write(event.currentTarget.value)}
        onBlur={note.save}
      />
      <p id={`${id}-hint`} class="hint">
        {t.call.noteHint}
      </p>
    </div>
  );
}

function NoteState({ note }: { note: Note }) {
  const { t } = useWords();
  switch (note.status) {
    case 'unchanged':
    case 'failed':
      return null;
    case 'saved':
      return (
        <span class="note-state">
          <DoneIcon /> {t.call.noteSaved}
        </span>
      );
    default:
      return <span class="note-state">{t.call.noteSaving}</span>;
  }
}
