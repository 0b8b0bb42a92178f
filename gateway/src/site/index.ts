export { serveDocumentation } from './documentation.ts';
export { serveApiPage, serveFrontEnds } from './static.ts';
