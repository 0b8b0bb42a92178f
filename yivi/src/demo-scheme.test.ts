import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { DEMO_SCHEME } from './demo-scheme.ts';

const ROOT = resolve(import.meta.dirname, '../..');

describe('the demo scheme', () => {
  it('has every attribute that the demo organisation asks for', async () => {
    const organisation = await readFile(join(ROOT, 'demo/civicline.yaml'), 'utf8');
    const asked = new Set(organisation.match(new RegExp(`${DEMO_SCHEME}\\.\\w+\\.\\w+\\.\\w+`, 'g')));
    expect(asked.size).to.be.greaterThan(5);
    for (const id of asked) {
      const [, issuer = '', credential = '', attribute] = id.split('.');
      const file = join(ROOT, 'yivi/demo-scheme', DEMO_SCHEME, issuer, 'Issues', credential, 'description.xml');
      expect(existsSync(file), id).to.equal(true);
      expect(await readFile(file, 'utf8')).to.contain(`<Attribute id="${attribute}"`);
    }
  });
});
