/**
 * The one script of a municipality's page: defines `<civicline-call>` and the global `Civicline`.
 * It loads nothing else; styles are constructed, so that a policy without 'unsafe-inline' holds.
 */
import { type Outcome, openCall } from './dialog/open-call.tsx';
import css from './dialog/styles.css?inline';
import { defineCallElement, gatewayOrigin } from './element.tsx';
import { languageFor } from './texts/texts.ts';

export interface CallInput {
  organisation: string;
  purpose: string;
  /** `nl`, `fr`, `de` or `en`, also with a region; absent: the page's. */
  language?: string;
  /** URL of the gateway; absent: where the script came from. */
  gateway?: string;
}

// Only while the script runs for the first time, hence up here.
const scriptOrigin = originOf(document.currentScript);

const isSupported =
  'adoptedStyleSheets' in Document.prototype && 'TextDecoderStream' in globalThis && 'timeout' in AbortSignal;

let sharedStyles: CSSStyleSheet | undefined;

function styles(): CSSStyleSheet {
  if (!sharedStyles) {
    sharedStyles = new CSSStyleSheet();
    sharedStyles.replaceSync(css);
  }
  return sharedStyles;
}

/**
 * Opens the dialog, as a click on the element does. Call it from a click of your own button. Resolves with how far the
 * call was when the dialog was closed. Rejects when there is no gateway to ask, and in browsers that are too old.
 */
export async function call({ organisation, purpose, language, gateway }: CallInput): Promise<Outcome> {
  if (!isSupported) throw new Error('civicline: this browser is too old; show the plain number');
  const host = document.createElement('div');
  const root = host.attachShadow({ mode: 'open' });
  root.adoptedStyleSheets = [styles()];
  document.body.append(host);
  try {
    return await openCall(root, {
      organisation,
      purpose,
      gateway: gatewayOrigin(gateway, scriptOrigin),
      language: languageFor(language ?? document.documentElement.lang),
    });
  } finally {
    // A call under way keeps its place on the page, to be shown again.
    if (!root.querySelector('.civicline-dialog')) host.remove();
  }
}

// Older browsers keep what the page put inside the element: the plain number.
if (isSupported) defineCallElement(styles(), scriptOrigin);

function originOf(script: HTMLOrSVGScriptElement | null): string | null {
  return script instanceof HTMLScriptElement && script.src ? new URL(script.src).origin : null;
}
