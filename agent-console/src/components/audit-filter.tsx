import { useId } from 'preact/hooks';
import { useWords } from '../i18n/index.ts';
import type { AuditFilter, AuditPage } from '../state/audit.ts';
import { Button } from './button.tsx';
import { ChevronIcon } from './icons.tsx';

export interface AuditFilterProps {
  people: AuditPage['people'];
  /** A call that was chosen elsewhere on the page; '' for none. */
  call: string;
  onFilter: (filter: AuditFilter) => void;
}

const CALL_ID = '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}';

/** What the auditor looks for: an agent, days, a call. Takes effect when it is sent, not at each key. */
export function AuditFilterForm({ people, call, onFilter }: AuditFilterProps) {
  const { t } = useWords();
  const words = t.audit.filter;
  const id = useId();
  return (
    <form
      class="audit-filter"
      aria-label={words.heading}
      onSubmit={(event) => {
        event.preventDefault();
        onFilter(filterOf(new FormData(event.currentTarget)));
      }}
      onReset={() => onFilter({})}
    >
      <div class="field">
        <label for={`${id}-agent`}>{t.audit.agents}</label>
        <span class="select-frame">
          <select id={`${id}-agent`} name="agent" class="utrecht-select utrecht-select--html-select">
            <option value="">{words.everybody}</option>
            {people.map((person) => (
              <option key={person.id} value={person.id}>
                {person.name}
              </option>
            ))}
          </select>
          <ChevronIcon />
        </span>
      </div>
      {(['from', 'until'] as const).map((name) => (
        <div key={name} class="field">
          <label for={`${id}-${name}`}>{words[name]}</label>
          <input id={`${id}-${name}`} class="utrecht-textbox utrecht-textbox--html-input" name={name} type="date" />
        </div>
      ))}
      <div class="field audit-filter-call">
        <label for={`${id}-call`}>{t.audit.call}</label>
        <input
          key={call}
          id={`${id}-call`}
          name="call"
          class="utrecht-textbox utrecht-textbox--html-input"
          type="text"
          defaultValue={call}
          pattern={`\\s*${CALL_ID}\\s*`}
          title={words.callHint}
          autocomplete="off"
          spellcheck={false}
        />
      </div>
      <div class="audit-filter-actions">
        <Button kind="primary" type="submit">
          {words.search}
        </Button>
        <Button type="reset">{words.showAll}</Button>
      </div>
    </form>
  );
}

/** Days are the auditor's own: from midnight here, until the midnight after the last of them. */
function filterOf(fields: FormData): AuditFilter {
  const [agent, call, from, until] = ['agent', 'call', 'from', 'until'].map((name) => String(fields.get(name)).trim());
  return {
    ...(agent && { agent }),
    ...(call && { call: call.toLowerCase() }),
    ...(from && { from: midnight(from, 0) }),
    ...(until && { until: midnight(until, 1) }),
  };
}

/** RFC 3339 of the midnight that begins the day, such as 2026-03-01, or a day after it. */
function midnight(day: string, daysLater: number): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date + daysLater).toISOString();
}
