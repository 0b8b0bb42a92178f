export { type Readiness, serveOwnPages } from './own-pages.ts';
export { serveFrontEnds } from './static.ts';
