import { type Loop, startLoop } from '@civicline/protocol/run';
import type { Logger } from '../../../platform/http/index.ts';
import { IrmaError } from '../../directory/irma/index.ts';
import { DISCLOSURE_SECONDS, type Disclosures } from './disclosures.ts';
import type { Statuses } from './statuses.ts';
import type { CallRequest, RequestStore } from './store.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;

/** Pause between two rounds of asking the IRMA server about the open disclosures. */
const RECONCILE_MS = 2 * SECOND;
/** Who has not disclosed by then thinks it over; the callback brings the end anyway. */
const RECONCILE_OFTEN_MS = 60 * SECOND;
/** Of those, one round in so many asks. */
const RECONCILE_RARELY = 5;
const RECONCILE_AT_ONCE = 8;
const RECONCILE_PAGE = 200;
const SWEEP_MS = 2 * SECOND;
const CATCH_UP_MS = 5 * SECOND;
const CATCH_UP_PAGE = 500;

/** The IRMA server allows 15 minutes more once the app has connected. */
const AWAITING_LIMIT_MS = DISCLOSURE_SECONDS * SECOND + 16 * 60 * SECOND;
/** Longer than any call; for those whose end was never reported. */
const CALL_LIMIT_MS = 24 * HOUR;
/** How long a finished request still answers `code-used` or `code-expired`, and its page the last state. */
const REMEMBER_MS = HOUR;

export interface UpkeepOptions {
  store: RequestStore;
  disclosures: Disclosures;
  statuses: Statuses;
  onChange: (request: CallRequest) => void;
  /** How long failed tries count. */
  triesMs: number;
  log: Logger;
  now: () => number;
}

/** What has to happen without anybody asking for it; each function is one round. */
export interface Upkeep {
  /** Callbacks get lost: asks the IRMA server about every open disclosure. `since`: only about those begun later. */
  reconcileAll(since?: number): Promise<void>;
  /** Ends what has expired, erasing its code and attributes, and forgets what is long over. */
  sweep(): Promise<void>;
  /** Tells the pages here what another gateway did to the requests that they follow. */
  catchUp(): Promise<void>;
  /** Runs all again and again until the returned function is called, which waits for the round under way. */
  start(): () => Promise<void>;
}

export function createUpkeep(options: UpkeepOptions): Upkeep {
  const { store, disclosures, statuses, onChange, triesMs, log, now } = options;

  async function reconcileAll(since = 0): Promise<void> {
    for (let after = ''; ; ) {
      const open = await store.awaitingDisclosure(after, since, RECONCILE_PAGE);
      const last = open.at(-1);
      if (!last) return;
      after = last.id;
      // One that does not answer answers the others neither: try all again in the next round.
      if (!(await reconcileSome(open))) return;
    }
  }

  /** false: the IRMA server cannot be reached. */
  async function reconcileSome(open: CallRequest[]): Promise<boolean> {
    let reachable = true;
    const queue = open.values();
    const work = async () => {
      for (const request of queue) {
        if (!reachable) return;
        try {
          await disclosures.reconcile(request);
        } catch (error) {
          if (!(error instanceof IrmaError)) throw error;
          reachable = false;
        }
      }
    };
    await Promise.all(Array.from({ length: RECONCILE_AT_ONCE }, work));
    return reachable;
  }

  async function sweep(): Promise<void> {
    const at = now();
    const ended = await store.expire({
      now: at,
      awaitingSince: at - AWAITING_LIMIT_MS,
      redeemedSince: at - CALL_LIMIT_MS,
    });
    for (const request of ended) onChange(request);
    await store.forget({ endedBefore: at - REMEMBER_MS, triedBefore: at - triesMs });
  }

  async function catchUp(): Promise<void> {
    const followed = statuses.followed();
    for (let i = 0; i < followed.length; i += CATCH_UP_PAGE) {
      for (const status of await store.statuses(followed.slice(i, i + CATCH_UP_PAGE))) statuses.publish(status);
    }
  }

  function start(): () => Promise<void> {
    let rounds = 0;
    const reconcile = () => reconcileAll(rounds++ % RECONCILE_RARELY === 0 ? 0 : now() - RECONCILE_OFTEN_MS);
    const loops = [repeat(reconcile, RECONCILE_MS), repeat(sweep, SWEEP_MS), repeat(catchUp, CATCH_UP_MS)];
    return async () => void (await Promise.all(loops.map((loop) => loop.stop())));
  }

  /** One round after the other, never two at once; a failed one is logged and the next one comes all the same. */
  function repeat(round: () => Promise<void>, pauseMs: number): Loop {
    return startLoop(
      async () => {
        await round();
        return pauseMs;
      },
      (error) => log.error({ error, round: round.name }, 'upkeep of call requests failed'),
      { afterFailure: { firstMs: pauseMs, longestMs: pauseMs } },
    );
  }

  return { reconcileAll, sweep, catchUp, start };
}
