import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigError, checkConfig, configFromEnvironment, readConfig } from './config.ts';

describe('configuration of the side-car', () => {
  const service = { name: 'a', key: 'k' };
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'civicline-side-car-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const base = { url: 'https://smis.example', services: [service] };

  it('says where it is wrong', () => {
    const wrong: [object, string][] = [
      [{ ...base, url: 'smis' }, 'url'],
      [{ ...base, listen: '0.0.0.0:80' }, 'listen'],
      [{ ...base, listen: '8025' }, 'listen'],
      [{ ...base, country: 'XX' }, 'country'],
      [{ ...base, timeZone: 'Mars/Base' }, 'timeZone'],
      [{ ...base, services: [] }, 'services'],
      [{ ...base, services: [service, { ...service, name: 'b' }] }, 'services'],
      [{ ...base, services: [service, service] }, 'services'],
      [{ ...base, services: [{ name: 'a' }] }, 'services.0'],
      [{ ...base, services: [{ ...service, colour: 1 }] }, 'services.0'],
      [{ ...base, services: ['a', 'b'].map((name) => ({ name, key: 'k', apiKey: '12345678' })) }, 'services'],
    ];
    for (const [config, where] of wrong)
      expect(() => checkConfig(config, 'file'), where).to.throw(ConfigError, `file: ${where}`);
    const open = { ...base, listen: '0.0.0.0:80', services: [{ ...service, apiKey: '12345678' }] };
    expect(checkConfig(open, 'file').services[0]).to.include({ category: 'individual', urgency: 'normal' });
  });

  it('is read from a file, secrets from the environment', async () => {
    const file = join(folder, 'side-car.yaml');
    await writeFile(file, `url: https://smis.example\nservices:\n  - name: a\n    key: \${SMIS_KEY}\n`);
    expect(readConfig(file, { SMIS_KEY: 'secret' }).services[0]?.key).to.equal('secret');
    expect(() => readConfig(file, {})).to.throw(ConfigError, 'the environment has no SMIS_KEY');
    expect(() => readConfig(join(folder, 'none'), {})).to.throw(ConfigError, 'cannot be read');
    await writeFile(file, 'url: https://smis.example\nservices:\n  - name: a\n    kee: k\n');
    expect(() => readConfig(file, {})).to.throw(ConfigError, `${file}:4:10: services[0].kee: is not a field`);
    const told = configFromEnvironment({ CIVICLINE_SIDE_CAR_API_KEY: 'ringring-key' }, { url: 'http://x', key: 'k' });
    expect(told.services[0]).to.include({ apiKey: 'ringring-key', key: 'k' });
  });
});
