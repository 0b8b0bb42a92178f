import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { launchChromium } from '@civicline/test/browser';
import { expect } from 'chai';
import { build, type Rolldown } from 'vite';
import { generateSealingKeysSync, openPartSync, sealPartSync } from './node.ts';

const ENTRY = 'virtual:sealing';

/** What a bundler makes of the package's exports for a browser. */
async function bundle(): Promise<Map<string, string>> {
  const built = (await build({
    configFile: false,
    logLevel: 'silent',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === ENTRY ? id : null),
        load: (id) =>
          id === ENTRY
            ? `import * as sealing from '${join(import.meta.dirname, 'browser.ts')}';
               import * as chosen from '@civicline/protocol/sealing';
               import { nobleX25519, webCryptoX25519 } from '${join(import.meta.dirname, 'browser-x25519.ts')}';
               globalThis.sealing = chosen; globalThis.isBrowsers = chosen.sealPart === sealing.sealPart;
               globalThis.x25519 = { nobleX25519, webCryptoX25519 };`
            : null,
      },
    ],
    build: { write: false, rolldownOptions: { input: { main: ENTRY }, output: { entryFileNames: 'main.js' } } },
  })) as Rolldown.RolldownOutput;
  return new Map(
    built.output.flatMap((file) => (file.type === 'chunk' ? [[`/${file.fileName}`, file.code] as const] : [])),
  );
}

describe('sealed parts in Chromium', function () {
  this.timeout(120_000);
  let server: Server;
  let url: string;

  before(async () => {
    const files = await bundle();
    server = createServer((request, response) => {
      const code = files.get(request.url ?? '');
      response.setHeader('content-type', code === undefined ? 'text/html' : 'text/javascript');
      response.end(code ?? '<!doctype html><script type="module" src="/main.js"></script>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
  });
  after(() => server?.close());

  it('bundles the browser’s backend, which opens what Node sealed, and the reverse', async () => {
    const keys = generateSealingKeysSync();
    const content = { to: '+32470000001', text: 'Goedendag, café Ω' };
    const publicKey = { id: keys.keyId, publicKey: keys.publicKey };
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.goto(url);
      await page.waitForFunction('globalThis.sealing');
      const input = JSON.stringify({ keys, publicKey, content, part: sealPartSync('sms', publicKey, content) });
      const found = (await page.evaluate(`(async ({ keys, publicKey, content, part }) => {
        const scalar = new Uint8Array(32).fill(7), point = new Uint8Array(32).fill(9);
        const hex = async (name) => Array.from(await x25519[name](scalar, point)).join();
        return {
          isBrowsers,
          opened: await sealing.openPart('sms', [keys], part),
          sealed: await sealing.sealPart('sms', publicKey, content),
          webCrypto: await hex('webCryptoX25519').catch(() => null),
          noble: await hex('nobleX25519'),
        };
      })(${input})`)) as Record<'opened' | 'webCrypto' | 'noble' | 'isBrowsers', unknown> & {
        sealed: ReturnType<typeof sealPartSync>;
      };
      expect(found.isBrowsers).to.equal(true);
      expect(found.opened).to.deep.equal(content);
      expect(openPartSync('sms', [keys], found.sealed)).to.deep.equal(content);
      if (found.webCrypto !== null) expect(found.webCrypto).to.equal(found.noble);
    } finally {
      await browser.close();
    }
  });
});
