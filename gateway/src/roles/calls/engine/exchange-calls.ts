/** Calls whose voice stays with another exchange: the same machine, without channels. */
import type { ExchangeCall } from '@civicline/protocol';
import type { Organisations } from '../../directory/organisations/index.ts';
import type { ExchangeArrival, ExchangeCalls } from '../exchange/port.ts';
import type { Call } from './call.ts';
import type { LiveCalls } from './live-calls.ts';
import { arrive } from './machine.ts';
import type { CallStore } from './store.ts';

export function createExchangeCalls(live: LiveCalls, store: CallStore, organisations: Organisations): ExchangeCalls {
  /** Resolves for everybody who asks for the same arrival at once. */
  const arriving = new Map<string, Promise<void>>();

  async function find(callId: string, organisationId: string): Promise<Call | null> {
    const call = live.get(callId)?.call ?? (await store.byId(callId));
    return call?.organisationId === organisationId && call.source.kind === 'exchange' ? call : null;
  }

  /** Resolves when the code has been judged, and the call is in a queue or could not be. */
  function judged(callId: string): Promise<void> {
    return new Promise((resolve) => {
      const off = live.onChange(({ after }) => {
        if (after.id !== callId || after.state === 'arriving') return;
        off();
        resolve();
      });
    });
  }

  /** After a restart in between, the repeated request brings the code that was never written down. */
  async function resume(callId: string, code: string): Promise<void> {
    const done = judged(callId);
    live.post(callId, { type: 'code-entered', code, at: Date.now() });
    await done;
  }

  async function begin(arrival: ExchangeArrival): Promise<void> {
    const { callId, organisationId, exchange, calledNumber, callingNumber, code, forwardNumber } = arrival;
    const called = organisations.byNumber(calledNumber);
    const first = arrive({
      id: callId,
      organisationId,
      source: { kind: 'exchange', exchange, forwardNumber },
      calledNumber,
      language: called?.number.language ?? called?.organisation.language ?? 'nl',
      at: Date.now(),
      code,
    });
    const done = judged(callId);
    // When it reached the other exchange counts for whoever asks later; waiting counts from now.
    const { call, commands } = first;
    await live.begin(
      { call: { ...call, arrivedAt: arrival.arrivedAt }, commands },
      { callingNumber, attributes: [], note: '' },
    );
    await done;
  }

  return {
    async arrive(arrival) {
      const { callId, organisationId } = arrival;
      const stored = live.get(callId)?.call ?? (await store.byId(callId));
      const known = live.get(callId)?.call ?? stored;
      if (!arriving.has(callId) && (!known || known.state === 'arriving')) {
        const work = known ? resume(callId, arrival.code) : begin(arrival);
        arriving.set(
          callId,
          work.finally(() => arriving.delete(callId)),
        );
      }
      await arriving.get(callId);
      const call = await find(callId, organisationId);
      if (!call) throw new Error('an exchange call went missing');
      return viewOf(call);
    },
    async get({ callId, organisationId }) {
      const call = await find(callId, organisationId);
      return call && viewOf(call);
    },
    async hangUp({ callId, organisationId }) {
      const call = await find(callId, organisationId);
      if (!call) return null;
      await live.dispatch(callId, { type: 'caller-gone', at: Date.now() });
      return viewOf((await find(callId, organisationId)) ?? call);
    },
  };
}

function viewOf(call: Call): ExchangeCall {
  const { verification } = call;
  // Of that voice we have nothing that could be lost.
  const state = call.state === 'interrupted' ? 'connected' : call.state;
  return {
    id: call.id,
    state,
    verified: verification?.kind === 'verified',
    ...(verification?.kind === 'not-verified'
      ? { rejection: { reason: verification.reason, mayRetry: verification.mayRetry } }
      : {}),
    queue: call.rules?.queueId ?? null,
    ...(call.agentId === null ? {} : { answeredBy: { agentId: call.agentId } }),
  };
}
