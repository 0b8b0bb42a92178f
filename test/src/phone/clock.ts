/**
 * The one timer behind every phone of this process: SIP timers, RTP packets and DTMF digits of any number of calls wait
 * in one heap, and one `setTimeout` is armed for the earliest of them.
 */

export type Cancel = () => void;

export interface Clock {
  /** Milliseconds, monotonic, with fractions. */
  now(): number;
  /** Runs the action at that time of `now()`, or at once when it has passed. The returned function calls it off. */
  at(time: number, action: () => void): Cancel;
  after(milliseconds: number, action: () => void): Cancel;
}

interface Alarm {
  time: number;
  /** Alarms of the same time go off in the order in which they were set. */
  order: number;
  action: (() => void) | null;
}

interface AlarmHeap {
  push(alarm: Alarm): void;
  peek(): Alarm | undefined;
  pop(): Alarm | undefined;
}

/** Timers of Node may fire this much early; such an alarm is taken as due. */
const EARLY_MS = 0.5;

export const systemClock: Clock = createSystemClock();

/** A clock that moves only when told to, for tests of what happens after half a minute. */
export interface VirtualClock extends Clock {
  /** Lets that much time pass, running what becomes due in its order. */
  advance(milliseconds: number): void;
}

export function createVirtualClock(): VirtualClock {
  const heap = createHeap();
  let time = 0;
  let order = 0;
  const at = (due: number, action: () => void) => setAlarm(heap, { time: Math.max(due, time), order: order++, action });
  return {
    now: () => time,
    at,
    after: (milliseconds, action) => at(time + milliseconds, action),
    advance(milliseconds) {
      const until = time + milliseconds;
      for (let next = heap.peek(); next !== undefined && next.time <= until; next = heap.peek()) {
        heap.pop();
        time = next.time;
        next.action?.();
      }
      time = until;
    },
  };
}

function createSystemClock(): Clock {
  const heap = createHeap();
  let order = 0;
  let timeout: NodeJS.Timeout | undefined;
  let armedFor = Number.POSITIVE_INFINITY;

  const arm = () => {
    const next = heap.peek();
    if (next === undefined || next.time >= armedFor) return;
    clearTimeout(timeout);
    armedFor = next.time;
    // Open sockets keep the process alive, not the waiting for something that may never come.
    timeout = setTimeout(ring, Math.max(0, next.time - performance.now())).unref();
  };
  const ring = () => {
    armedFor = Number.POSITIVE_INFINITY;
    const due = performance.now() + EARLY_MS;
    try {
      for (let next = heap.peek(); next !== undefined && next.time <= due; next = heap.peek()) {
        heap.pop();
        next.action?.();
      }
    } finally {
      arm();
    }
  };
  const at = (time: number, action: () => void) => {
    const cancel = setAlarm(heap, { time, order: order++, action });
    arm();
    return cancel;
  };
  return {
    now: () => performance.now(),
    at,
    after: (milliseconds, action) => at(performance.now() + milliseconds, action),
  };
}

/** A cancelled alarm stays in the heap, empty, until its time: cheaper than looking for it. */
function setAlarm(heap: AlarmHeap, alarm: Alarm): Cancel {
  heap.push(alarm);
  return () => {
    alarm.action = null;
  };
}

function createHeap(): AlarmHeap {
  const alarms: Alarm[] = [];
  return {
    peek: () => alarms[0],
    push(alarm) {
      let index = alarms.push(alarm) - 1;
      while (index > 0) {
        const parent = (index - 1) >> 1;
        if (!before(alarm, alarms[parent])) break;
        alarms[index] = alarms[parent] as Alarm;
        index = parent;
      }
      alarms[index] = alarm;
    },
    pop() {
      const first = alarms[0];
      const last = alarms.pop();
      if (first === undefined || last === undefined || alarms.length === 0) return first;
      let index = 0;
      for (;;) {
        let child = 2 * index + 1;
        if (child >= alarms.length) break;
        if (before(alarms[child + 1], alarms[child])) child++;
        if (!before(alarms[child], last)) break;
        alarms[index] = alarms[child] as Alarm;
        index = child;
      }
      alarms[index] = last;
      return first;
    },
  };
}

function before(a: Alarm | undefined, b: Alarm | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}
