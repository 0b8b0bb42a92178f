/** `civicline-send`: one message followed to its end, or a file of many. */
import { createSender, type OutgoingMessage, type Sender, SenderError } from '../index.ts';
import { messagesIn } from './file.ts';
import { countryHint, describeMistakes } from './mistakes.ts';
import { accepted, stepsOf } from './steps.ts';
import { type Command, HELP, readCommand, UsageError } from './usage.ts';
import { destination } from './where.ts';

/** The process it runs in, as far as it is used. */
export interface Terminal {
  env: NodeJS.ProcessEnv;
  stdin: AsyncIterable<unknown>;
  stdout: { write(text: string): unknown };
  stderr: { write(text: string): unknown };
}

const DELIVERED = 0;
const NOT_DELIVERED = 1;
const NOT_UNDERSTOOD = 2;

/** Resolves with the exit code. */
export async function send(args: readonly string[], terminal: Terminal): Promise<number> {
  const say = (text: string) => terminal.stderr.write(`${text}\n`);
  let command: Command | null = null;
  try {
    command = readCommand(args);
    if (command.help) {
      terminal.stdout.write(`${HELP}\n`);
      return DELIVERED;
    }
    const { url, key, phonesUrl } = await destination(command, terminal.env);
    const sender = createSender({ url, key, ...(command.country && { country: command.country }) });
    if (command.file !== undefined) return await sendFile(sender, command, command.file, terminal);
    return await sendOne(sender, command, terminal, phonesUrl);
  } catch (error) {
    if (error instanceof UsageError) {
      say(`${error.message}\n(--help shows all options)`);
      return NOT_UNDERSTOOD;
    }
    if (!(error instanceof SenderError)) throw error;
    say(describeMistakes(error));
    const hint = countryHint(error.code, command?.country, command?.message.to?.phone);
    if (hint) say(hint);
    if (error.retryAfterSeconds !== undefined) say(`SMIS asks to wait for ${error.retryAfterSeconds} s.`);
    // What was wrong with the input, not with SMIS.
    return error.status === undefined && error.errors.length > 0 ? NOT_UNDERSTOOD : NOT_DELIVERED;
  }
}

async function sendOne(sender: Sender, command: Command, terminal: Terminal, phonesUrl?: string): Promise<number> {
  const { json, waitSeconds } = command;
  const message = command.message as OutgoingMessage;
  if (message.text === '-') message.text = await textFrom(terminal.stdin);
  const write = (text: string) => terminal.stdout.write(`${text}\n`);

  const { sms, ...first } = await sender.send(message);
  write(json ? JSON.stringify({ ...first, sms }) : accepted(first.id, sms));
  if (phonesUrl && !json) write(`${'phones'.padEnd(14)}${phonesUrl}`);
  if (waitSeconds === null) return DELIVERED;

  const told = new Set<string>();
  const limit = AbortSignal.timeout(waitSeconds * 1000);
  try {
    for await (const view of sender.follow(first.id, { signal: limit })) {
      if (json) write(JSON.stringify(view));
      for (const step of stepsOf(view)) {
        if (!json && !told.has(step)) write(step);
        told.add(step);
      }
      if (view.state === 'delivered' || view.state === 'read') return DELIVERED;
    }
  } catch (error) {
    if (!limit.aborted) throw error;
    terminal.stderr.write(`No end after ${waitSeconds} s; the message goes on without this command.\n`);
  }
  return NOT_DELIVERED;
}

const PROGRESS_EVERY_MS = 1_000;

async function sendFile(sender: Sender, command: Command, file: string, terminal: Terminal): Promise<number> {
  const started = Date.now();
  let done = 0;
  let refused = 0;
  let hint: string | null = null;
  const progress = () => {
    const perSecond = Math.round((done * 1000) / Math.max(1, Date.now() - started));
    terminal.stderr.write(`${done - refused} accepted, ${refused} refused, ${perSecond}/s\n`);
  };
  const timer = setInterval(progress, PROGRESS_EVERY_MS);
  try {
    const { to: _none, ...defaults } = command.message;
    // A file is worth waiting for.
    const answers = sender.sendMany(messagesIn(file, defaults), { patienceMs: 15 * 60_000 });
    for await (const answer of answers) {
      done++;
      if (command.json) terminal.stdout.write(`${JSON.stringify(answer)}\n`);
      if (!('problem' in answer)) continue;
      refused++;
      hint ??= countryHint(answer.problem.code, command.country);
      if (!command.json)
        terminal.stderr.write(`message ${answer.index + 1}: ${answer.problem.code} ${answer.problem.title}\n`);
    }
  } catch (error) {
    if (!(error instanceof UsageError)) {
      terminal.stderr.write(`Stopped after ${done} answers; of the other messages nothing is known.\n`);
      throw error;
    }
    if (done === refused) throw error;
    // Not for want of understanding: whoever repeats the command would send them twice.
    terminal.stderr.write(
      `${error.message}\nThe first ${done} messages were sent; mend the file and send the others.\n`,
    );
    return NOT_DELIVERED;
  } finally {
    clearInterval(timer);
    progress();
    if (hint) terminal.stderr.write(`${hint}\n`);
  }
  return refused === 0 ? DELIVERED : NOT_DELIVERED;
}

async function textFrom(stdin: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Buffer));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)).replace(/\r?\n$/, '');
  } catch {
    throw new UsageError('standard input is not UTF-8');
  }
}
