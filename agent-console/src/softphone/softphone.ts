/**
 * The telephone in the page, as the console sees it.
 *
 *   registration (one account is enough; a call comes by the account of its Asterisk):
 *                  stopped ──register──► connecting ◄──────► registered
 *                     ▲                      │  ▲ goes on trying
 *                     └──── unregister       ▼  │ with fresh credentials
 *                                          failed
 *
 *   session:       none ──INVITE──► ringing ──answer──► active ──BYE──► none
 *                    ▲                 │ CANCEL
 *                    └─────────────────┘
 */
import type { SoftphoneCredentials } from '@civicline/protocol';

export type Registration = 'stopped' | 'connecting' | 'registered' | 'failed';
export type Session = 'none' | 'ringing' | 'active';

export interface SoftphoneState {
  registration: Registration;
  session: Session;
  /** The browser would not play the caller's voice until the agent does something in the page. */
  soundBlocked: boolean;
}

export const STOPPED: SoftphoneState = { registration: 'stopped', session: 'none', soundBlocked: false };

export interface Softphone {
  /** Registers with every account, and stays registered; called again, it starts anew with these credentials. */
  register(credentials: SoftphoneCredentials): void;
  /** Ends the registration; a session is left, and the other side told that nobody hung up. */
  unregister(): void;
  /** Takes the ringing session; without one it does nothing. */
  answer(): void;
  /** Hangs up, without asking anybody. */
  hangUp(): void;
  setMuted(muted: boolean): void;
  /** Plays the caller's voice after the browser blocked it; to be called from a click. */
  playSound(): void;
  /** Calls the listener with every new state. Returns the function that ends this. */
  subscribe(listener: (state: SoftphoneState) => void): () => void;
}
