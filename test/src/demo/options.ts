/** The command line of `npm run demo:call`. */
import { parseArgs } from 'node:util';
import { LANGUAGES, languageSchema } from '@civicline/protocol';
import { type CitizenPlan, MOMENTS, type Moment } from './citizen-plan.ts';

export interface CallOptions {
  help: boolean;
  json: boolean;
  callers: number;
  plan: CitizenPlan;
}

export const CALL_HELP = `npm run demo:call -- [options]

Plays a citizen against a running npm start: asks for a call, discloses with a headless Yivi wallet, dials the
returned tel: URL into Asterisk, keys the code, waits for an agent, talks and hangs up. Answer in the agent
console, or with: npm run demo:agent

  --organisation ID     default voorbeeldstad
  --purpose ID          default verhuizing
  --language LANGUAGE   ${LANGUAGES.join(', ')}; default nl
  --no-code             call the number without disclosing anything
  --wrong-code          key a code that is not the one given
  --half-code           key the first four digits only
  --tone-ms N           length of each keyed tone; default 100
  --gap-ms N            silence between two tones; default 60
  --pause-ms N          pause for each comma of the tel: URL; default 2000
  --hang-up-after WHEN  seconds from dialling, or one of ${MOMENTS.join(', ')}
  --wait-seconds N      how long to wait for an agent; default 60, with --json or without a terminal 5
  --talk-seconds N      how long to talk with one; default 5
  --callers N           so many citizens at once, each with a wallet of their own; default 1
  --json                print one JSON object per call
  --help

Ends with status 0 when every call went as these options let expect, else 1. Ctrl-C hangs up.
`;

/** Waiting for a person at a console takes longer than waiting for a script. */
const WAIT_SECONDS = { person: '60', script: '5' };

/** @throws TypeError that says which option is wrong. */
export function readCallOptions(args: string[], isTerminal: boolean): CallOptions {
  const { values } = parseArgs({
    args,
    options: {
      organisation: { type: 'string', default: 'voorbeeldstad' },
      purpose: { type: 'string', default: 'verhuizing' },
      language: { type: 'string', default: 'nl' },
      'no-code': { type: 'boolean', default: false },
      'wrong-code': { type: 'boolean', default: false },
      'half-code': { type: 'boolean', default: false },
      'tone-ms': { type: 'string', default: '100' },
      'gap-ms': { type: 'string', default: '60' },
      'pause-ms': { type: 'string', default: '2000' },
      'hang-up-after': { type: 'string' },
      'wait-seconds': { type: 'string' },
      'talk-seconds': { type: 'string', default: '5' },
      callers: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const language = languageSchema.safeParse(values.language);
  if (!language.success) throw new TypeError(`--language takes one of ${LANGUAGES.join(', ')}`);
  const hangUpAfter = values['hang-up-after'];
  const waiter = isTerminal && !values.json ? 'person' : 'script';
  return {
    help: values.help,
    json: values.json,
    callers: number('--callers', values.callers, { least: 1, most: 500, whole: true }),
    plan: {
      organisation: values.organisation,
      purpose: values.purpose,
      language: language.data,
      code: codeOf(values),
      toneMs: number('--tone-ms', values['tone-ms'], { least: 1, most: 2000 }),
      gapMs: number('--gap-ms', values['gap-ms'], { least: 0, most: 10_000 }),
      pauseMs: number('--pause-ms', values['pause-ms'], { least: 0, most: 60_000 }),
      waitSeconds: number('--wait-seconds', values['wait-seconds'] ?? WAIT_SECONDS[waiter], { least: 0, most: 86_400 }),
      talkSeconds: number('--talk-seconds', values['talk-seconds'], { least: 0, most: 86_400 }),
      ...(hangUpAfter === undefined ? {} : { hangUpAfter: moment(hangUpAfter) }),
    },
  };
}

function codeOf(values: { 'no-code': boolean; 'wrong-code': boolean; 'half-code': boolean }): CitizenPlan['code'] {
  const chosen = (['none', 'wrong', 'half'] as const).filter((code) => values[`${code === 'none' ? 'no' : code}-code`]);
  if (chosen.length > 1) throw new TypeError('choose one of --no-code, --wrong-code and --half-code');
  return chosen[0] ?? 'whole';
}

function moment(text: string): number | Moment {
  const named = MOMENTS.find((one) => one === text);
  return named ?? number(`--hang-up-after (seconds, or ${MOMENTS.join(', ')})`, text, { least: 0, most: 86_400 });
}

/** @throws TypeError naming the option and what it takes */
export function number(option: string, text: string, range: { least: number; most: number; whole?: boolean }): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  const fits = value >= range.least && value <= range.most && (!range.whole || Number.isInteger(value));
  if (!fits)
    throw new TypeError(`${option} takes a ${range.whole ? 'whole ' : ''}number from ${range.least} to ${range.most}`);
  return value;
}
