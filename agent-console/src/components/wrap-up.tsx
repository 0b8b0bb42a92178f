import type { CallView } from '@civicline/protocol';
import { useEffect, useState } from 'preact/hooks';
import { formatDuration, isoDuration } from '../i18n/format.ts';
import { useWords } from '../i18n/index.ts';
import { Button } from './button.tsx';
import { useGatewayNow } from './clock.tsx';
import { DoneIcon } from './icons.tsx';

/** The key that hangs up is the one that finishes: pressed while the caller hangs up, it must not erase the call's data. */
const NO_KEY_MS = 2_000;

export function WrapUp({ call, online, onFinish }: { call: CallView; online: boolean; onFinish: () => void }) {
  const { t } = useWords();
  const [hasKey, setHasKey] = useState(false);
  useEffect(() => {
    const timer = setTimeout(setHasKey, NO_KEY_MS, true);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="wrap-up">
      <Button kind="primary" onClick={onFinish} unavailable={!online} shortcut={hasKey ? 'Alt+E' : undefined}>
        <DoneIcon />
        {t.call.finish}
      </Button>
      <p>
        {call.wrapUpEndsAt !== null && (
          <>
            <CountDown until={call.wrapUpEndsAt} />
            <br />
          </>
        )}
        <span class="soft">{t.call.wrapUpErases}</span>
      </p>
    </div>
  );
}

function CountDown({ until }: { until: string }) {
  const { t } = useWords();
  const left = Date.parse(until) - useGatewayNow();
  return <time dateTime={isoDuration(left)}>{t.call.wrapUpEndsIn(formatDuration(left))}</time>;
}
