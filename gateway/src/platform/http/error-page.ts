/** What a person sees who opened an address in a browser and gets no page: the same error that a program reads as JSON. */
import type { Language, Problem } from '@civicline/protocol';
import type { Request } from 'express';
import { html, languageOf, page } from './page.ts';

interface Texts {
  title: string;
  text: string;
}

interface PageTexts {
  /** 404: nothing stands at this address. */
  missing: Texts;
  /** Another 4xx: the request cannot be answered as it is. */
  refused: Texts;
  /** 5xx: it may work later. */
  failed: Texts;
  start: string;
  code: string;
}

const TEXTS: Record<Language, PageTexts> = {
  nl: {
    missing: { title: 'Deze pagina bestaat niet', text: 'Controleer het adres of de link waarmee u hier kwam.' },
    refused: { title: 'Dit kan niet', text: 'De vraag van uw browser kan zo niet worden beantwoord.' },
    failed: { title: 'Dit lukt nu niet', text: 'Probeer het over een paar minuten opnieuw.' },
    start: 'Naar de startpagina',
    code: 'Foutcode',
  },
  fr: {
    missing: { title: 'Cette page n’existe pas', text: 'Vérifiez l’adresse ou le lien qui vous a mené ici.' },
    refused: {
      title: 'Ce n’est pas possible',
      text: 'La demande de votre navigateur ne peut pas recevoir de réponse.',
    },
    failed: { title: 'Cela ne fonctionne pas pour le moment', text: 'Réessayez dans quelques minutes.' },
    start: 'Vers la page d’accueil',
    code: 'Code d’erreur',
  },
  de: {
    missing: {
      title: 'Diese Seite gibt es nicht',
      text: 'Prüfen Sie die Adresse oder den Link, der Sie hierher geführt hat.',
    },
    refused: { title: 'Das geht nicht', text: 'Die Anfrage Ihres Browsers kann so nicht beantwortet werden.' },
    failed: { title: 'Das funktioniert gerade nicht', text: 'Versuchen Sie es in einigen Minuten erneut.' },
    start: 'Zur Startseite',
    code: 'Fehlercode',
  },
  en: {
    missing: { title: 'This page does not exist', text: 'Check the address, or the link that led you here.' },
    refused: { title: 'This is not possible', text: 'The request of your browser cannot be answered as it is.' },
    failed: { title: 'This does not work now', text: 'Try again in a few minutes.' },
    start: 'To the start page',
    code: 'Error code',
  },
};

/** Whether a person opens this address: browsers ask for HTML first, programs and scripts for anything or for JSON. */
export function wantsPage(request: Request): boolean {
  const reads = request.method === 'GET' || request.method === 'HEAD';
  return reads && request.accepts('application/problem+json', 'application/json', 'text/html') === 'text/html';
}

/** The problem as a page in the browser's language. Its code is on it, for whoever is asked for help. */
export function errorPage(request: Request, { status, code }: Problem): string {
  const language = languageOf(request);
  const texts = TEXTS[language];
  const { title, text } = status === 404 ? texts.missing : status < 500 ? texts.refused : texts.failed;
  return page(
    language,
    title,
    html`<p>${text}</p><p><a href="/">${texts.start}</a></p><p>${texts.code}: <code>${code}</code></p>`,
  );
}
