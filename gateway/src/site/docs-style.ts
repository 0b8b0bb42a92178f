/** Of the API page alone, beside the style sheet of all own pages. */
export const DOCS_CSS = `html { scroll-padding-top: 3.5rem; }
nav.contents { padding: 1.5rem 1.5rem 0; font-size: .95rem; overflow-wrap: anywhere; }
nav.contents h2 { margin: 0 0 .5rem; font-size: 1.1rem; }
nav.contents ul { margin: 0; padding: 0; list-style: none; }
nav.contents ul ul { padding-inline-start: .75rem; border-inline-start: 2px solid #bbb; }
nav.contents a { display: block; padding: .3rem 0; text-decoration: none; }
nav.contents a:hover { text-decoration: underline; }
nav.contents b { display: inline-block; min-inline-size: 3.5em; font: 600 .75rem ui-monospace, monospace; }
.to-contents { position: sticky; top: 0; z-index: 1; margin: 0; padding: .5rem 1.5rem; background: #fff; border-bottom: 1px solid #bbb; }
article { margin-block-start: 2rem; padding-block-start: .5rem; border-top: 1px solid #bbb; }
article h4 { margin: 1rem 0 .25rem; font-size: 1rem; }
section > h2 { margin-block-start: 3rem; }
:is(h2, h3):target { outline: 3px solid #00529b; outline-offset: 4px; }
details { margin-block: .5rem; }
summary { cursor: pointer; padding-block: .25rem; }
dl { margin: 0; }
dl div { margin-block-end: .5rem; }
dt { overflow-wrap: anywhere; }
dd { margin-inline-start: 1.5rem; }
@media (min-width: 64rem) {
  html { scroll-padding-top: 1rem; }
  body.docs { display: grid; grid-template-columns: minmax(17rem, 22rem) minmax(0, 62rem); justify-content: center; }
  body.docs main { margin: 0; max-width: none; }
  nav.contents { position: sticky; top: 0; box-sizing: border-box; max-height: 100vh; overflow-y: auto; padding-block-end: 1.5rem; border-inline-end: 1px solid #bbb; }
  .to-contents { display: none; }
}
@media (prefers-color-scheme: dark) {
  .to-contents { background: #161616; }
  .to-contents, nav.contents, nav.contents ul ul, article { border-color: #555; }
  :is(h2, h3):target { outline-color: #8cc8ff; }
}
@media print {
  nav.contents, .to-contents, #send { display: none; }
  pre { white-space: pre-wrap; border: 1px solid #bbb; }
  article { break-inside: avoid-page; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
`;
