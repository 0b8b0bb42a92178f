/**
 * `<civicline-call organisation="voorbeeldstad" purpose="verhuizing" lang="nl">`
 *
 * Attributes: `organisation`, `purpose` (both required), `lang` (else the page's), `gateway` (else where the script came
 * from). Slot `label` replaces the button's words. What else stands inside is for browsers without scripts: put the
 * plain phone number there.
 */
import { render } from 'preact';
import { Icon } from './dialog/icons.tsx';
import { dismissCallIn, openCall } from './dialog/open-call.tsx';
import { languageFor, textsFor } from './texts/texts.ts';

/** `styles` is shared by all buttons of the page. */
export function defineCallElement(styles: CSSStyleSheet, defaultGateway: string | null): void {
  if (customElements.get('civicline-call')) return;

  class CallElement extends HTMLElement {
    static readonly observedAttributes = ['lang'];
    readonly #root: ShadowRoot;
    readonly #button = document.createElement('div');

    constructor() {
      super();
      this.#root = this.attachShadow({ mode: 'open' });
      this.#root.adoptedStyleSheets = [styles];
      this.#button.className = 'call';
      this.#root.append(this.#button);
    }

    connectedCallback(): void {
      this.#draw();
    }

    attributeChangedCallback(): void {
      if (this.isConnected) this.#draw();
    }

    disconnectedCallback(): void {
      dismissCallIn(this.#root);
    }

    override focus(options?: FocusOptions): void {
      this.#button.querySelector('button')?.focus(options);
    }

    #language() {
      return languageFor(this.closest('[lang]')?.getAttribute('lang'));
    }

    #draw(): void {
      const language = this.#language();
      render(
        <button type="button" class="button primary" part="button" lang={language} onClick={() => this.#call()}>
          <Icon name="phone" />
          <slot name="label">{textsFor(language).callButton}</slot>
        </button>,
        this.#button,
      );
    }

    #call(): void {
      const attribute = (name: string): string => this.getAttribute(name) ?? '';
      const gateway = gatewayOrigin(this.getAttribute('gateway'), defaultGateway);
      const language = this.#language();
      openCall(this.#root, {
        gateway,
        organisation: attribute('organisation'),
        purpose: attribute('purpose'),
        language,
      });
    }
  }
  customElements.define('civicline-call', CallElement);
}

/** The origin that was asked for, else the one the script was loaded from. Throws when there is neither. */
export function gatewayOrigin(asked: string | null | undefined, scriptOrigin: string | null): string {
  const origin = asked ? new URL(asked, document.baseURI).origin : scriptOrigin;
  if (origin === null) {
    throw new Error('civicline: say which gateway; a module or inlined script does not know where it came from');
  }
  return origin;
}
