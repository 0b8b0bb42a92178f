import { expect } from 'chai';
import fc from 'fast-check';
import { acceptedAttributes } from './accepted-attributes.ts';
import type { SessionResult } from './schemas.ts';

const STATUSES = ['INITIALIZED', 'PAIRING', 'CONNECTED', 'CANCELLED', 'DONE', 'TIMEOUT'] as const;
const PROOFS = [
  'VALID',
  'INVALID',
  'INVALID_TIMESTAMP',
  'UNMATCHED_REQUEST',
  'MISSING_ATTRIBUTES',
  'EXPIRED',
  undefined,
];

const bsn = {
  id: 'civicline-demo.gemeente.personalData.bsn',
  rawvalue: '999990019',
  value: { '': '999990019', en: '999990019', nl: '999990019' },
  status: 'PRESENT',
};
const proved: SessionResult = {
  token: 'zWXmCuFPlTe2wRfKSjqQ',
  status: 'DONE',
  type: 'disclosing',
  proofStatus: 'VALID',
  disclosed: [[bsn], []],
};

describe('acceptedAttributes', () => {
  it('gives what was disclosed', () => {
    const attributes = [{ id: bsn.id, value: '999990019' }];
    expect(acceptedAttributes(proved)).to.deep.equal({ accepted: true, attributes });
  });

  it('accepts nothing but DONE with VALID', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...STATUSES),
        fc.constantFrom(...PROOFS),
        fc.constantFrom('disclosing' as const, 'signing' as const, 'issuing' as const),
        (status, proofStatus, type) => {
          const { proofStatus: _, ...rest } = proved;
          const result = { ...rest, status, type, ...(proofStatus && { proofStatus }) };
          const proves = status === 'DONE' && proofStatus === 'VALID' && type !== 'issuing';
          expect(acceptedAttributes(result).accepted).to.equal(proves);
        },
      ),
    );
  });

  it('says why not', () => {
    const reasonOf = (change: Partial<SessionResult>) => {
      const acceptance = acceptedAttributes({ ...proved, ...change });
      return acceptance.accepted ? null : acceptance.reason;
    };
    expect(reasonOf({ status: 'CONNECTED' })).to.equal('not-finished');
    expect(reasonOf({ status: 'CANCELLED' })).to.equal('cancelled');
    expect(reasonOf({ status: 'TIMEOUT' })).to.equal('timed-out');
    expect(reasonOf({ proofStatus: 'EXPIRED' })).to.equal('proof-expired');
    expect(reasonOf({ proofStatus: 'INVALID' })).to.equal('proof-invalid');
  });

  it('leaves out what has no value and what nobody asked for', () => {
    const disclosed = [
      [
        { ...bsn, rawvalue: null, value: null, status: 'NULL' },
        { ...bsn, rawvalue: null },
      ],
      [{ ...bsn, status: 'EXTRA' }],
    ];
    expect(acceptedAttributes({ ...proved, disclosed })).to.deep.equal({ accepted: true, attributes: [] });
  });

  it('takes the translation, then English, then the raw value', () => {
    const valueFor = (language: 'nl' | 'fr', value: Record<string, string> | null) => {
      const acceptance = acceptedAttributes({ ...proved, disclosed: [[{ ...bsn, rawvalue: 'yes', value }]] }, language);
      return acceptance.accepted && acceptance.attributes[0]?.value;
    };
    expect(valueFor('nl', { '': 'yes', en: 'Yes', nl: 'Ja' })).to.equal('Ja');
    expect(valueFor('fr', { '': 'yes', en: 'Yes', nl: 'Ja' })).to.equal('Yes');
    expect(valueFor('fr', { '': 'yes' })).to.equal('yes');
    expect(valueFor('nl', null)).to.equal('yes');
  });
});
