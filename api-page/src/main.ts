/**
 * Makes the form of the API page work.
 *
 *   submit → checked → sealed here → POST /v1/messages → GET /v1/messages/{id} until its end
 *
 * A request whose answer got lost is repeated as it was, under the same Idempotency-Key, when the form is submitted again
 * unchanged: so it cannot be sent twice.
 */
import type { MessageInput, MessageView } from '@civicline/protocol';
import { SealingError, sealPart } from '@civicline/protocol/sealing';
import { sizeOfText } from '@civicline/sms/text';
import { type Input, readForm } from './input.ts';
import './send.css';
import { type Asking, channels, message, NoAnswer, Refused, submit } from './smis.ts';
import { isEnded, stepsOf } from './steps.ts';
import { createView, type View } from './view.ts';

/** A request that went out and was not answered. */
interface Unanswered {
  form: string;
  input: MessageInput;
  idempotencyKey: string;
}

const POLL_MS = 500;
/** From then on it is asked for more rarely. */
const QUICK_POLLS = 60;
const SLOW_POLL_MS = 5_000;

const section = document.querySelector<HTMLElement>('#send');
if (section) start(createView(section));

function start(view: View): void {
  let current = new AbortController();
  let unanswered: Unanswered | null = null;

  const showSize = () => view.showSize(view.text.value === '' ? null : sizeOfText(view.text.value));
  view.text.addEventListener('input', showSize);
  view.form.addEventListener('submit', (event) => {
    event.preventDefault();
    const { input, mistakes } = readForm(view.form);
    view.showMistakes(mistakes);
    if (Object.keys(mistakes).length > 0) return;
    current.abort();
    current = new AbortController();
    void send(input, current.signal);
  });
  view.ready();
  // Browsers may have kept the text when the page was loaded again.
  showSize();

  async function send(input: Input, signal: AbortSignal): Promise<void> {
    view.begin();
    try {
      const request = await requestFor(input, signal);
      signal.throwIfAborted();
      view.showRequest(request.input, request.idempotencyKey);
      unanswered = request;
      const asking = { key: input.key, signal };
      const accepted = await submit(request.input, request.idempotencyKey, asking);
      unanswered = null;
      await follow(accepted, asking);
    } catch (error) {
      if (error instanceof Refused) unanswered = null;
      if (!signal.aborted) view.showProblem(problemOf(error));
    }
  }

  async function requestFor(input: Input, signal: AbortSignal): Promise<Unanswered> {
    const form = JSON.stringify(input);
    if (unanswered?.form === form) return unanswered;
    const { channels: all } = await channels({ key: input.key, signal });
    const publicKey = all.find(({ name }) => name === 'sms')?.keys[0];
    if (!publicKey) throw new NoSmsChannel();
    const { category, urgency, content } = input;
    const parts = { sms: await sealPart('sms', publicKey, content) };
    return { form, input: { category, urgency, parts }, idempotencyKey: crypto.randomUUID() };
  }

  async function follow(first: MessageView, asking: Asking) {
    let latest = first;
    view.showSteps(stepsOf(latest));
    for (let polls = 0; !isEnded(latest); polls++) {
      await pause(polls < QUICK_POLLS ? POLL_MS : SLOW_POLL_MS, asking.signal);
      try {
        latest = await message(first.id, asking);
        view.say('');
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        view.say('SMIS does not answer; it is asked again …');
        continue;
      }
      view.showSteps(stepsOf(latest));
    }
  }
}

class NoSmsChannel extends Error {}

function problemOf(error: unknown) {
  if (error instanceof Refused) return error.problem;
  if (error instanceof NoAnswer) {
    const detail =
      'It may or may not have been accepted. Send again: the same request is repeated, and cannot be sent twice.';
    const { title, code } = error.problem ?? { title: 'SMIS did not answer.', code: 'SMIS_UNREACHABLE' };
    return { title, code, detail };
  }
  if (error instanceof NoSmsChannel) return { title: 'This gateway has no SMS channel.', code: 'CHANNEL_UNAVAILABLE' };
  if (error instanceof SealingError) return { title: 'The message could not be sealed.', code: error.code };
  return { title: 'This page failed.', code: 'PAGE_FAILED' };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
