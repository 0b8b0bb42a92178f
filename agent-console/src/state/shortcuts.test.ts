import { expect } from 'chai';
import { shortcutOf } from './shortcuts.ts';

const plain = { key: '', code: '', altKey: true, ctrlKey: false, metaKey: false, shiftKey: false, repeat: false };

describe('shortcut keys', () => {
  it('go by the letter on the key, also on an AZERTY keyboard', () => {
    expect(shortcutOf({ ...plain, key: 'a', code: 'KeyQ' }, false)).to.equal('answer');
    expect(shortcutOf({ ...plain, key: 'q', code: 'KeyA' }, false)).to.equal(null);
  });

  it('go by the place of the key where Alt writes another character', () => {
    expect(shortcutOf({ ...plain, key: 'å', code: 'KeyA' }, false)).to.equal('answer');
  });

  it('leave that character to the field that is typed into', () => {
    expect(shortcutOf({ ...plain, key: 'Dead', code: 'KeyE' }, true)).to.equal(null);
    expect(shortcutOf({ ...plain, key: 'e', code: 'KeyE' }, true)).to.equal('hang-up');
  });

  it('need Alt alone, once', () => {
    expect(shortcutOf({ ...plain, key: 'a', altKey: false }, false)).to.equal(null);
    expect(shortcutOf({ ...plain, key: 'a', ctrlKey: true }, false)).to.equal(null);
    expect(shortcutOf({ ...plain, key: 'a', repeat: true }, false)).to.equal(null);
  });
});
