export const LANGUAGES = ['nl', 'fr', 'de', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

export const TEXTS: Record<Language, { title: string; warning: string; choose: string; gone: string }> = {
  nl: {
    title: 'Aanmelden voor ontwikkeling',
    warning:
      'Deze aanmelding is alleen voor ontwikkeling en demonstratie: er is geen wachtwoord en niemand wordt gecontroleerd.',
    choose: 'Als wie wilt u zich aanmelden?',
    gone: 'Deze aanmelding is verlopen. Ga terug naar de toepassing en meld u opnieuw aan.',
  },
  fr: {
    title: 'Connexion pour le développement',
    warning:
      'Cette connexion sert uniquement au développement et à la démonstration : sans mot de passe ni vérification.',
    choose: 'En tant que qui voulez-vous vous connecter ?',
    gone: 'Cette connexion a expiré. Retournez à l’application et connectez-vous à nouveau.',
  },
  de: {
    title: 'Anmeldung für die Entwicklung',
    warning: 'Diese Anmeldung dient nur Entwicklung und Vorführung: Es gibt kein Passwort, und niemand wird geprüft.',
    choose: 'Als wer möchten Sie sich anmelden?',
    gone: 'Diese Anmeldung ist abgelaufen. Gehen Sie zurück zur Anwendung und melden Sie sich erneut an.',
  },
  en: {
    title: 'Sign-in for development',
    warning: 'This sign-in is for development and demonstration only: there is no password, and nobody is checked.',
    choose: 'As whom do you want to sign in?',
    gone: 'This sign-in has expired. Go back to the application and sign in again.',
  },
};
