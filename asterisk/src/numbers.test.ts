import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { ariOf, INSTALLING_MS, installed, openApplication, startOptions } from './test-asterisk.ts';
import { type Alone, arrivals, startAlone } from './test-telephony.ts';

const KNOWN = '+31850000001';
const NOBODYS = '+31850000099';
const key = { digits: '12345678', toneMs: 80, gapMs: 60 };

describe('the number that is called', function () {
  this.timeout(60_000);
  let alone: Alone;

  before(async function () {
    this.timeout(INSTALLING_MS);
    await installed();
  });
  afterEach(() => alone?.stop());

  /** As the gateway does (`provisionNumbers`). */
  async function makeKnown(...numbers: string[]): Promise<void> {
    const ari = ariOf(alone.asterisk);
    for (const number of numbers) {
      await ari('POST', `asterisk/variable?variable=CIVICLINE_list1_${number.replace('+', '')}&value=fr`);
    }
    await ari('POST', 'asterisk/variable?variable=CIVICLINE_NUMBERS&value=list1');
  }
  async function outcome(number: string): Promise<string> {
    const call = await alone.caller.call({ number, callerId: '+31612345678' });
    const end = call.ended.then(({ how, status }) => `${how} ${status}`);
    const said = await Promise.race([
      end,
      call.answered.then(
        () => 'answered',
        () => end,
      ),
    ]);
    await call.hangUp();
    return said;
  }

  it('is refused before it is answered when it is nobody’s, also while the gateway is away', async () => {
    alone = await startAlone();
    await makeKnown(KNOWN);
    for (const number of [NOBODYS, '31850000099', '0850000001', '112', 'abc']) {
      expect(await outcome(number), number).to.equal('rejected 404');
    }
    expect(await outcome(KNOWN)).to.equal('answered');
  });

  it('is answered, whatever it is, until the gateway has told whose numbers there are', async () => {
    alone = await startAlone();
    expect(await outcome(NOBODYS)).to.equal('answered');
  });

  it('is given up with a new list that does not have it', async () => {
    alone = await startAlone();
    await makeKnown(KNOWN);
    await ariOf(alone.asterisk)('POST', 'asterisk/variable?variable=CIVICLINE_list2_31850000002&value=nl');
    await ariOf(alone.asterisk)('POST', 'asterisk/variable?variable=CIVICLINE_NUMBERS&value=list2');
    expect(await outcome(KNOWN)).to.equal('rejected 404');
    expect(await outcome('+31850000002')).to.equal('answered');
  });

  it('is E.164 for the gateway, in whatever form the trunk delivers it, and speaks its language', async () => {
    alone = await startAlone({ trunkCountry: '31', firstDigitSeconds: 1 });
    await makeKnown(KNOWN);
    const application = await openApplication(alone.asterisk);
    for (const number of [KNOWN, '31850000001', '0031850000001', '0850000001']) {
      const call = await alone.caller.call({ number, callerId: '0612345678', key });
      const start = (await arrivals(application, 1)).get(KNOWN);
      expect(start?.args, number).to.deep.equal(['caller', KNOWN, '12345678', '']);
      expect(start?.channel.language, number).to.equal('fr');
      await call.hangUp();
    }
    expect(await outcome('0850000099')).to.equal('rejected 404');
  });

  it('may be national in another country on a further trunk', async () => {
    const options = await startOptions({ trunkCountry: '31', firstDigitSeconds: 1 });
    const local = join(options.directory, 'etc', 'local');
    await mkdir(local, { recursive: true });
    await writeFile(join(local, 'pjsip.conf'), '[trunk](+)\nset_var = CIVICLINE_COUNTRY=32\n');
    alone = await startAlone(options);
    await makeKnown('+3225550000');
    expect(await outcome('025550000')).to.equal('answered');
    expect(await outcome('0850000001')).to.equal('rejected 404');
  });
});
