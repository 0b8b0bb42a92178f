/** The citizen of the demo: asks for a call, discloses with the wallet, dials, keys the code, waits, talks, hangs up. */
import { parseTelUrl } from '../phone/index.ts';
import { type CallStatus, followCallRequest } from './call-status.ts';
import { play } from './citizen-call.ts';
import type { CitizenCall, CitizenEvent, CitizenPlan, CitizenWorld, Ending, Step } from './citizen-plan.ts';
import { createCallRequest, fetchPurpose } from './gateway-api.ts';
import type { Wallets } from './wallets.ts';

export interface ReadyCitizen {
  /** Dials and plays the call to its end; never rejects. */
  dial(): Promise<CitizenCall>;
}

const HALF = 4;

/** Everything before the call: asks for it and discloses. Never rejects: what went wrong shows in the call. */
export async function prepareCitizen(
  n: number,
  plan: CitizenPlan,
  world: CitizenWorld,
  tell: (event: CitizenEvent) => void,
): Promise<ReadyCitizen> {
  const call: CitizenCall = {
    call: n + 1,
    organisation: plan.organisation,
    purpose: plan.purpose,
    disclosed: [],
    dialled: null,
    accepted: false,
    connected: false,
    ended: 'failed',
    heard: { packets: 0, lost: 0, agentTone: false },
    milliseconds: {},
  };
  const finish = (ended: Ending, error?: unknown): CitizenCall => {
    call.ended = ended;
    for (const [step, length] of Object.entries(call.milliseconds))
      call.milliseconds[step as Step] = Math.round(length);
    if (error !== undefined) call.error = error instanceof Error ? error.message : String(error);
    tell({ kind: 'ended', call });
    return call;
  };
  try {
    if (plan.code === 'none') {
      const { number } = await fetchPurpose(world.gatewayUrl, plan.organisation, plan.purpose);
      return { dial: () => play(call, plan, world, tell, finish, `tel:${number}`) };
    }
    const { url, status } = await world.wallets.borrow(n, (wallet) =>
      requestAndDisclose(call, plan, world, tell, wallet),
    );
    return {
      dial: () => play(call, plan, world, tell, finish, withKeyedCode(url, plan.code), status).finally(status.close),
    };
  } catch (error) {
    const failed = finish('disclosure-failed', error);
    return { dial: async () => failed };
  }
}

async function requestAndDisclose(
  call: CitizenCall,
  plan: CitizenPlan,
  world: CitizenWorld,
  tell: (event: CitizenEvent) => void,
  wallet: Parameters<Parameters<Wallets['borrow']>[1]>[0],
): Promise<{ url: string; status: CallStatus }> {
  const { organisation, purpose, language } = plan;
  const started = performance.now();
  tell({ kind: 'requesting' });
  const request = await createCallRequest(world.gatewayUrl, { organisation, purpose, language });
  const requested = performance.now();
  call.milliseconds.request = requested - started;
  const status = followCallRequest(world.gatewayUrl, request, (state) => tell({ kind: 'state', state }));
  try {
    const outcome = await wallet.disclose(request.sessionPtr);
    call.milliseconds.disclosure = performance.now() - requested;
    if (outcome.status !== 'done')
      throw new Error(`The disclosure was ${outcome.status}. ${outcome.error ?? ''}`.trim());
    if (!outcome.clientReturnUrl) throw new Error('The wallet was given no number to call.');
    call.disclosed = outcome.disclosed ?? [];
    tell({ kind: 'disclosed', attributes: call.disclosed });
    return { url: outcome.clientReturnUrl, status };
  } catch (error) {
    status.close();
    throw error;
  }
}

/** The tel: URL as this citizen keys it: a half code loses its end, a wrong one differs in its last digit. */
function withKeyedCode(url: string, code: CitizenPlan['code']): string {
  if (code === 'whole') return url;
  const { digits } = parseTelUrl(url);
  const keyed = code === 'half' ? digits.slice(0, HALF) : `${digits.slice(0, -1)}${(Number(digits.at(-1)) + 5) % 10}`;
  return `${url.slice(0, url.length - digits.length)}${keyed}`;
}
