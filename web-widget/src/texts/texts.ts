import type { Language, LocalizedText } from '@civicline/protocol';
import type { ProblemKind } from '../call/problem.ts';
import { de } from './de.ts';
import { en } from './en.ts';
import { fr } from './fr.ts';
import { nl } from './nl.ts';

/** A state of the dialog in words: read out when it begins, and shown. */
export interface StateText {
  heading: string;
  lead: string;
}

/** Everything the widget says, in one language. */
export interface Texts {
  callButton: string;
  /** Title of the dialog until the purpose is known. */
  title: string;
  close: string;
  /** The three stages of a verified call, in order. */
  stages: [string, string, string];
  stagesLabel: string;
  preparing: StateText;
  qr: StateText & { steps: string[]; image: string; notScanning: string; copyLink: string };
  link: StateText & { open: string; otherDevice: string; thisDevice: string };
  pairing: StateText & { label: string; rejected: string };
  /** For calling from another phone. */
  pairedQr: StateText;
  /** The same where the app may be on this device. */
  pairedApp: StateText;
  inApp: StateText;
  checking: StateText;
  /** `lead` for a phone that scanned, `leadHere` when the app is on this device. */
  disclosed: StateText & { leadHere: string };
  otherPhone: {
    choose: string;
    /** Back to the app's own phone. */
    back: string;
    asking: string;
    hint: string;
    heading: string;
    dial: string;
    key: string;
    /** `time` such as 14:35. */
    validUntil(time: string): string;
    personal: string;
    copyNumber: string;
    copyCode: string;
    /** For a phone that can dial number and code by itself. */
    dialNow: string;
    refused: string;
  };
  copied: string;
  calling: StateText;
  queued: StateText;
  connected: StateText;
  ended: StateText;
  cancelled: StateText;
  expired: StateText;
  failed: StateText;
  closed: StateText & { opens(when: string): string; opensUnknown: string };
  problemHeading: string;
  problems: Record<ProblemKind, string>;
  problemCode: string;
  again: string;
  stop: string;
  connectionLost: string;
  withoutYivi: { question: string; call: string; consequence: string };
  /** In the place of `withoutYivi` when nobody answers about this purpose. */
  otherSubject: string;
  help: { summary: string; what: string; control: string; pin: string; getApp: string; newWindow: string };
}

const TEXTS: Record<Language, Texts> = { nl, fr, de, en };

export function textsFor(language: Language): Texts {
  return TEXTS[language];
}

/** The languages there are. */
export const SPOKEN = Object.keys(TEXTS) as Language[];

/**
 * The text in the wanted language, else in English, else in whichever there is. As the protocol's `localize`, whose
 * module would bring its schemas and their library into the script.
 */
export function localized(text: LocalizedText, language: Language): string {
  return text[language] ?? text.en ?? Object.values(text)[0] ?? '';
}

/** The supported language that a BCP 47 tag such as `fr-BE` begins with; Dutch when there is none. */
export function languageFor(tag: string | null | undefined): Language {
  const primary = tag?.toLowerCase().split('-')[0];
  return SPOKEN.find((language) => language === primary) ?? 'nl';
}
