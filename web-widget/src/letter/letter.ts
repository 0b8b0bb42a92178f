/**
 * The page that a letter's QR code leads to: `/call/{organisation}/{purpose}?lang=nl`. One button, and the plain number
 * for people without Yivi. The gateway serves it, so its API is on the page's own origin.
 */
import type { Language, PurposeView } from '@civicline/protocol';
import { createGatewayApi } from '../call/gateway-api.ts';
import { GatewayError } from '../call/problem.ts';
import { dayAndTime } from '../dialog/times.ts';
import { formatPhoneNumber } from '../phone-number.ts';
import { languageFor, localized, SPOKEN, textsFor } from '../texts/texts.ts';
import { LETTER_TEXTS } from './texts.ts';

const [organisation = '', purpose = ''] = location.pathname
  .split('/')
  .filter(Boolean)
  .slice(-2)
  .map(decodeURIComponent);
const language = languageFor(new URLSearchParams(location.search).get('lang') ?? spokenLanguage());
const letter = LETTER_TEXTS[language];
const texts = textsFor(language);

showStillText();
createGatewayApi(location.origin).purpose(organisation, purpose).then(showPurpose, showProblem);

function showStillText(): void {
  document.documentElement.lang = language;
  document.title = texts.title;
  element('purpose').textContent = texts.title;
  element('lead').textContent = letter.lead;
  element('caution').textContent = letter.caution;
  const languages = element('languages');
  languages.setAttribute('aria-label', letter.languages);
  languages.replaceChildren(...SPOKEN.map(languageLink));
}

function showPurpose(view: PurposeView): void {
  const title = localized(view.purpose.title, language);
  const name = localized(view.organisation.name, language);
  document.title = `${title} – ${name}`;
  element('organisation').textContent = name;
  element('purpose').textContent = title;
  element('call').replaceChildren(callElement());
  if (!view.open) notice(closedText(view));
  showPlainNumber(view);
}

function showProblem(error: unknown): void {
  const kind = error instanceof GatewayError ? error.problem.kind : 'other';
  notice(kind === 'unknown' ? letter.unknown : texts.problems[kind]);
}

function closedText({ opensAt }: PurposeView): string {
  const { lead, opens, opensUnknown } = texts.closed;
  return `${lead} ${opensAt === undefined ? opensUnknown : opens(dayAndTime(opensAt, language))}`;
}

function callElement(): HTMLElement {
  const call = document.createElement('civicline-call');
  call.setAttribute('organisation', organisation);
  call.setAttribute('purpose', purpose);
  call.setAttribute('lang', language);
  return call;
}

function showPlainNumber({ number, open }: PurposeView): void {
  const link = document.createElement('a');
  link.href = `tel:${number}`;
  link.textContent = formatPhoneNumber(number);
  const { question, call, consequence } = texts.withoutYivi;
  const plain = element('plain');
  const [before, after] = open ? [question, `. ${consequence}`] : [texts.otherSubject, '.'];
  plain.replaceChildren(`${before} ${call} `, link, after);
  plain.hidden = false;
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

function notice(text: string): void {
  const place = element('notice');
  place.textContent = text;
  place.hidden = false;
}

/** The first language of the browser that we speak. */
function spokenLanguage(): string | undefined {
  return navigator.languages.find((tag) => SPOKEN.some((known) => tag.toLowerCase().startsWith(known)));
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`letter.html lacks #${id}`);
  return found;
}
