import type { MessageView, SmsSize } from '../index.ts';

/** What has become of a message so far, a line each; a later view of it begins with the same lines. */
export function stepsOf({ state, reason, attempts }: MessageView): string[] {
  const steps: string[] = [];
  if (state === 'deferred') steps.push(line('deferred', reason ?? 'until the next send window'));
  for (const attempt of attempts) {
    const { channel, segments } = attempt;
    const size = segments === undefined ? '' : `, ${count(segments, 'segment')}`;
    if (attempt.state === 'waiting' || attempt.state === 'cancelled') continue;
    if (attempt.state !== 'failed') steps.push(line('attempted', channel));
    if (attempt.state === 'unknown') steps.push(line('unknown', `${channel}: it may or may not have gone out`));
    if (attempt.state === 'failed') steps.push(line('failed', `${channel}, ${attempt.reason ?? 'no reason given'}`));
    if (attempt.state === 'delivered') steps.push(line('delivered', channel + size));
  }
  if (state === 'undeliverable' || state === 'expired' || state === 'cancelled') steps.push(line(state, reason ?? ''));
  if (state === 'delivered' && !attempts.some((attempt) => attempt.state === 'delivered')) steps.push(line(state, ''));
  return steps;
}

export function accepted(id: string, sms: SmsSize | undefined): string {
  if (!sms) return line('accepted', id);
  const encoding = sms.encoding === 'gsm' ? 'GSM' : 'UCS-2';
  return line('accepted', `${id}  (SMS: ${count(sms.segments, 'segment')}, ${encoding})`);
}

function line(step: string, more: string): string {
  return `${step.padEnd(14)}${more}`.trimEnd();
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}
