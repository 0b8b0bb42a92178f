/**
 * The calls that have not ended, in memory and in the database. Each call has a chain of its own: one event after
 * another is put through the machine, written, told to whoever shows calls, and its commands carried out. Chains of
 * different calls never wait for each other.
 */
import type { Logger } from '../../../platform/http/index.ts';
import { createListeners } from '../../../platform/run/index.ts';
import { type Call, type CallCommand, type CallEvent, hasEnded, type LegCause, occupiesAgent } from './call.ts';
import { createCallWriter, type Writable } from './call-writer.ts';
import { nextDeadline, type Step, step } from './machine.ts';
import type { CallStore, Personal, StoredCall } from './store.ts';

/** A call as it is now. `call` is replaced, never changed; so is `personal`. */
export interface LiveCall {
  readonly call: Call;
  readonly personal: Personal;
}

export interface CallChange {
  /** Null for a call that has just arrived, or was found in the database at start. */
  before: Call | null;
  after: Call;
  personal: Personal;
}

/** An event, or what makes it when its turn comes: for what depends on the state of other calls at that moment. */
export type GivenEvent = CallEvent | (() => CallEvent);

export interface LiveCalls {
  all(): Iterable<LiveCall>;
  get(id: string): LiveCall | undefined;
  ofCaller(asteriskId: string, channelId: string): LiveCall | undefined;
  /** The call that occupies this agent. */
  ofAgent(agentId: string): LiveCall | undefined;
  waitingIn(organisationId: string, queueId: string): number;
  /** Takes up a new call: resolves when it is written and told. */
  begin(first: Step, personal: Personal): Promise<void>;
  /**
   * Puts an event through the machine. Resolves when the outcome is durable and told, before its commands are carried
   * out: false when the event changed nothing or, for a claim, when somebody else was first.
   */
  dispatch(id: string, event: GivenEvent): Promise<boolean>;
  /** The same for those who do not wait for the outcome. */
  post(id: string, event: GivenEvent): void;
  saveNote(id: string, note: string): Promise<void>;
  /** Takes up the calls that were live when the gateway ended; their timers start. */
  restore(stored: StoredCall[]): void;
  /** Returns how to stop listening. */
  onChange(listener: (change: CallChange) => void): () => void;
  /** Resolves when no call has anything left to do at the moment. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

interface Entry extends Writable {
  call: Call;
  personal: Personal;
  timer: NodeJS.Timeout | undefined;
  /** Reports that wait until the call is written. */
  owed: CallCommand[];
}

/** Commands that take effect with the transition itself. */
const WITH_TRANSITION: ReadonlySet<CallCommand['type']> = new Set([
  'keep-attributes',
  'erase-attributes',
  'agent-not-reachable',
]);

/** How long a call whose phone was ringing, or had gone, waits for word from Asterisk when the gateway has started again. */
const RECOVERY_MS = 10_000;
/** Node's timers take 2^31 - 1 ms at most. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export function createLiveCalls(options: {
  store: CallStore;
  /** Carries out one command; answers come back as events. */
  execute: (live: LiveCall, command: CallCommand) => Promise<void>;
  /** Takes effect with the transition, or the call would ring at the very agent who does not answer. */
  setAside: (agentId: string, cause: LegCause) => void;
  log: Logger;
  /** For tests. */
  writeAgainMs?: number;
}): LiveCalls {
  const { store, execute, setAside, log, writeAgainMs } = options;
  const entries = new Map<string, Entry>();
  const byCaller = new Map<string, Entry>();
  const byAgent = new Map<string, Entry>();
  const listeners = createListeners<{ change(change: CallChange): void }>((error) =>
    log.error({ error }, 'a listener of call changes failed'),
  );
  const writer = createCallWriter<Entry>({ store, log, writeAgainMs, writtenAgain: (entry) => carryOut(entry, []) });
  let closed = false;

  function take(entry: Entry): void {
    entries.set(entry.call.id, entry);
    const { source } = entry.call;
    if (source.kind === 'asterisk') byCaller.set(callerKey(source.asteriskId, source.channelId), entry);
    if (occupiesAgent(entry.call) && entry.call.agentId) byAgent.set(entry.call.agentId, entry);
    arm(entry);
  }

  function drop(entry: Entry): void {
    clearTimeout(entry.timer);
    entries.delete(entry.call.id);
    const { source } = entry.call;
    if (source.kind !== 'asterisk') return;
    const key = callerKey(source.asteriskId, source.channelId);
    if (byCaller.get(key) === entry) byCaller.delete(key);
  }

  function arm(entry: Entry): void {
    clearTimeout(entry.timer);
    const due = nextDeadline(entry.call);
    if (due === null || closed) return;
    const delay = Math.min(Math.max(due - Date.now(), 0), LONGEST_TIMER_MS);
    entry.timer = setTimeout(() => {
      // Timers may fire a millisecond early, and clocks are set back.
      if (Date.now() < due) arm(entry);
      else post(entry.call.id, { type: 'deadline', at: Date.now() });
    }, delay);
  }

  function become(entry: Entry, after: Call): void {
    const before = entry.call;
    entry.call = after;
    if (occupiesAgent(before) && before.agentId && byAgent.get(before.agentId) === entry)
      byAgent.delete(before.agentId);
    if (occupiesAgent(after) && after.agentId) byAgent.set(after.agentId, entry);
    arm(entry);
    listeners.emit('change', { before, after, personal: entry.personal });
  }

  /** Attributes come and go with the transition that says so, in the same row. */
  function personalAfter(personal: Personal, commands: CallCommand[]): Personal {
    let next = personal;
    for (const command of commands) {
      if (command.type === 'keep-attributes') next = { ...next, attributes: command.attributes };
      if (command.type === 'erase-attributes') next = { ...next, attributes: [] };
    }
    return next;
  }

  /**
   * The event's commands, once the outcome is durable; null when it changed nothing. A claim must be durable and won
   * before anybody hears of it. Everything else is told while it is written, so that the audit of what is shown goes
   * to disk with it; after a crash in between, recovery comes to the same outcome.
   */
  async function apply(entry: Entry, given: GivenEvent): Promise<CallCommand[] | null> {
    const before = entry.call;
    const event = typeof given === 'function' ? given() : given;
    const { call: after, commands } = step(before, event);
    if (after === before) return commands.length === 0 ? null : commands;
    if (event.type === 'claim' && !(await writer.claim(entry, after))) return null;
    const personal = personalAfter(entry.personal, commands);
    const isChanged = personal !== entry.personal || hasEnded(after);
    entry.personal = personal;
    log.info({ callId: after.id, event: event.type, from: before.state, to: after.state }, 'call');
    for (const command of commands) {
      if (command.type === 'agent-not-reachable') setAside(command.agentId, command.cause);
    }
    const writing = event.type === 'claim' ? undefined : writer.record(entry, after, isChanged ? personal : undefined);
    become(entry, after);
    await writing;
    return commands;
  }

  /**
   * A report has the request erase what from then on only the call's own row holds: it waits for that to be written. The
   * caller waits for neither.
   */
  async function carryOut(entry: Entry, commands: CallCommand[]): Promise<void> {
    for (const command of [...commands, ...entry.owed.splice(0)]) {
      if (WITH_TRANSITION.has(command.type)) continue;
      if (command.type === 'report' && writer.isBehind(entry)) {
        entry.owed.push(command);
        continue;
      }
      try {
        await execute(entry, command);
      } catch (error) {
        log.error({ error, callId: entry.call.id, command: command.type }, 'a command failed');
      }
    }
    if (hasEnded(entry.call)) drop(entry);
  }

  function dispatch(id: string, event: GivenEvent): Promise<boolean> {
    const entry = entries.get(id);
    if (!entry || closed) return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      entry.chain = entry.chain.then(async () => {
        try {
          const commands = await apply(entry, event);
          resolve(commands !== null);
          if (commands !== null) await carryOut(entry, commands);
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  function post(id: string, event: GivenEvent): void {
    dispatch(id, event).catch((error) => log.error({ error, callId: id }, 'an event failed'));
  }

  return {
    all: () => entries.values(),
    get: (id) => entries.get(id),
    ofCaller: (asteriskId, channelId) => byCaller.get(callerKey(asteriskId, channelId)),
    ofAgent: (agentId) => byAgent.get(agentId),
    waitingIn(organisationId, queueId) {
      let count = 0;
      for (const { call } of entries.values()) {
        if (call.state === 'queued' && call.organisationId === organisationId && call.rules?.queueId === queueId) {
          count += 1;
        }
      }
      return count;
    },
    begin(first, personal) {
      const entry: Entry = { call: first.call, personal, chain: Promise.resolve(), timer: undefined, owed: [] };
      take(entry);
      return new Promise((resolve) => {
        entry.chain = entry.chain.then(async () => {
          const written = writer.record(entry, first.call, personal);
          // What its commands write goes to disk with it: the code is used up by a call that is there, or not at all.
          const carriedOut = carryOut(entry, first.commands);
          await written;
          listeners.emit('change', { before: null, after: first.call, personal });
          resolve();
          await carriedOut;
        });
      });
    },
    dispatch,
    post,
    saveNote(id, note) {
      const entry = entries.get(id);
      if (!entry || entry.personal.note === note) return Promise.resolve();
      return new Promise((resolve, reject) => {
        entry.chain = entry.chain.then(async () => {
          try {
            const personal = { ...entry.personal, note };
            await writer.save(entry, entry.call, personal);
            entry.personal = personal;
            listeners.emit('change', { before: entry.call, after: entry.call, personal });
            resolve();
          } catch (error) {
            reject(error);
          }
        });
      });
    },
    restore(stored) {
      for (const { call: written, personal } of stored) {
        const call = leftToRecovery(written, Date.now());
        take({ call, personal, chain: Promise.resolve(), timer: undefined, owed: [] });
        listeners.emit('change', { before: null, after: call, personal });
      }
    },
    onChange: (listener) => listeners.on('change', listener),
    async idle() {
      for (let chains = 0; chains < 1_000; chains += 1) {
        const pending = [...entries.values()].map(({ chain }) => chain);
        await Promise.all(pending);
        const now = [...entries.values()].map(({ chain }) => chain);
        if (now.length === pending.length && now.every((chain, i) => chain === pending[i])) return;
      }
    },
    async close() {
      closed = true;
      for (const { timer } of entries.values()) clearTimeout(timer);
      await Promise.all([...[...entries.values()].map(({ chain }) => chain), writer.close()]);
    },
  };
}

/**
 * A phone that rang when the gateway ended may have been answered meanwhile: that the ring time is over says nothing
 * before Asterisk has been asked. Nor does what was known of phones.
 */
function leftToRecovery(call: Call, at: number): Call {
  const { ringUntil, interruption } = call;
  return {
    ...call,
    ringUntil: ringUntil && Math.max(ringUntil, at + RECOVERY_MS),
    interruption: interruption && { ...interruption, until: Math.max(interruption.until, at + RECOVERY_MS) },
    phoneGoneUntil: null,
  };
}

function callerKey(asteriskId: string, channelId: string): string {
  return `${asteriskId} ${channelId}`;
}
