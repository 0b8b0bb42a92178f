/**
 * The page that a letter's QR code leads to: `/call/{organisation}/{purpose}?lang=nl`. It says first what is so (open,
 * closed, wrong link, out of order), then what one can do: one button, and the plain number for people without Yivi. The
 * gateway serves it, so its API is on the page's own origin.
 */
import type { Language, PurposeView } from '@civicline/protocol';
import { createGatewayApi } from '../call/gateway-api.ts';
import { GatewayError, type Problem } from '../call/problem.ts';
import { dayAndTime } from '../dialog/times.ts';
import { formatPhoneNumber } from '../phone-number.ts';
import { languageFor, localized, SPOKEN, textsFor } from '../texts/texts.ts';
import { readableOn } from './colours.ts';
import { LETTER_TEXTS } from './texts.ts';

/** As letter.css has them, light and dark. */
const BACKGROUNDS = { light: '#ffffff', dark: '#14181c' };

const [organisation = '', purpose = ''] = location.pathname
  .split('/')
  .filter(Boolean)
  .slice(-2)
  .map(decodeURIComponent);
const language = languageFor(new URLSearchParams(location.search).get('lang') ?? spokenLanguage());
const letter = LETTER_TEXTS[language];
const texts = textsFor(language);
let isOpen = false;

showFrame();
load();
/** Who comes back to the page when the office has opened finds it open. */
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && !isOpen) load();
});

function load(): void {
  createGatewayApi(location.origin).purpose(organisation, purpose).then(showPurpose, showProblem);
}

/** What is there before the gateway has answered. */
function showFrame(): void {
  document.documentElement.lang = language;
  document.title = texts.title;
  place('title').textContent = texts.title;
  place('content').replaceChildren(paragraph('lead', `${texts.preparing.heading} …`));
  place('caution').textContent = letter.caution;
  const languages = place('languages');
  languages.setAttribute('aria-label', letter.languages);
  languages.replaceChildren(...SPOKEN.map(languageLink));
}

function showPurpose(view: PurposeView): void {
  isOpen = view.open;
  const title = localized(view.purpose.title, language);
  const name = localized(view.organisation.name, language);
  document.title = `${title} – ${name}`;
  place('organisation').textContent = name;
  wear(view.organisation);
  show(title, ...(view.open ? openParts(view) : closedParts(view)));
}

function openParts(view: PurposeView): HTMLElement[] {
  const { question, call, consequence } = texts.withoutYivi;
  const way = document.createElement('p');
  way.append(callElement());
  return [paragraph('lead', letter.lead), way, plainNumber(view, `${question} ${call}`, `. ${consequence}`)];
}

function closedParts(view: PurposeView): HTMLElement[] {
  const { heading, lead, opens, opensUnknown } = texts.closed;
  const when = view.opensAt === undefined ? opensUnknown : opens(dayAndTime(view.opensAt, language));
  return [
    notice(heading, `${lead} ${when}`),
    plainNumber(view, `${texts.otherSubject} ${texts.withoutYivi.call}`, '.'),
  ];
}

function showProblem(error: unknown): void {
  const problem: Problem = error instanceof GatewayError ? error.problem : { kind: 'other' };
  if (problem.kind === 'unknown') {
    const { heading, lead } = letter.unknown;
    document.title = heading;
    show(heading, paragraph('lead', lead));
    return;
  }
  const again = document.createElement('button');
  again.type = 'button';
  again.textContent = texts.again;
  again.addEventListener('click', () => location.reload());
  document.title = texts.problemHeading;
  show(texts.problemHeading, paragraph('lead', texts.problems[problem.kind]), again);
}

function show(title: string, ...parts: HTMLElement[]): void {
  place('title').textContent = title;
  const content = place('content');
  content.replaceChildren(...parts);
  content.removeAttribute('aria-busy');
}

/** The organisation's colour, in a shade that can be read on either background, and its logo. */
function wear({ colour, logo }: PurposeView['organisation']): void {
  const { style } = document.documentElement;
  if (colour !== undefined) {
    style.setProperty('--accent-on-light', readableOn(BACKGROUNDS.light, colour));
    style.setProperty('--accent-on-dark', readableOn(BACKGROUNDS.dark, colour));
  }
  if (logo === undefined) return;
  const image = place('logo') as HTMLImageElement;
  image.addEventListener('load', () => {
    image.hidden = false;
  });
  image.src = logo;
}

function callElement(): HTMLElement {
  const call = document.createElement('civicline-call');
  call.setAttribute('organisation', organisation);
  call.setAttribute('purpose', purpose);
  call.setAttribute('lang', language);
  return call;
}

function plainNumber({ number }: PurposeView, before: string, after: string): HTMLElement {
  const link = document.createElement('a');
  link.href = `tel:${number}`;
  link.textContent = formatPhoneNumber(number);
  const plain = paragraph('plain', `${before} `);
  plain.append(link, after);
  return plain;
}

function notice(heading: string, text: string): HTMLElement {
  const box = document.createElement('div');
  box.className = 'notice';
  const strong = document.createElement('h2');
  strong.textContent = heading;
  box.append(strong, paragraph('', text));
  return box;
}

function paragraph(className: string, text: string): HTMLElement {
  const element = document.createElement('p');
  if (className !== '') element.className = className;
  element.textContent = text;
  return element;
}

function languageLink(other: Language): HTMLElement {
  const link = document.createElement('a');
  link.href = `?lang=${other}`;
  link.lang = other;
  link.hreflang = other;
  link.textContent = LETTER_TEXTS[other].name;
  if (other === language) link.setAttribute('aria-current', 'true');
  return link;
}

/** The first language of the browser that we speak. */
function spokenLanguage(): string | undefined {
  return navigator.languages.find((tag) => SPOKEN.some((known) => tag.toLowerCase().startsWith(known)));
}

function place(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`letter.html lacks #${id}`);
  return found;
}
