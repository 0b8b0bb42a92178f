import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { codesIn, errorCodes, errorsPage } from './error-codes.ts';

const root = resolve(import.meta.dirname, '../../..');

describe('docs/errors.md', () => {
  it('reads codes with their status and meaning from where they are thrown', () => {
    const source = `
      throw new AppError(409, 'CALL_HAS_BEGUN', 'The call has begun: hang up.');
      throw new AppError(
        429,
        'QUOTA_EXCEEDED',
        \`At most \${limit} a minute.\`,
      );
      throw new SenderError('NUMBER_INVALID', 'It isn\\'t a number.', path);
      throw new Error('LAUNCHER_BUSY: it runs already.');
      export type StoreErrorCode = 'STORE_FULL' | 'STORE_AWAY';
      expect(code).to.equal('NOT_THROWN');`;
    expect(codesIn(source)).to.deep.equal([
      { code: 'CALL_HAS_BEGUN', status: 409, meaning: 'The call has begun: hang up.' },
      { code: 'QUOTA_EXCEEDED', status: 429, meaning: 'At most … a minute.' },
      { code: 'NUMBER_INVALID', status: null, meaning: "It isn't a number." },
      { code: 'LAUNCHER_BUSY', status: null, meaning: 'it runs already.' },
      { code: 'STORE_FULL', status: null, meaning: '' },
      { code: 'STORE_AWAY', status: null, meaning: '' },
    ]);
  });

  it('is what the code says', async () => {
    const page = await readFile(join(root, 'docs/errors.md'), 'utf8');
    expect(page, 'make it anew: npm run docs').to.equal(errorsPage(await errorCodes(root)));
  });
});
