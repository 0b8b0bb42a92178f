import { expect } from 'chai';
import type { OutgoingSms } from '../route.ts';
import type { Body } from './codec.ts';
import type { Link } from './link.ts';
import { type Submission, submissionsOf } from './submit.ts';
import { createSubmitter } from './submitter.ts';

const SMS: OutgoingSms = { id: '', to: '+32470000001', text: 'x', validUntil: 0, urgent: false };

describe('SMPP submitter', () => {
  it('takes nothing more after it was stopped in a hurry', async () => {
    const link = { ready: () => false, bound: () => false } as Link;
    const submitter = createSubmitter(() => link, null);
    const [submission] = submissionsOf(SMS, { longMessages: 'udh-8-bit' }, 1) as [Submission];
    const submit = () => submitter.submit({ submission, validUntil: Date.now() + 100, urgent: false, follows: true });
    const before = submit();
    submitter.stop(true);
    expect(await before).to.deep.equal({ kind: 'unavailable' });
    expect(await submit()).to.deep.equal({ kind: 'unavailable' });
  });

  it('ends what is withdrawn while it waits for room, and has the carrier’s time run from the leaving', async () => {
    const sent: string[] = [];
    const request: Link['request'] = (_command, body) => void sent.push((body as Body<'submit_sm'>).validity_period);
    let isReady = false;
    const link = { ready: () => isReady, bound: () => true, request } as Link;
    const submitter = createSubmitter(() => link, null);
    const long = Date.now() + 1_000_000;
    const sms = { ...SMS, validUntil: long, tryMs: 60_000 };
    const [submission] = submissionsOf(sms, { longMessages: 'udh-8-bit' }, 1, 0) as [Submission];
    expect(submission.body.validity_period).to.equal('700101000100000+');
    const segment = { submission, validUntil: long, urgent: false, follows: false };
    let mayLeave = true;
    const withdrawn = submitter.submit({ ...segment, mayLeave: () => mayLeave });
    void submitter.submit(segment);
    mayLeave = false;
    expect(await withdrawn).to.deep.equal({ kind: 'withdrawn' });
    isReady = true;
    submitter.pump();
    expect(sent).to.have.length(1);
    expect(sent[0]).to.match(/^2[0-9]{11}000\+$/);
    submitter.stop(true);
  });
});
