/** What a demo citizen does, in words for people. */
import type { CitizenCall, CitizenEvent, Ending } from './citizen-plan.ts';

const ENDINGS: Record<Ending, string> = {
  'hung-up-after-talking': 'hung up after the conversation',
  'hung-up-while-waiting': 'hung up: nobody answered in time',
  'hung-up-as-planned': 'hung up as planned',
  interrupted: 'hung up: interrupted',
  'agent-hung-up': 'the agent hung up',
  'turned-away': 'turned away: closed, full or not now',
  'not-reached': 'the call was not taken',
  'connection-lost': 'the connection was lost',
  'disclosure-failed': 'it came to no call',
  failed: 'failed',
};

/** A function that prints one citizen's events as lines with the time since the first one; `prefix` tells citizens apart. */
export function createTeller(prefix: string, print: (line: string) => void): (event: CitizenEvent) => void {
  const start = performance.now();
  return (event) => {
    const time = `${((performance.now() - start) / 1000).toFixed(1)} s`.padStart(8);
    for (const [index, line] of linesOf(event).entries())
      print(`${prefix}${index === 0 ? time : ' '.repeat(8)}  ${line}`);
  };
}

/** Whether the call went as its plan lets expect. */
export function wentWrong(call: CitizenCall, code: 'whole' | 'half' | 'wrong' | 'none'): boolean {
  if (['failed', 'disclosure-failed', 'not-reached', 'connection-lost'].includes(call.ended)) return true;
  if (call.ended === 'hung-up-as-planned' || call.ended === 'interrupted') return false;
  return call.accepted !== (code === 'whole');
}

/** One line that sums up several calls. */
export function summary(calls: CitizenCall[]): string {
  const count = (fits: (call: CitizenCall) => boolean) => calls.filter(fits).length;
  const accepted = count((call) => call.accepted);
  const connected = count((call) => call.connected);
  return `${calls.length} calls, ${accepted} with an accepted code, ${connected} answered by an agent.`;
}

function linesOf(event: CitizenEvent): string[] {
  switch (event.kind) {
    case 'requesting':
      return ['asks for a call on the municipality’s page'];
    case 'disclosed':
      return ['discloses with the wallet:', ...event.attributes.map(({ id, value }) => `  ${lastPart(id)}: ${value}`)];
    case 'dialling':
      return [`dials ${event.url}`];
    case 'answered':
      return ['Asterisk answers'];
    case 'keyed':
      return ['the phone has keyed the code'];
    case 'accepted':
      return ['the code is accepted; waiting for an agent'];
    case 'connected':
      return ['connected: speaking with an agent'];
    case 'heard':
      return ['hears the agent'];
    case 'state':
      return [];
    case 'ended':
      return [ENDINGS[event.call.ended], ...(event.call.error === undefined ? [] : [`  ${event.call.error}`])];
  }
}

function lastPart(attributeId: string): string {
  return attributeId.split('.').at(-1) ?? attributeId;
}
