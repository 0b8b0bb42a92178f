import { useLayoutEffect, useRef } from 'preact/hooks';

/**
 * When what had the focus goes with its call, the focus moves to `fallback` instead of getting lost.
 * Returns the listener for `focusin` around the calls.
 */
export function useKeptFocus(calls: unknown, fallback: string): (event: FocusEvent) => void {
  const inCall = useRef(false);
  // A change of the calls is what may take the focus away.
  useLayoutEffect(() => {
    const lost = document.activeElement === null || document.activeElement === document.body;
    if (!inCall.current || !lost) return;
    inCall.current = false;
    document.querySelector<HTMLElement>(fallback)?.focus();
  }, [calls, fallback]);
  return (event) => {
    inCall.current = event.target instanceof Element && event.target.closest('[data-call]') !== null;
  };
}
