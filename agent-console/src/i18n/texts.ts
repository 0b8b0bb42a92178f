import type { Binding, Device, NotVerifiedReason, Presence, RemovalReason } from '@civicline/protocol';
import type { AuditEntry } from '../state/audit.ts';

/** Every text of the console. A language is complete or does not compile. */
export interface Texts {
  product: string;
  loading: string;
  retry: string;
  close: string;
  cancel: string;
  dismiss: string;
  opensInNewTab: string;
  copy: (what: string) => string;
  copied: string;

  signIn: {
    title: string;
    intro: string;
    button: string;
    signedOutTitle: string;
    signedOutIntro: string;
    unreachableTitle: string;
    unreachableIntro: string;
  };

  header: {
    skipToCalls: string;
    skipToTable: string;
    language: string;
    settings: string;
    signOut: string;
    signedInAs: string;
    views: string;
    callsView: string;
    auditView: string;
  };

  presence: {
    heading: string;
    names: Record<Presence, string>;
    reason: string;
    reasonHint: string;
    /** By the code that the gateway gives as the reason; `other` for any that is not here. */
    notReachable: Record<NotReachableReason | 'other', string>;
    setReady: string;
  };

  device: {
    heading: string;
    names: Record<Device, string>;
    registered: string;
    notRegistered: string;
    connecting: string;
    softphoneInOtherTab: string;
    microphoneAsked: string;
    microphoneRefused: string;
    microphoneMissing: string;
    softphoneFailed: string;
    soundBlocked: string;
    allowSound: string;
    useSipPhone: string;
    noSipPhone: string;
    setUpSipPhone: string;
  };

  queues: {
    heading: string;
    none: string;
    closed: string;
    waiting: (count: number) => string;
    agentsReady: (count: number) => string;
  };

  calls: {
    title: string;
    waitingHeading: string;
    emptyTitle: string;
    emptyReady: string;
    emptyNotReady: string;
    emptyBusy: string;
    answer: string;
    answering: string;
    finishCurrentFirst: string;
    verified: string;
    notVerified: string;
    disclosedAt: (time: string) => string;
    bindings: Record<Binding, string>;
    numberAgrees: string;
    numberDiffers: string;
    contested: string;
    contestedWhy: string;
    notVerifiedReasons: Record<NotVerifiedReason, string>;
    purposeUnknown: string;
    callerUnknown: string;
    /** The button that opens and closes what else is known of a waiting call; `who` tells them apart. */
    details: (who: string) => string;
    waitsLong: string;
    waitsVeryLong: string;
    address: string;
    queue: string;
    callingNumber: string;
    numberWithheld: string;
    numberIsHint: string;
    waiting: string;
    attributes: string;
    links: string;
    transferredBy: (name: string) => string;
    cutOffFrom: (name: string) => string;
    colleaguesNote: string;
    transferredToYou: (name: string) => string;
    exchange: string;
    removed: Record<RemovalReason, string>;
  };

  /** The agent's own figures of today. */
  today: {
    heading: string;
    answered: string;
    average: string;
    total: string;
  };

  call: {
    heading: string;
    connecting: string;
    connectingBrowser: string;
    connectingPhone: string;
    interrupted: string;
    interruptedText: string;
    /** Without the gateway, which was away. */
    hungUpHere: string;
    hungUpHereText: string;
    connected: string;
    onHold: string;
    microphoneOff: string;
    wrapUp: string;
    duration: string;
    controls: string;
    mute: string;
    unmute: string;
    hold: string;
    resume: string;
    transfer: string;
    hangUp: string;
    note: string;
    noteHint: string;
    noteSaving: string;
    noteSaved: string;
    noteNotSaved: string;
    exchangeVoice: string;
    forwardNumber: string;
    noForwardNumber: string;
    wrapUpEndsIn: (duration: string) => string;
    wrapUpErases: string;
    finish: string;
  };

  transfer: {
    title: string;
    intro: string;
    ownQueue: string;
    yourNote: string;
    noNote: string;
    waited: string;
    queues: string;
    colleagues: string;
    noColleagues: string;
    confirm: string;
    chooseFirst: string;
  };

  sipPhone: {
    title: string;
    intro: string;
    user: string;
    password: string;
    server: string;
    keepSecret: string;
    failed: string;
  };

  /** Asked to sign out in a call. */
  signOutInCall: {
    title: string;
    text: string;
  };

  /** The sign-in is about to end. */
  sessionEnd: {
    title: (time: string) => string;
    now: string;
    afterCall: string;
    signInAgain: string;
  };

  connection: {
    connecting: string;
    offlineTitle: string;
    offlineText: string;
    /** Added to it while the voice of a call is in this page. */
    offlineVoice: string;
    telephonyTitle: string;
    telephonyText: string;
  };

  announcements: {
    ringing: (verification: string, purpose: string, waiting: number) => string;
    ringingMany: (count: number) => string;
    connected: string;
    interrupted: string;
    onHold: string;
    resumed: string;
    muted: string;
    unmuted: string;
    wrapUp: string;
    online: string;
  };

  settings: {
    title: string;
    sound: string;
    soundHint: string;
    notifications: string;
    notificationsHint: string;
    notificationsRefused: string;
    notificationsNone: string;
    shortcuts: string;
    shortcutsHint: string;
    shortcutsHeading: string;
    key: string;
    action: string;
    shortcutNames: Record<ShortcutAction, string>;
  };

  problems: {
    heading: string;
    unknown: (code: string) => string;
    byCode: Record<KnownProblem, string>;
  };

  audit: {
    title: string;
    intro: string;
    time: string;
    agents: string;
    call: string;
    attributes: string;
    reason: string;
    empty: string;
    failed: string;
    next: string;
    first: string;
    noneFits: string;
    filter: {
      heading: string;
      everybody: string;
      from: string;
      until: string;
      callHint: string;
      search: string;
      showAll: string;
      onlyCall: (id: string) => string;
    };
    saveTable: string;
    page: (page: number) => string;
    reasons: Record<AuditEntry['reason'], string>;
  };

  notification: {
    title: string;
    body: string;
  };
}

export const SHORTCUT_ACTIONS = ['answer', 'mute', 'hold', 'transfer', 'hang-up', 'note', 'help'] as const;
export type ShortcutAction = (typeof SHORTCUT_ACTIONS)[number];

/** Refusals that the console explains in its own words; another code is shown as it is. */
export const KNOWN_PROBLEMS = [
  'CONSOLE_OFFLINE',
  'CONSOLE_NO_REPLY',
  'CALL_UNKNOWN',
  'CALL_ALREADY_ANSWERED',
  'CALL_STATE_WRONG',
  'AGENT_BUSY',
  'AGENT_NOT_READY',
  'AGENT_NOT_REGISTERED',
  'AGENT_NOT_AVAILABLE',
  'QUEUE_CLOSED',
  'QUEUE_OWN',
  'TELEPHONY_UNAVAILABLE',
] as const;
export type KnownProblem = (typeof KNOWN_PROBLEMS)[number];

/** Why the gateway made an agent not reachable, as it stands in the reason of the presence. */
export const NOT_REACHABLE_REASONS = ['no-answer', 'not-registered', 'declined', 'busy', 'lost', 'no-phone'] as const;
export type NotReachableReason = (typeof NOT_REACHABLE_REASONS)[number];
