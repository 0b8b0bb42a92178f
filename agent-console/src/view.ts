import { useEffect, useState } from 'preact/hooks';
import type { Session } from './session.ts';

export type View = 'calls' | 'audit';

/** The part of the console on the screen: from the address, as far as the roles allow. */
export function useView(roles: Session['roles']): View {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    window.addEventListener('hashchange', follow);
    return () => window.removeEventListener('hashchange', follow);
  }, []);
  return chooseView(hash, roles);
}

export function chooseView(hash: string, roles: Session['roles']): View {
  // `#audit-main` and `#calls-main`, where the skip links lead, are places in these views.
  const wanted: View = hash.startsWith('#audit') ? 'audit' : 'calls';
  const allowed: View[] = [
    ...(roles.includes('agent') ? ['calls' as const] : []),
    ...(roles.includes('auditor') ? ['audit' as const] : []),
  ];
  return allowed.includes(wanted) ? wanted : (allowed[0] ?? 'calls');
}
