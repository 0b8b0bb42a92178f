/**
 * The development sign-in as a process of its own. CIVICLINE_DEVELOPMENT_SIGN_IN holds, as JSON, what
 * `startDevelopmentSignIn` takes: {"port", "clientId", "clientSecret", "redirectUris", "people": [{"sub", "email", "name"}]}
 */
import { type DevelopmentSignInOptions, startDevelopmentSignIn } from './server.ts';

if (process.env.NODE_ENV === 'production') {
  console.error('The development sign-in trusts everybody: it does not start with NODE_ENV=production.');
  process.exit(1);
}
const given = process.env.CIVICLINE_DEVELOPMENT_SIGN_IN;
if (!given) {
  console.error('CIVICLINE_DEVELOPMENT_SIGN_IN is missing: see development-sign-in/src/main.ts.');
  process.exit(1);
}
const signIn = await startDevelopmentSignIn(JSON.parse(given) as DevelopmentSignInOptions);
console.log(`Development sign-in: ${signIn.issuer}`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, async () => {
    await signIn.stop();
    process.exit(0);
  });
}
