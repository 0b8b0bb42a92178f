import { expect } from 'chai';
import { NO_TELEPHONE } from '../softphone/telephone.ts';
import { bannerOf, type Obstacles } from './banner.ts';

const telephone = (part: object) => ({ ...NO_TELEPHONE, mine: true, microphone: 'granted' as const, ...part });
const self = {
  presence: 'ready',
  presenceReason: '',
  device: 'browser',
  registered: { browser: true, 'sip-phone': true },
} as const;
const NOTHING: Obstacles = {
  refused: false,
  online: true,
  telephonyAvailable: true,
  self,
  telephone: telephone({}),
  sessionEndsSoon: false,
};
const EVERYTHING: Obstacles = {
  refused: true,
  online: false,
  telephonyAvailable: false,
  self: { ...self, presence: 'not-reachable' },
  telephone: telephone({ microphone: 'refused' }),
  sessionEndsSoon: true,
};

describe('banner', () => {
  it('is absent when nothing stands in the way', () => {
    expect(bannerOf(NOTHING)).to.equal(null);
  });

  it('is the obstacle that the others wait for; the next one follows when it is gone', () => {
    const steps: Partial<Obstacles>[] = [
      { online: true },
      { refused: false },
      { telephonyAvailable: true },
      { telephone: telephone({}) },
      { self },
      { sessionEndsSoon: false },
    ];
    let obstacles = EVERYTHING;
    const shown = [bannerOf(obstacles)];
    for (const step of steps) {
      obstacles = { ...obstacles, ...step };
      shown.push(bannerOf(obstacles));
    }
    expect(shown).to.deep.equal([
      'offline',
      'refusal',
      'telephony',
      'microphone-refused',
      'not-reachable',
      'session-end',
      null,
    ]);
  });

  it('puts a caller who cannot be heard before the exchange, for the conversation goes on without it', () => {
    const blocked = telephone({ softphone: { ...NO_TELEPHONE.softphone, soundBlocked: true } });
    expect(bannerOf({ ...NOTHING, telephonyAvailable: false, telephone: blocked })).to.equal('sound-blocked');
  });

  it('asks nobody to be ready who will be so by a phone alone', () => {
    const withoutPhone = { ...self, presence: 'not-reachable', presenceReason: 'no-phone' } as const;
    expect(bannerOf({ ...NOTHING, self: withoutPhone })).to.equal(null);
    const registered = { browser: false, 'sip-phone': false };
    expect(bannerOf({ ...NOTHING, self: { ...withoutPhone, device: 'sip-phone', registered } })).to.equal(
      'no-sip-phone',
    );
  });

  it('names the telephone that is elsewhere, or not there', () => {
    expect(bannerOf({ ...NOTHING, telephone: NO_TELEPHONE })).to.equal('other-tab');
    const registered = { browser: true, 'sip-phone': false };
    expect(bannerOf({ ...NOTHING, self: { ...self, device: 'sip-phone', registered } })).to.equal('no-sip-phone');
  });
});
