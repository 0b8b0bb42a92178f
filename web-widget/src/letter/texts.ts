import type { Language } from '@civicline/protocol';

/** What the page says beyond the widget's own texts. */
export interface LetterTexts {
  /** Name of the language in itself, for the switch. */
  name: string;
  languages: string;
  lead: string;
  /** How to tell a forged letter. */
  caution: string;
  /** The link in the letter leads nowhere. */
  unknown: { heading: string; lead: string };
}

export const LETTER_TEXTS: Record<Language, LetterTexts> = {
  nl: {
    name: 'Nederlands',
    languages: 'Taal',
    lead: 'U kunt ons hierover bellen. Met de Yivi-app weet de medewerker meteen wie u bent. U hoeft dan niets over uzelf te spellen.',
    caution: 'Wij vragen nooit naar uw pincode of wachtwoord, ook niet aan de telefoon.',
    unknown: { heading: 'Deze link klopt niet', lead: 'Bel het nummer in uw brief.' },
  },
  fr: {
    name: 'Français',
    languages: 'Langue',
    lead: 'Vous pouvez nous appeler à ce sujet. Avec l’app Yivi, la personne qui répond sait tout de suite qui vous êtes. Vous n’avez rien à épeler.',
    caution: 'Nous ne demandons jamais votre code PIN ni votre mot de passe, même au téléphone.',
    unknown: { heading: 'Ce lien n’est pas correct', lead: 'Appelez le numéro dans votre lettre.' },
  },
  de: {
    name: 'Deutsch',
    languages: 'Sprache',
    lead: 'Sie können uns dazu anrufen. Mit der Yivi-App weiß die Person am Telefon gleich, wer Sie sind. Sie müssen nichts buchstabieren.',
    caution: 'Wir fragen nie nach Ihrer PIN oder Ihrem Passwort, auch nicht am Telefon.',
    unknown: { heading: 'Dieser Link stimmt nicht', lead: 'Rufen Sie die Nummer in Ihrem Brief an.' },
  },
  en: {
    name: 'English',
    languages: 'Language',
    lead: 'You can call us about this. With the Yivi app the person who answers knows at once who you are. You need not spell anything.',
    caution: 'We never ask for your PIN or password, not even on the phone.',
    unknown: { heading: 'This link is not right', lead: 'Call the number in your letter.' },
  },
};
