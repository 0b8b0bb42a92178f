import { expect } from 'chai';
import { createListeners } from './listeners.ts';

describe('listeners', () => {
  interface Named {
    changed(id: string): unknown;
    ended(): unknown;
  }

  function listening() {
    const errors: unknown[] = [];
    const heard: string[] = [];
    return { listeners: createListeners<Named>((error) => errors.push(error)), errors, heard };
  }

  it('hear what their name hands over, in the order in which they came, until they are taken away', () => {
    const { listeners, heard } = listening();
    listeners.on('changed', (id) => heard.push(`first ${id}`));
    const leave = listeners.on('changed', (id) => heard.push(`second ${id}`));
    listeners.on('ended', () => heard.push('ended'));
    listeners.emit('changed', 'a');
    leave();
    listeners.emit('changed', 'b');
    listeners.emit('ended');
    expect(heard).to.deep.equal(['first a', 'second a', 'first b', 'ended']);
  });

  it('that throw or reject keep neither the others from it nor whoever emits', async () => {
    const { listeners, errors, heard } = listening();
    const [thrown, rejected] = [new Error('thrown'), new Error('rejected')];
    listeners.on('changed', () => {
      throw thrown;
    });
    listeners.on('changed', async () => {
      throw rejected;
    });
    listeners.on('changed', (id) => heard.push(id));
    listeners.emit('changed', 'a');
    await new Promise(setImmediate);
    expect(heard).to.deep.equal(['a']);
    expect(errors).to.deep.equal([thrown, rejected]);
  });

  it('may leave, and others come, while they are called', () => {
    const { listeners, heard } = listening();
    const leave = listeners.on('ended', () => {
      leave();
      listeners.on('ended', () => heard.push('newcomer'));
    });
    listeners.emit('ended');
    expect(heard).to.deep.equal([]);
    listeners.emit('ended');
    expect(heard).to.deep.equal(['newcomer']);
  });
});
