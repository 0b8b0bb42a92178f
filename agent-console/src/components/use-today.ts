import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ConsoleData } from '../state/console-state.ts';
import { conversationOf, readToday, type Today, withConversation, writeToday } from '../state/today.ts';

/** Follows the agent's conversations: counts each when it begins, and its length when it ends. */
export function useToday({ calls, self, clockOffset }: ConsoleData): Today {
  const read = () => readToday(localStorage, self.id, new Date());
  const [today, setToday] = useState(read);
  /** The conversations that go on, with their beginnings in UTC milliseconds of the gateway's clock. */
  const going = useRef<ReadonlyMap<string, number>>(new Map());

  // Before the browser draws: an old figure would be seen for a moment.
  useLayoutEffect(() => {
    const now = new Map<string, number>();
    for (const call of calls) {
      const key = conversationOf(call, self.id);
      if (key !== null && call.connectedAt !== null) now.set(key, Date.parse(call.connectedAt));
    }
    const begun = [...now.keys()].filter((key) => !going.current.has(key));
    const ended = [...going.current].filter(([key]) => !now.has(key));
    going.current = now;
    if (begun.length === 0 && ended.length === 0) return;
    const counted = begun.reduce((before, key) => withConversation(before, key, 0), read());
    const after = ended.reduce(
      (before, [key, since]) => withConversation(before, key, Date.now() + clockOffset - since),
      counted,
    );
    writeToday(localStorage, after);
    setToday(after);
  }, [calls, self.id, clockOffset]);

  return today;
}
