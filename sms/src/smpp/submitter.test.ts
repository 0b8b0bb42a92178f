import { expect } from 'chai';
import type { OutgoingSms } from '../route.ts';
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
});
