import type { Language } from '@civicline/protocol';
import type { Request, Response } from 'express';
import { html, languageOf, page } from '../../../platform/http/index.ts';

interface Texts {
  title: string;
  text: string;
  again: string;
}

type PageName = 'no-access' | 'too-weak' | 'unavailable' | 'failed';

const STATUS: Record<PageName, number> = { 'no-access': 403, 'too-weak': 403, unavailable: 503, failed: 400 };

const TEXTS: Record<PageName, Record<Language, Texts>> = {
  'no-access': {
    nl: {
      title: 'Geen toegang',
      text: 'U bent aangemeld, maar dit account heeft geen toegang tot Civicline. Vraag uw beheerder om toegang.',
      again: 'Opnieuw aanmelden',
    },
    fr: {
      title: 'Pas d’accès',
      text: 'Vous êtes connecté, mais ce compte n’a pas accès à Civicline. Demandez l’accès à votre administrateur.',
      again: 'Se connecter à nouveau',
    },
    de: {
      title: 'Kein Zugang',
      text: 'Sie sind angemeldet, aber dieses Konto hat keinen Zugang zu Civicline. Bitten Sie Ihre Administration um Zugang.',
      again: 'Erneut anmelden',
    },
    en: {
      title: 'No access',
      text: 'You are signed in, but this account has no access to Civicline. Ask your administrator for access.',
      again: 'Sign in again',
    },
  },
  'too-weak': {
    nl: {
      title: 'Sterker aanmelden nodig',
      text: 'U bent aangemeld, maar niet op het niveau dat Civicline vraagt. Meld u aan met een tweede factor.',
      again: 'Opnieuw aanmelden',
    },
    fr: {
      title: 'Connexion plus forte requise',
      text: 'Vous êtes connecté, mais pas au niveau que Civicline exige. Connectez-vous avec un deuxième facteur.',
      again: 'Se connecter à nouveau',
    },
    de: {
      title: 'Stärkere Anmeldung nötig',
      text: 'Sie sind angemeldet, aber nicht auf dem Niveau, das Civicline verlangt. Melden Sie sich mit einem zweiten Faktor an.',
      again: 'Erneut anmelden',
    },
    en: {
      title: 'A stronger sign-in is needed',
      text: 'You are signed in, but not at the level that Civicline asks for. Sign in with a second factor.',
      again: 'Sign in again',
    },
  },
  unavailable: {
    nl: {
      title: 'Aanmelden kan nu niet',
      text: 'De aanmelddienst van uw organisatie antwoordt niet. Probeer het over een paar minuten opnieuw.',
      again: 'Opnieuw proberen',
    },
    fr: {
      title: 'Connexion impossible pour le moment',
      text: 'Le service de connexion de votre organisation ne répond pas. Réessayez dans quelques minutes.',
      again: 'Réessayer',
    },
    de: {
      title: 'Anmelden ist gerade nicht möglich',
      text: 'Der Anmeldedienst Ihrer Organisation antwortet nicht. Versuchen Sie es in einigen Minuten erneut.',
      again: 'Erneut versuchen',
    },
    en: {
      title: 'Signing in is not possible now',
      text: 'Your organisation’s sign-in service does not answer. Try again in a few minutes.',
      again: 'Try again',
    },
  },
  failed: {
    nl: {
      title: 'Aanmelden is niet gelukt',
      text: 'De aanmelding is afgebroken of duurde te lang.',
      again: 'Opnieuw aanmelden',
    },
    fr: {
      title: 'La connexion a échoué',
      text: 'La connexion a été interrompue ou a pris trop de temps.',
      again: 'Se connecter à nouveau',
    },
    de: {
      title: 'Die Anmeldung ist nicht gelungen',
      text: 'Die Anmeldung wurde abgebrochen oder hat zu lange gedauert.',
      again: 'Erneut anmelden',
    },
    en: {
      title: 'Signing in did not succeed',
      text: 'The sign-in was cancelled or took too long.',
      again: 'Sign in again',
    },
  },
};

/** Answers with one of the few pages that a sign-in can end in other than the console. */
export function sendSignInPage(request: Request, response: Response, name: PageName): void {
  const language = languageOf(request);
  const { title, text, again } = TEXTS[name][language];
  response
    .status(STATUS[name])
    .type('html')
    .setHeader('Cache-Control', 'no-store')
    .send(page(language, title, html`<p>${text}</p><p><a href="/sign-in">${again}</a></p>`));
}
