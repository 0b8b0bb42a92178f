import { URGENCIES } from '@civicline/protocol';
import { type Call, type Command, CommandError, noWords, table } from './command.ts';
import { readSamples, type Sample } from './metrics-text.ts';

export const queueCommands: Command[] = [
  {
    name: 'queue',
    usage: 'queue',
    summary: 'What waits, by lane: at SMIS for each channel, and at the channels themselves.',
    options: {},
    async run(call) {
      noWords(call);
      const queues = queuesOf(await readMetrics(call));
      const rows = queues.map(({ queue, lane, waiting, underWay }) => [queue, lane, waiting, underWay]);
      return { text: table(['QUEUE', 'LANE', 'WAITING', 'UNDER WAY'], rows), json: queues };
    },
  },
  {
    name: 'routes',
    usage: 'routes',
    summary: 'How the SMS routes do, since the gateway started.',
    options: {},
    async run(call) {
      noWords(call);
      const routes = routesOf(await readMetrics(call));
      const rows = routes.map(({ route, up, accepted, failed, delivered, undelivered }) => [
        route,
        up ? 'up' : 'down',
        accepted,
        failed,
        delivered,
        undelivered,
      ]);
      const heads = ['ROUTE', 'STATE', 'ACCEPTED', 'REFUSED', 'SEGMENTS DELIVERED', 'NOT DELIVERED'];
      return { text: table(heads, rows), json: routes };
    },
  },
];

/** Of all processes together: each role measures its own. */
async function readMetrics({ settings }: Call): Promise<Sample[]> {
  return (await Promise.all(settings.gatewayUrls().map(readMetricsAt))).flat();
}

async function readMetricsAt(gatewayUrl: string): Promise<Sample[]> {
  const url = `${gatewayUrl}/metrics`;
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) }).catch(() => null);
  if (!response?.ok) throw new CommandError(`The gateway does not answer at ${url}`);
  return readSamples(await response.text());
}

/** The queue of a channel, whichever there are. */
const CHANNEL_QUEUE = /^civicline_(sms|email|app)_queue$/;

interface Queue {
  queue: string;
  lane: string;
  waiting: number;
  underWay: number;
}

function queuesOf(samples: readonly Sample[]): Queue[] {
  const queues = new Map<string, Queue>();
  const add = (queue: string, lane: string, counts: Partial<Queue>) => {
    const known = queues.get(`${queue} ${lane}`) ?? { queue, lane, waiting: 0, underWay: 0 };
    queues.set(`${queue} ${lane}`, { ...known, ...counts });
  };
  for (const { name, labels, value } of samples) {
    const lane = labels.lane ?? '';
    if (name === 'civicline_messages_queued') {
      add(`messages for ${labels.channel}`, URGENCIES[Number(lane)] ?? lane, { waiting: value });
    }
    const channel = CHANNEL_QUEUE.exec(name)?.[1];
    if (channel !== undefined) {
      add(channel, lane, labels.state === 'leased' ? { underWay: value } : { waiting: value });
    }
  }
  return [...queues.values()];
}

interface Route {
  route: string;
  up: boolean;
  /** By the carrier, since the gateway started. */
  accepted: number;
  failed: number;
  /** Segments, by receipts. */
  delivered: number;
  undelivered: number;
}

function routesOf(samples: readonly Sample[]): Route[] {
  const of = (name: string, route: string | undefined) =>
    samples.filter((sample) => sample.name === name && sample.labels.route === route);
  const sum = (some: readonly Sample[]) => some.reduce((total, { value }) => total + value, 0);
  return samples
    .filter(({ name }) => name === 'civicline_sms_route_up')
    .map(({ labels: { route = '' }, value }) => {
      const results = of('civicline_sms_results_total', route);
      const receipts = of('civicline_sms_receipts_total', route);
      return {
        route,
        up: value === 1,
        accepted: sum(results.filter(({ labels }) => labels.result === 'accepted')),
        failed: sum(results.filter(({ labels }) => labels.result !== 'accepted')),
        delivered: sum(receipts.filter(({ labels }) => labels.result === 'delivered')),
        undelivered: sum(receipts.filter(({ labels }) => labels.result !== 'delivered')),
      };
    });
}
