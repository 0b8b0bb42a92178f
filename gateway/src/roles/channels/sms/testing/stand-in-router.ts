import type { OutgoingSms, RoutedResult, Router, RouterListener, RouteStatus, SendResult } from '@civicline/sms';

export const SEGMENT_PRICE = 30_000;

export interface StandInRouter {
  connect(listener: RouterListener): Router;
  listener(): RouterListener;
  /** Answers none until told: each is then accepted, or withdrawn, as the channel says at that moment. */
  hold(): { waiting(count: number): Promise<void>; go(): void };
  /** All that were ever sent. */
  sent: OutgoingSms[];
  /** How the next ones are answered; at first each is accepted as one segment with the id `id-<count>`. */
  answer: (sms: OutgoingSms, count: number) => SendResult | Promise<SendResult>;
  setUp(up: boolean): void;
  breaker: RouteStatus['breaker'];
}

/** A stand-in for the routes: one route, `first`, that answers as it is told. */
export function standInRouter(): StandInRouter {
  let listener: RouterListener | undefined;
  let up = true;
  const router: StandInRouter = {
    sent: [],
    breaker: 'closed',
    answer: (_sms, count) => ({ kind: 'accepted', carrierIds: [`id-${count}`], segments: 1 }),
    listener() {
      if (!listener) throw new Error('Not connected.');
      return listener;
    },
    hold() {
      let go = () => {};
      const going = new Promise<void>((resolve) => {
        go = resolve;
      });
      router.answer = async ({ mayLeave }, count) => {
        await going;
        return mayLeave?.() === false
          ? { kind: 'withdrawn' }
          : { kind: 'accepted', carrierIds: [`id-${count}`], segments: 1 };
      };
      const before = router.sent.length;
      return {
        go: () => go(),
        async waiting(count) {
          while (router.sent.length < before + count) await new Promise((resolve) => setTimeout(resolve, 5));
        },
      };
    },
    setUp(value) {
      up = value;
      listener?.state('first', up);
    },
    connect(given) {
      listener = given;
      return {
        async send(sms): Promise<RoutedResult> {
          const count = router.sent.push(sms);
          return { route: 'first', segmentPrice: SEGMENT_PRICE, ...(await router.answer(sms, count)) };
        },
        routes: () => [{ name: 'first', kind: 'smpp', up, breaker: router.breaker, prefixes: ['+'], window: 50 }],
        mount: () => undefined,
        close: async () => undefined,
      };
    },
  };
  return router;
}
