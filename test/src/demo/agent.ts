/** `npm run demo:agent`: plays an agent. */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { readRunFile } from '@civicline/launcher/run-file';
import { type Binding, type CallView, localize, type NotVerifiedReason, type RemovalReason } from '@civicline/protocol';
import { type AgentEvent, startAgentLine } from './agent-line.ts';
import { number } from './options.ts';

const HELP = `npm run demo:agent -- [options]

Plays an agent against a running npm start: signs in, registers a SIP phone, opens the console, answers what rings and
prints what the console would show. Play the caller with: npm run demo:call

  --agent ID          one of the demo's agents; default agent-a
  --answer            answer what rings (default)
  --no-answer         only watch
  --once              end after one answered call
  --talk-seconds N    hang up after so many seconds; without it the caller does
  --note TEXT         what to write down in wrap-up
  --json              print one JSON object per call that left the console
  --help

Ctrl-C signs off.
`;

const DEFAULT_NOTE = 'Answered by the scripted agent.';

const BINDINGS_IN_WORDS: Record<Binding, string> = {
  'app-dialled': 'the app’s own phone called',
  'pairing-code': 'digits copied from the app, another phone called',
};
const REASONS: Record<NotVerifiedReason, string> = {
  'no-code': 'called without a code',
  'code-incomplete': 'keyed too few digits',
  'code-unknown': 'keyed a code that does not exist',
  'code-expired': 'keyed a code that has expired',
  'code-used': 'keyed a code that was used before',
  'disclosure-not-finished': 'did not finish the disclosure',
  'request-cancelled': 'cancelled the request after disclosing',
  'too-many-tries': 'keyed wrong codes too often',
};

const REMOVALS: Record<RemovalReason, string> = {
  'answered-elsewhere': 'answered by a colleague',
  abandoned: 'the caller hung up',
  transferred: 'transferred',
  closed: 'closed',
  fallback: 'could not be served',
};

try {
  process.exitCode = await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = error instanceof TypeError ? 2 : 1;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      agent: { type: 'string', default: 'agent-a' },
      answer: { type: 'boolean', default: true },
      'no-answer': { type: 'boolean', default: false },
      once: { type: 'boolean', default: false },
      'talk-seconds': { type: 'string' },
      note: { type: 'string', default: DEFAULT_NOTE },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const talkSeconds = values['talk-seconds'];
  const { gatewayUrl, agents } = await readRunFile();
  const agent = agents.find(({ id }) => id === values.agent);
  if (!agent) throw new TypeError(`--agent takes one of ${agents.map(({ id }) => id).join(', ')}`);

  const over = ending();
  const answered = new Set<string>();
  const line = await startAgentLine({
    gatewayUrl,
    person: agent.signIn,
    answer: values.answer && !values['no-answer'],
    note: values.note,
    ...(talkSeconds === undefined
      ? {}
      : { talkSeconds: number('--talk-seconds', talkSeconds, { least: 0, most: 86_400 }) }),
    tell(event) {
      if (!values.json) console.log(inWords(event, agent.name));
      if (event.kind === 'talking') answered.add(event.call.id);
      if (event.kind === 'signed-out') over.end(1);
      if (event.kind !== 'gone') return;
      const wasOurs = answered.delete(event.call.id);
      if (values.json) console.log(JSON.stringify(jsonOf(event, wasOurs)));
      if (values.once && wasOurs) over.end(0);
    },
  });
  return over.ended.finally(() => line.stop());
}

function ending(): { ended: Promise<number>; end(code: number): void } {
  let end: (code: number) => void = () => {};
  const ended = new Promise<number>((resolve) => {
    end = resolve;
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => end(0));
  return { ended, end };
}

/** An event in words. */
function inWords(event: AgentEvent, name: string): string {
  switch (event.kind) {
    case 'ready':
      return `${name} is ready; the SIP phone is registered. Ctrl-C signs off.`;
    case 'connected':
      return 'The console is connected again.';
    case 'disconnected':
      return 'The console lost its connection and tries again …';
    case 'signed-out':
      return 'Signed out.';
    case 'not-reachable':
      return 'The phone could not be reached; ready again in a moment.';
    case 'rings':
      return describe(event.call).join('\n');
    case 'answering':
      return '  → answering';
    case 'refused':
      return `  → not possible: ${event.code}`;
    case 'talking':
      return '  → connected';
    case 'heard':
      return '  → hears the caller';
    case 'wrapping-up':
      return '  → the conversation is over; wrapping up';
    case 'gone':
      return `  → ${REMOVALS[event.reason]}`;
  }
}

/** What the console shows of a ringing call. */
function describe(call: CallView): string[] {
  const { verification, purpose, callingNumber, attributes, links } = call;
  const width = Math.max(0, ...attributes.map(({ label }) => localize(label, 'en').length));
  return [
    '',
    verification.kind === 'verified'
      ? `■ VERIFIED CALLER: ${BINDINGS_IN_WORDS[verification.binding]}`
      : `○ NOT VERIFIED: the caller ${REASONS[verification.reason]}`,
    `  ${purpose ? localize(purpose.title, 'en') : 'Purpose unknown'} · ${callingNumber ?? 'number withheld'}`,
    ...attributes.map(({ label, value }) => `  ${localize(label, 'en').padEnd(width)}  ${value}`),
    ...links.map(({ label, url }) => `  ${localize(label, 'en')}: ${url}`),
  ];
}

function jsonOf({ call, reason, heardCaller }: Extract<AgentEvent, { kind: 'gone' }>, answered: boolean) {
  const { id, verification, organisation, purpose, queueId, callingNumber, attributes, links } = call;
  return {
    call: id,
    verified: verification.kind === 'verified',
    ...(verification.kind === 'verified' ? { binding: verification.binding } : { reason: verification.reason }),
    organisation: organisation.id,
    purpose: purpose?.id ?? null,
    queue: queueId,
    callingNumber,
    attributes: attributes.map(({ id: attribute, value }) => ({ id: attribute, value })),
    links: links.map(({ url }) => url),
    answered,
    heardCaller,
    ended: reason,
  };
}
