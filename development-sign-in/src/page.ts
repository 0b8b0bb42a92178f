import { LANGUAGES, type Language, TEXTS } from './texts.ts';

export interface Person {
  sub: string;
  email: string;
  name: string;
}

/** The page on which one chooses who one is: a plain form with a button per person. */
export function choicePage(language: Language, people: readonly Person[], client: string): string {
  const { warning, choose } = TEXTS[language];
  const buttons = people.map(
    ({ sub, name, email }) =>
      `<li><button name="person" value="${escapeHtml(sub)}">${escapeHtml(name)} <small>${escapeHtml(email)}</small></button></li>`,
  );
  return page(
    language,
    `<p class="warning">${escapeHtml(warning)}</p>
<form method="post"><fieldset><legend>${escapeHtml(choose)} <small>(${escapeHtml(client)})</small></legend>
<ul>${buttons.join('\n')}</ul></fieldset></form>`,
  );
}

export function gonePage(language: Language): string {
  return page(language, `<p>${escapeHtml(TEXTS[language].gone)}</p>`);
}

export function languageOf(acceptLanguage: string | undefined): Language {
  const wanted = (acceptLanguage ?? '').split(',').map((part) => part.trim().slice(0, 2).toLowerCase());
  return LANGUAGES.find((language) => language === wanted.find((w) => LANGUAGES.some((known) => known === w))) ?? 'nl';
}

export const STYLE = `:root { color-scheme: light dark; }
body { margin: 0; font: 1.125rem/1.5 system-ui, sans-serif; }
main { max-width: 34rem; margin: 0 auto; padding: 1.5rem; }
.warning { border: 2px solid; padding: .75rem; }
fieldset { border: 0; margin: 0; padding: 0; }
ul { list-style: none; margin: 1rem 0; padding: 0; }
li { margin: .5rem 0; }
button { font: inherit; width: 100%; text-align: start; padding: .75rem 1rem; cursor: pointer; }
button:focus-visible { outline: 3px solid; outline-offset: 3px; }
small { display: block; }
`;

function page(language: Language, body: string): string {
  const title = escapeHtml(TEXTS[language].title);
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – Civicline</title>
<link rel="stylesheet" href="/style.css">
</head>
<body><main>
<h1>${title}</h1>
${body}
</main></body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
