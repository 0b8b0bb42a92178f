import { describeConformance } from './testing/conformance/index.ts';
import { type StandIn, startStandIn } from './testing/stand-in/index.ts';

describeConformance('the stand-in', async () => {
  const standIn = await startStandIn();
  registerPhones(standIn);
  return {
    address: { url: standIn.url, user: standIn.user, password: standIn.password },
    endpoints: { answers: 'PJSIP/phone-answers', rejects: 'PJSIP/phone-rejects', silent: 'PJSIP/phone-silent' },
    async call(did, code) {
      const caller = standIn.makeCall({ did, code, withheld: true });
      return { hangUp: async () => caller.hangUp() };
    },
    crash: () => standIn.stop(),
    async restart() {
      await standIn.start();
      registerPhones(standIn);
    },
    stop: () => standIn.stop(),
  };
});

function registerPhones(standIn: StandIn): void {
  standIn.phone('phone-answers').register('answer');
  standIn.phone('phone-rejects').register('reject');
  standIn.phone('phone-silent').register('ring');
}
