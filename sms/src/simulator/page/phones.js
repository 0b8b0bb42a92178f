/** The phones page: what the simulator's event stream says is what it shows. No build, no library. */
import { LANGUAGES, TEXTS } from './texts.js';

const language = chosenLanguage();
const texts = TEXTS[language];
const clock = new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'medium' });
const find = (id) => document.getElementById(id);
const MAXIMUM_PHONES = 200;
const NEAR_END_PX = 40;
const DELAYS_S = [0, 1, 5, 30];
const COUNTS = ['sessions', 'smppPort', 'submits', 'taken', 'messages', 'delivered', 'waiting'];

let chosen = Number(location.hash.slice(1)) || 0;
let source = null;
let overview = null;
/** Changes that the simulator has not answered: what it tells meanwhile is older, and would undo them. */
let changing = 0;
let conversation = null;
/** The latest message of the shown phone that has been rendered. */
let lastShown = 0;
let lost = false;

function chosenLanguage() {
  const wanted = [new URLSearchParams(location.search).get('lang'), ...navigator.languages];
  return wanted.map((tag) => tag?.slice(0, 2).toLowerCase()).find((tag) => tag in LANGUAGES) ?? 'nl';
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function showTexts() {
  document.documentElement.lang = language;
  document.title = `${texts.phones} – ${texts.title} – Civicline`;
  for (const place of document.querySelectorAll('[data-text]')) place.textContent = texts[place.dataset.text];
  find('phones-state').textContent = texts.loading;
  showNothing(texts.choose);
  find('languages').setAttribute('aria-label', texts.languages);
  const links = Object.entries(LANGUAGES).map(([tag, name]) => {
    const link = element('a', { href: `?lang=${tag}${location.hash}`, lang: tag, hreflang: tag, textContent: name });
    if (tag === language) link.setAttribute('aria-current', 'page');
    return element('li', {}, link);
  });
  find('languages').firstElementChild.replaceChildren(...links);
}

function fillSelects() {
  const options = (select, entries) =>
    find(select).replaceChildren(...entries.map(([value, textContent]) => element('option', { value, textContent })));
  options('receipts', Object.entries(texts.receiptKinds));
  options(
    'delay',
    DELAYS_S.map((seconds) => [String(seconds * 1000), texts.seconds(seconds)]),
  );
  options('fault', Object.entries(texts.faults));
}

function announce(text) {
  find('announcement').textContent = text;
}

function showOverview(next) {
  const before = overview;
  overview = next;
  if (before) announceArrivals(before, next);
  const { phones, counts } = next;
  find('phones-state').textContent =
    phones.length === 0 ? texts.empty : phones.length >= MAXIMUM_PHONES ? texts.forgotten(MAXIMUM_PHONES) : '';
  showPhones(phones);
  if (changing === 0) showBehaviour(next.behaviour);
  const values = { ...counts, smppPort: next.smppPort };
  find('counts').replaceChildren(
    ...COUNTS.map((name) =>
      element(
        'div',
        {},
        element('dt', { textContent: texts.counts[name] }),
        element('dd', { textContent: String(values[name] ?? '–') }),
      ),
    ),
  );
  if (chosen !== 0 && !phones.some(({ id }) => id === chosen)) showGone();
}

function announceArrivals(before, { phones, counts }) {
  const arrived = counts.messages - before.counts.messages;
  const [latest] = phones;
  if (arrived === 1 && latest?.direction === 'to-phone') announce(texts.arrived(latest.number, latest.preview));
  else if (arrived > 1) announce(texts.arrivedMany(arrived));
}

/** Buttons are kept, so that focus stays where it is while the list moves. */
function showPhones(phones) {
  const list = find('phones');
  const kept = new Map([...list.children].map((item) => [Number(item.dataset.phone), item]));
  const items = phones.map((phone) => {
    const item = kept.get(phone.id) ?? newPhone(phone);
    const [button] = item.children;
    const [, when, preview] = button.children;
    when.textContent = String(phone.count);
    when.title = texts.count(phone.count, phone.count);
    preview.textContent = phone.preview;
    if (phone.id === chosen) button.setAttribute('aria-current', 'true');
    else button.removeAttribute('aria-current');
    return item;
  });
  const same = items.length === list.children.length && items.every((item, i) => item === list.children[i]);
  if (same) return;
  const focused = document.activeElement;
  list.replaceChildren(...items);
  if (list.contains(focused)) focused.focus();
}

function newPhone({ id, number }) {
  const button = element(
    'button',
    { type: 'button', onclick: () => choose(id) },
    element('strong', { textContent: number }),
    element('span', { className: 'quiet' }),
    element('span', { className: 'preview' }),
  );
  const item = element('li', {}, button);
  item.dataset.phone = String(id);
  return item;
}

function showConversation(next) {
  const first = conversation?.id !== next.id;
  conversation = next;
  find('choose').textContent = '';
  find('conversation-title').textContent = texts.phoneOf(next.number);
  find('conversation-count').textContent =
    next.count === 1 ? texts.countOne : texts.count(next.messages.length, next.count);
  const before = first ? Number.POSITIVE_INFINITY : lastShown;
  const area = find('messages');
  const atEnd = first || area.scrollHeight - area.scrollTop - area.clientHeight < NEAR_END_PX;
  area.hidden = false;
  area.firstElementChild.replaceChildren(...next.messages.map((message) => messageItem(message, message.id > before)));
  // Who reads older ones is left where they are.
  if (atEnd) area.scrollTop = area.scrollHeight;
  lastShown = next.messages.at(-1)?.id ?? 0;
  const sender = next.messages.findLast(({ direction }) => direction === 'to-phone')?.counterpart;
  find('reply').hidden = sender === undefined;
  find('reply-label').textContent = texts.replyTo(sender);
}

function messageItem({ direction, counterpart, text, encoding, segments, at }, isNew) {
  const received = direction === 'to-phone';
  const length = texts.characters([...text].length);
  const facts = received ? [texts.encoding[encoding], texts.segments(segments), length] : [length];
  return element(
    'li',
    { className: `${direction}${isNew ? ' new' : ''}` },
    element(
      'p',
      { className: 'facts' },
      element('strong', { textContent: received ? texts.from(counterpart) : texts.written(counterpart) }),
    ),
    element('p', { className: 'text', textContent: text, dir: 'auto' }),
    element(
      'p',
      { className: 'facts' },
      element('time', { dateTime: new Date(at).toISOString(), textContent: clock.format(at) }),
      ` · ${facts.join(' · ')}`,
    ),
  );
}

function showNothing(text) {
  conversation = null;
  find('conversation-title').textContent = texts.messages;
  find('conversation-count').textContent = '';
  find('messages').firstElementChild.replaceChildren();
  find('messages').hidden = true;
  find('reply').hidden = true;
  find('choose').textContent = text;
}

function showGone() {
  if (conversation) showNothing(texts.gone);
}

function showBehaviour({ receipts, faults }) {
  const [state] = receipts.states;
  const known = receipts.states.length <= 1 && (state === undefined || state in texts.receiptKinds);
  const values = {
    receipts: known ? (state ?? 'none') : 'other',
    delay: String(receipts.delayMs),
    fault: faults[0]?.kind ?? 'none',
  };
  for (const [id, value] of Object.entries(values)) if (document.activeElement !== find(id)) find(id).value = value;
}

async function changeBehaviour() {
  const { behaviour } = overview ?? {};
  if (!behaviour) return;
  const { receipts } = behaviour;
  const wanted = find('receipts').value;
  const fault = find('fault').value;
  const states = { none: [], other: receipts.states }[wanted] ?? [wanted];
  const delayMs = find('delay').value === '' ? receipts.delayMs : Number(find('delay').value);
  const faults = fault === behaviour.faults[0]?.kind ? behaviour.faults : fault === 'none' ? [] : [{ kind: fault }];
  const changed = { ...behaviour, receipts: { ...receipts, states, delayMs }, faults };
  changing++;
  const done = await send('PUT', 'behaviour', changed);
  changing--;
  if (done) overview = { ...overview, behaviour: changed };
  find('carrier-error').textContent = done ? '' : texts.carrierFailed;
}

async function send(method, path, body) {
  try {
    const response = await fetch(path, {
      method,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    return response.ok;
  } catch {
    return false;
  }
}

let replying = false;

async function reply(event) {
  event.preventDefault();
  const field = find('reply-text');
  const error = find('reply-error');
  if (replying || !conversation) return;
  if (field.value.trim() === '') {
    error.textContent = texts.replyEmpty;
    field.setAttribute('aria-invalid', 'true');
    field.focus();
    return;
  }
  replying = true;
  find('reply').querySelector('button').setAttribute('aria-disabled', 'true');
  const done = await send('POST', `phones/${conversation.id}/replies`, { text: field.value });
  replying = false;
  find('reply').querySelector('button').removeAttribute('aria-disabled');
  field.removeAttribute('aria-invalid');
  error.textContent = done ? '' : texts.replyFailed;
  if (done) {
    field.value = '';
    announce(texts.sent);
  }
  field.focus();
}

function choose(id) {
  chosen = id;
  history.replaceState(null, '', id === 0 ? location.pathname + location.search : `#${id}`);
  document.body.classList.toggle('chosen', id !== 0);
  showNothing(id === 0 ? texts.choose : texts.loading);
  find('reply-error').textContent = '';
  if (overview) showPhones(overview.phones);
  connect();
  const heading = id === 0 ? document.querySelector('#phones button') : find('conversation-title');
  if (id !== 0) find('conversation-title').textContent = phoneTitle(id);
  heading?.focus();
}

function phoneTitle(id) {
  const phone = overview?.phones.find((candidate) => candidate.id === id);
  return phone ? texts.phoneOf(phone.number) : '';
}

function connect() {
  source?.close();
  source = new EventSource(`events?phone=${chosen}`);
  source.addEventListener('overview', ({ data }) => showOverview(JSON.parse(data)));
  source.addEventListener('messages', ({ data }) => showConversation(JSON.parse(data)));
  source.onopen = () => {
    find('offline').hidden = true;
    find('offline').textContent = '';
    if (lost) announce(texts.online);
    lost = false;
  };
  source.onerror = () => {
    lost = true;
    find('offline').textContent = texts.offline;
    find('offline').hidden = false;
    // Browsers try again by themselves after a broken connection, but not after an answer that is no stream.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
  };
}

showTexts();
fillSelects();
document.body.classList.toggle('chosen', chosen !== 0);
// It scrolls by itself, so the keyboard must reach it.
find('messages').setAttribute('role', 'group');
find('messages').setAttribute('aria-labelledby', 'conversation-title');
find('messages').tabIndex = 0;
find('reply').noValidate = true;
find('reply').addEventListener('submit', reply);
find('reply-text').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) find('reply').requestSubmit();
});
find('back').addEventListener('click', () => choose(0));
find('carrier').addEventListener('change', changeBehaviour);
find('carrier').addEventListener('submit', (event) => event.preventDefault());
connect();
