import { useLayoutEffect, useRef } from 'preact/hooks';

/**
 * When what had the focus goes, the focus moves instead of getting lost: to the heading of its call, if that is still
 * there; else, from a call, to `afterCall`, and from anywhere else to `otherwise`. To be called with every rendering of
 * what is watched. Returns the listener for `focusin` around it.
 */
export function useKeptFocus(afterCall: string, otherwise: string): (event: FocusEvent) => void {
  const last = useRef<{ element: Element; callId: string | null } | null>(null);
  useLayoutEffect(() => {
    const focused = document.activeElement;
    if (last.current === null || last.current.element.isConnected) return;
    const { callId } = last.current;
    last.current = null;
    if (focused !== null && focused !== document.body) return;
    const heading = callId === null ? null : `[data-call="${CSS.escape(callId)}"] h2[tabindex]`;
    const next = heading === null ? null : document.querySelector<HTMLElement>(heading);
    (next ?? document.querySelector<HTMLElement>(callId === null ? otherwise : afterCall))?.focus();
  });
  return ({ target }) => {
    if (!(target instanceof Element)) return;
    const call = target.closest<HTMLElement>('[data-call]');
    last.current = { element: target, callId: call?.dataset.call ?? null };
  };
}
