import { formatDuration, isoDuration } from '../i18n/format.ts';
import { useWords } from '../i18n/index.ts';
import { figuresOf, type Today } from '../state/today.ts';

/** The agent's own day, for a moment without a call. */
export function TodayFigures({ today }: { today: Today }) {
  const { t } = useWords();
  const { answered, talkMs } = figuresOf(today);
  return (
    <section class="today" aria-labelledby="today-heading">
      <h3 id="today-heading" class="small-heading">
        {t.today.heading}
      </h3>
      <dl>
        <div>
          <dt>{t.today.answered}</dt>
          <dd>{answered}</dd>
        </div>
        <div>
          <dt>{t.today.average}</dt>
          <dd>{answered === 0 ? '–' : <Duration milliseconds={talkMs / answered} />}</dd>
        </div>
        <div>
          <dt>{t.today.total}</dt>
          <dd>
            <Duration milliseconds={talkMs} />
          </dd>
        </div>
      </dl>
    </section>
  );
}

function Duration({ milliseconds }: { milliseconds: number }) {
  return <time dateTime={isoDuration(milliseconds)}>{formatDuration(milliseconds)}</time>;
}
