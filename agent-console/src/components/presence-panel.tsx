import { NO_PHONE, type Presence, type SelfView } from '@civicline/protocol';
import { useEffect, useId, useState } from 'preact/hooks';
import { useWords } from '../i18n/index.ts';
import { PRESENCE_ICONS } from './icons.tsx';
import { useChoice } from './use-choice.ts';

const CHOICES = ['ready', 'busy', 'break'] as const;
type Choice = (typeof CHOICES)[number];

const REASON_PAUSE_MS = 800;

/** The agent's own presence: three large choices, and a reason for the two that say no. */
export function PresencePanel(props: {
  self: SelfView;
  /** Resolves when the gateway has answered. */
  onChange: (presence: Choice, reason: string) => Promise<{ ok: boolean }>;
}) {
  const { t } = useWords();
  const { self, onChange } = props;
  const name = useId();
  const chosen = chosenBy(self);
  const [shown, choose] = useChoice(chosen);
  return (
    <section class="presence" aria-labelledby={`${name}-heading`}>
      <h2 id={`${name}-heading`} class="sr-only">
        {t.presence.heading}
      </h2>
      <fieldset class="choices choices--presence">
        <legend class="sr-only">{t.presence.heading}</legend>
        {CHOICES.map((choice) => {
          const Icon = PRESENCE_ICONS[choice];
          return (
            <label key={choice} class={`choice choice--${choice}`}>
              <input
                type="radio"
                name={name}
                checked={choice === shown}
                onChange={() => choose(choice, onChange(choice, ''))}
              />
              <Icon />
              <span>{t.presence.names[choice]}</span>
            </label>
          );
        })}
      </fieldset>
      {self.presence !== chosen && <OtherPresence presence={self.presence} />}
      {(chosen === 'busy' || chosen === 'break') && (
        <Reason
          key={chosen}
          value={self.presenceReason}
          isLeft={shown !== chosen}
          onSave={(reason) => void onChange(chosen, reason)}
        />
      )}
    </section>
  );
}

/** Ready is what they chose, and what they are again once a phone is connected. */
function chosenBy({ presence, presenceReason }: SelfView): Choice | undefined {
  if (presence === 'not-reachable' && presenceReason === NO_PHONE) return 'ready';
  return CHOICES.find((choice) => choice === presence);
}

/** What the agent did not choose. */
function OtherPresence({ presence }: { presence: Presence }) {
  const { t } = useWords();
  const Icon = PRESENCE_ICONS[presence];
  return (
    <p class="presence-other">
      <Icon />
      {t.presence.names[presence]}
    </p>
  );
}

/** `isLeft`: another presence was chosen, which a reason for this one would undo. */
function Reason({ value, isLeft, onSave }: { value: string; isLeft: boolean; onSave: (reason: string) => void }) {
  const { t } = useWords();
  const id = useId();
  const [draft, setDraft] = useState(value);
  useEffect(() => {
    if (isLeft || draft.trim() === value) return;
    const timer = setTimeout(() => onSave(draft.trim()), REASON_PAUSE_MS);
    return () => clearTimeout(timer);
    // Only typing starts the pause; the saved value and the function change with it.
  }, [draft, isLeft]);
  return (
    <div class="field presence-reason">
      <label for={id}>{t.presence.reason}</label>
      <input
        id={id}
        class="utrecht-textbox utrecht-textbox--html-input"
        type="text"
        maxLength={100}
        autocomplete="off"
        aria-describedby={`${id}-hint`}
        value={draft}
        onInput={(event) => setDraft(event.currentTarget.value)}
      />
      <p id={`${id}-hint`} class="hint">
        {t.presence.reasonHint}
      </p>
    </div>
  );
}
