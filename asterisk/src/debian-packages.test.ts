import { expect } from 'chai';
import { debianMirrors } from './debian-packages.ts';

describe('the Debian mirror', () => {
  it('is the one that the machine uses for Debian itself', () => {
    const listed = [
      "'https://deb.nodesource.com/node_20.x/dists/nodistro/InRelease' deb.nodesource.com_node%5f20.x_InRelease 0 ",
      "'http://security.debian.org/debian-security/dists/bookworm-security/InRelease' security_InRelease 0 ",
      "'http://mirror.example/debian/dists/bookworm-updates/InRelease' mirror.example_debian_dists_InRelease 0 ",
      "'http://mirror.example/debian/dists/bookworm/InRelease' mirror.example_debian_dists_bookworm_InRelease 0 ",
      '',
    ].join('\n');
    expect(debianMirrors(listed)).to.deep.equal(['http://mirror.example/debian']);
  });

  it('is unknown where apt knows none', () => {
    expect(debianMirrors('')).to.deep.equal([]);
    expect(debianMirrors("'http://archive.ubuntu.com/ubuntu/dists/noble/InRelease' x 0 ")).to.deep.equal([]);
  });
});
