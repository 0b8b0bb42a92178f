import { LANGUAGES, type Language } from '@civicline/protocol';
import type { Request } from 'express';

/** Text that is HTML already; everything else that goes into a page is escaped. */
export interface Html {
  html: string;
}

type Part = string | number | Html | Part[];

/** Writes HTML: html`<p>${text}</p>` escapes `text`. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return { html: strings.map((text, i) => text + (i < parts.length ? render(parts[i] as Part) : '')).join('') };
}

function render(part: Part): string {
  if (Array.isArray(part)) return part.map(render).join('');
  if (typeof part === 'object') return part.html;
  return String(part).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** What a page has beyond its title and text. */
interface PageParts {
  /** What it loads beside the style sheet of all. */
  head?: Html;
  /** What stands before the main part, such as a navigation. */
  before?: Html;
  /** For its own style sheet: the class of the body. */
  name?: string;
}

/** A small page of the gateway's own: one style sheet (`/page.css`), readable on any screen. */
export function page(language: Language, title: string, body: Html, parts: PageParts = {}): string {
  const { head = html``, before = html``, name = 'page' } = parts;
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – Civicline</title>
<link rel="stylesheet" href="/page.css">
${head}</head>
<body class="${name}">
${before}<main>
<h1>${title}</h1>
${body}
</main></body>
</html>
`.html;
}

/** The language that the browser asks for, of those there are. */
export function languageOf(request: Request): Language {
  return (request.acceptsLanguages(...LANGUAGES) || 'nl') as Language;
}

export const PAGE_CSS = `:root { color-scheme: light dark; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem; overflow-wrap: anywhere; }
h1, h2, h3 { line-height: 1.2; }
a { color: #00529b; }
a:focus-visible, summary:focus-visible, button:focus-visible { outline: 3px solid #00529b; outline-offset: 2px; }
code, pre { font-family: ui-monospace, monospace; font-size: .9rem; }
pre { overflow: auto; padding: .75rem; background: #f2f2f2; }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #bbb; }
button { font: inherit; padding: .5rem 1rem; cursor: pointer; }
@media (prefers-color-scheme: dark) {
  body { color: #eee; background: #161616; }
  a { color: #8cc8ff; }
  a:focus-visible, summary:focus-visible, button:focus-visible { outline-color: #8cc8ff; }
  pre { background: #262626; }
}
`;
