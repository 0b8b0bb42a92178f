import { type LocalizedText, localize } from '@civicline/protocol';
import { useWords } from '../i18n/index.ts';

/** A text of the organisation; when it is not there in the agent's language, it says in which it is. */
export function Localized({ text }: { text: LocalizedText }) {
  const { language } = useWords();
  const words = localize(text, language);
  if (text[language] !== undefined) return <>{words}</>;
  const [other] = Object.entries(text).find(([, value]) => value === words) ?? [];
  return <span lang={other}>{words}</span>;
}
