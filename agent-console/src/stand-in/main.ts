/** `npm run dev --workspace agent-console`: the built console with the stand-in gateway and a few made-up calls. */
import { buildConsole } from './build.ts';
import { exampleCall, NOT_VERIFIED } from './examples.ts';
import { startStandInGateway } from './gateway.ts';

const gateway = await startStandInGateway({ dist: await buildConsole(), port: Number(process.env.PORT ?? 0) });
gateway.putCall(exampleCall({}, 42));
gateway.putCall(exampleCall(NOT_VERIFIED, 8));
setInterval(() => {
  if (gateway.snapshot().calls.length < 3) gateway.putCall(exampleCall());
  for (const call of gateway.snapshot().calls) {
    if (call.state === 'claimed') {
      gateway.putCall({ ...call, state: 'connected', connectedAt: new Date().toISOString() });
    }
  }
}, 5_000);
console.log(`The console with a stand-in gateway: ${gateway.url}/sign-in?return=/console/`);
