import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { createRecall, type Recall, STALE_MS } from './recall.ts';

describe('calling back what is about to leave', () => {
  let recall: Recall<'CANCELLED'>;
  afterEach(() => recall.close());

  const open = (isShared: boolean, find: () => Promise<[string, 'CANCELLED'][]> = async () => []) => {
    recall = createRecall({ isShared, find, onError: () => undefined });
    recall.start();
    recall.add('one');
    recall.leaves('one');
  };

  it('stops what is here, at once, and nothing else', () => {
    open(false);
    expect(recall.mayLeave('one')).to.equal(true);
    recall.stop('one', 'CANCELLED');
    recall.stop('other', 'CANCELLED');
    expect(recall.mayLeave('one')).to.equal(false);
    expect(recall.whyNot('one')).to.equal('CANCELLED');
    expect(recall.has('other')).to.equal(false);
    recall.end('one');
    expect(recall.mayLeave('one')).to.equal(false);
  });

  it('has what another gateway stored stop it before `everywhere` is over', async () => {
    let stored: [string, 'CANCELLED'][] = [];
    open(true, async () => stored);
    expect(recall.mayLeave('one')).to.equal(true);
    stored = [['one', 'CANCELLED']];
    await recall.everywhere();
    expect(recall.mayLeave('one')).to.equal(false);
    expect(recall.whyNot('one')).to.equal('CANCELLED');
  });

  it('lets nothing leave while nobody can say what others have stored', async () => {
    open(true, () => Promise.reject(new Error('on purpose')));
    expect(recall.mayLeave('one')).to.equal(true);
    await delay(STALE_MS);
    expect(recall.mayLeave('one')).to.equal(false);
    expect(recall.whyNot('one')).to.equal(null);
  });

  it('waits for nobody where there is nobody else', async () => {
    open(false, () => Promise.reject(new Error('on purpose')));
    await recall.everywhere();
    await delay(STALE_MS);
    expect(recall.mayLeave('one')).to.equal(true);
  });
});
