/** What the script writes into the page; the page itself comes from the gateway (docs-send.ts). */
import type { MessageInput, Problem } from '@civicline/protocol';
import type { TextSize } from '@civicline/sms/text';
import type { Field, Mistakes } from './input.ts';
import type { Step } from './steps.ts';

const FIELDS: readonly Field[] = ['key', 'to', 'text'];

export type View = ReturnType<typeof createView>;

export function createView(section: HTMLElement) {
  const one = <T extends Element>(selector: string) => section.querySelector(selector) as T;
  const form = one<HTMLFormElement>('form');
  const result = one<HTMLElement>('#send-result');
  const sent = one<HTMLElement>('#send-sent');
  const steps = one<HTMLOListElement>('#send-steps');
  const state = one<HTMLElement>('#send-state');
  const problem = one<HTMLElement>('#send-problem');

  return {
    form,
    text: one<HTMLTextAreaElement>('#send-text'),

    ready(): void {
      one('#send-no-script').remove();
      form.hidden = false;
    },

    showSize(size: TextSize | null): void {
      one('#send-size').textContent = size ? describeSize(size) : 'Nothing written yet.';
    },

    /** The first field that is wrong gets the focus. */
    showMistakes(mistakes: Mistakes): void {
      for (const field of FIELDS) {
        const input = one<HTMLInputElement>(`#send-${field}`);
        const mistake = mistakes[field] ?? '';
        one(`#send-${field}-mistake`).textContent = mistake;
        if (mistake) input.setAttribute('aria-invalid', 'true');
        else input.removeAttribute('aria-invalid');
      }
      const first = FIELDS.find((field) => mistakes[field]);
      if (first) one<HTMLElement>(`#send-${first}`).focus();
    },

    begin(): void {
      result.hidden = true;
      problem.hidden = true;
      one<HTMLElement>('#send-nothing').hidden = true;
      steps.replaceChildren();
      state.textContent = 'Sealing and sending …';
    },

    showRequest(input: MessageInput, idempotencyKey: string): void {
      const lines = ['POST /v1/messages', 'Authorization: Bearer …', `Idempotency-Key: ${idempotencyKey}`];
      sent.textContent = `${lines.join('\n')}\n\n${JSON.stringify(input, null, 2)}`;
      result.hidden = false;
      result.scrollIntoView({ block: 'nearest' });
    },

    /** Adds what is new, which is read out; what stands there already keeps its time. */
    showSteps(all: readonly Step[]): void {
      state.textContent = '';
      for (const [n, step] of all.entries()) {
        const before = steps.children[n];
        if (before?.querySelector('strong')?.textContent === step.name) continue;
        if (before) before.replaceWith(itemOf(step));
        else steps.append(itemOf(step));
      }
    },

    say(text: string): void {
      state.textContent = text;
    },

    showProblem({ title, detail, code, errors = [] }: Pick<Problem, 'title' | 'detail' | 'code' | 'errors'>): void {
      const more = [detail, ...errors.map(({ path, message }) => `${path} ${message}`)].filter(Boolean);
      const heading = document.createElement('strong');
      heading.textContent = title;
      const name = document.createElement('code');
      name.textContent = code;
      const lines = more.map((text) => {
        const line = document.createElement('p');
        line.textContent = text ?? '';
        return line;
      });
      problem.replaceChildren(heading, ' ', name, ...lines);
      problem.hidden = false;
      problem.scrollIntoView({ block: 'nearest' });
      state.textContent = '';
    },
  };
}

function describeSize({ characters, encoding, segments }: TextSize): string {
  const count = (number: number, thing: string) => `${number} ${thing}${number === 1 ? '' : 's'}`;
  const name = encoding === 'gsm' ? 'GSM 7 bit' : 'UCS-2 (Unicode)';
  return `${count(characters, 'character')} · ${name} · ${count(segments, 'segment')}`;
}

function itemOf({ name, more, at }: Step): HTMLLIElement {
  const item = document.createElement('li');
  const time = document.createElement('time');
  if (at !== null) {
    time.dateTime = at;
    time.textContent = new Date(at).toLocaleTimeString('en-GB');
  }
  const strong = document.createElement('strong');
  strong.textContent = name;
  const rest = document.createElement('span');
  rest.textContent = more;
  item.append(time, strong, rest);
  return item;
}
