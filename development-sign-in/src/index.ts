export type { Person } from './page.ts';
export { type DevelopmentSignIn, type DevelopmentSignInOptions, startDevelopmentSignIn } from './server.ts';
