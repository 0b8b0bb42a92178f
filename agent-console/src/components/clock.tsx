/** Times that run, counted on the gateway's clock. */
import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import { formatDuration, isoDuration } from '../i18n/format.ts';

/** Gateway's clock minus this computer's, in milliseconds. */
export const ClockOffsetContext = createContext(0);

/** The gateway's clock now, UTC milliseconds; the component is drawn again every second. */
export function useGatewayNow(): number {
  const offset = useContext(ClockOffsetContext);
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now + offset;
}

/** How long ago something began. `since` and `until` are RFC 3339. */
export function Elapsed({ since }: { since: string }) {
  const elapsed = useGatewayNow() - Date.parse(since);
  return <time dateTime={isoDuration(elapsed)}>{formatDuration(elapsed)}</time>;
}
