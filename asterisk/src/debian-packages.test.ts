import { expect } from 'chai';
import { debianMirrors } from './debian-packages.ts';

describe('the Debian mirror', () => {
  it('is the one that the machine uses for Debian itself', () => {
    const listed = [
      'https://deb.nodesource.com/node_20.x/ nodistro',
      'http://security.debian.org/debian-security/ bookworm-security',
      'http://mirror.example/debian/ bookworm-updates',
      'http://mirror.example/debian/ bookworm',
      '',
    ].join('\n');
    expect(debianMirrors(listed)).to.deep.equal(['http://mirror.example/debian']);
  });

  it('is unknown where apt knows none', () => {
    expect(debianMirrors('')).to.deep.equal([]);
    expect(debianMirrors('http://archive.ubuntu.com/ubuntu/ noble')).to.deep.equal([]);
  });
});
