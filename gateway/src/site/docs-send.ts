import { CATEGORIES, URGENCIES } from '@civicline/protocol';
import { type Html, html } from '../platform/http/index.ts';

/** Where the script and the style sheet are, that `api-page/` builds. */
export const SEND_PATH = '/docs/send';

/** The demonstration, which explains itself. */
export interface Demo {
  /** Where the phones of the SMSC simulator can be seen. */
  phonesUrl: string | null;
}

export const sendHead: Html = html`<link rel="stylesheet" href="${SEND_PATH}/send.css">
<script type="module" src="${SEND_PATH}/send.js"></script>
`;

/** A form that sends a message from the page; the script of `api-page/` makes it work, and keeps the key nowhere. */
export function sendSection(demo: Demo | null): Html {
  return html`<section id="send" aria-labelledby="send-a-message"><h2 id="send-a-message">Send a message</h2>
<p>Number and text are sealed in this browser, for the SMS channel alone; what SMIS then gets is shown as it is. ${demo ? demoHint(demo) : ''}</p>
<p id="send-no-script">This needs a script that has not been loaded: JavaScript is off, or <code>npm run build --workspace api-page</code> has not run.</p>
<div class="columns">
<form novalidate autocomplete="off" hidden>
${field('key', 'API key', html`<input id="send-key" name="key" type="password" autocomplete="off" spellcheck="false" autocapitalize="none" required aria-describedby="send-key-hint send-key-mistake">`, html`Of a sender (<code>cvl_…</code>), or an access token. It is kept nowhere.`)}
${field('to', 'Number', html`<input id="send-to" name="to" type="tel" autocomplete="off" required aria-describedby="send-to-hint send-to-mistake">`, html`With its country code, such as +32 470 00 00 01.`)}
${field('text', 'Text', html`<textarea id="send-text" name="text" rows="4" required aria-describedby="send-text-hint send-text-mistake"></textarea>`, html`<span id="send-size">Nothing written yet.</span>`)}
<div class="pair">
${choice('category', 'Category', CATEGORIES, 'individual')}
${choice('urgency', 'Urgency', URGENCIES, 'normal')}
</div>
<button>Seal and send</button>
</form>
<div class="outcome">
<p id="send-nothing">What SMIS sees, and what becomes of the message, will stand here.</p>
<div id="send-problem" role="alert" hidden></div>
<div id="send-result" hidden><h3 id="send-sent-title">What SMIS got</h3>
<pre id="send-sent" tabindex="0" role="region" aria-labelledby="send-sent-title"></pre>
<p class="hint">SMIS cannot open <code>sealed</code>: number and text are in it.</p>
<h3 id="send-steps-title">What became of it</h3></div>
<div role="log" aria-label="What became of the message"><ol id="send-steps"></ol></div>
<p id="send-state" role="status"></p>
</div>
</div></section>`;
}

function demoHint({ phonesUrl }: Demo): Html {
  const phones = phonesUrl ? html` The message arrives on the <a href="${phonesUrl}">page of phones</a>.` : '';
  return html`The demonstration’s key stands in <code>.civicline/run.json</code> under <code>messages</code>; <code>npx civicline senders add NAME</code> makes another sender with a key.${phones}`;
}

function field(name: string, label: string, input: Html, hint: Html): Html {
  return html`<div class="field"><label for="send-${name}">${label}</label>${input}
<p class="hint" id="send-${name}-hint">${hint}</p><p class="mistake" id="send-${name}-mistake"></p></div>`;
}

function choice(name: string, label: string, values: readonly string[], usual: string): Html {
  const options = values.map((value) =>
    value === usual ? html`<option selected>${value}</option>` : html`<option>${value}</option>`,
  );
  return html`<div class="field"><label for="send-${name}">${label}</label><select id="send-${name}" name="${name}">${options}</select></div>`;
}
