/**
 * `npm run pictures --workspace agent-console -- FOLDER [--scenes 'in a call,wrap-up'] [--widths 1440,390]
 * [--languages nl] [--schemes light,dark]`: each state of the screens as a PNG, for looking at.
 */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { LANGUAGES } from '@civicline/protocol';
import { buildConsole } from './build.ts';
import { SCENES, speak } from './scenes.ts';
import { launchVisitors, visitConsole } from './world.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    scenes: { type: 'string', default: SCENES.map(({ name }) => name).join(',') },
    widths: { type: 'string', default: '1440,1366,1024,390,320' },
    languages: { type: 'string', default: 'nl' },
    schemes: { type: 'string', default: 'light,dark' },
  },
});
/** npm runs this in the folder of the workspace; the folder named is one of whoever typed it. */
const folder = resolve(process.env.INIT_CWD ?? '.', positionals[0] ?? 'pictures');
const wanted = new Set(values.scenes.split(','));
const languages = LANGUAGES.filter((language) => values.languages.split(',').includes(language));
const schemes = (['light', 'dark'] as const).filter((scheme) => values.schemes.split(',').includes(scheme));

await mkdir(folder, { recursive: true });
const dist = await buildConsole();
const browser = await launchVisitors();
try {
  for (const { name, visitor, stage } of SCENES.filter((scene) => wanted.has(scene.name))) {
    for (const colorScheme of schemes) {
      await visitConsole(browser, dist, { ...visitor, colorScheme }, async (world) => {
        await stage(world);
        for (const language of languages) {
          await speak(world.page, language);
          for (const width of values.widths.split(',').map(Number)) {
            await world.page.setViewportSize({ width, height: width < 600 ? 844 : 900 });
            const file = `${name.replaceAll(/[^a-z]+/gi, '-')}.${width}.${language}.${colorScheme}.png`;
            await world.page.screenshot({ path: join(folder, file), animations: 'disabled' });
            console.log(file);
          }
        }
      });
    }
  }
} finally {
  await browser.close();
}
