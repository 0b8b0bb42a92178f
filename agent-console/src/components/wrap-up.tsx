import type { CallView } from '@civicline/protocol';
import { formatDuration, isoDuration } from '../i18n/format.ts';
import { useWords } from '../i18n/index.ts';
import { Button } from './button.tsx';
import { useGatewayNow } from './clock.tsx';
import { DoneIcon } from './icons.tsx';

export function WrapUp({ call, online, onFinish }: { call: CallView; online: boolean; onFinish: () => void }) {
  const { t } = useWords();
  return (
    <div class="wrap-up">
      <Button kind="primary" onClick={onFinish} unavailable={!online} shortcut="Alt+E">
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
