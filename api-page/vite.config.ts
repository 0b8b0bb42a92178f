import { defineConfig } from 'vite';

/** One script and one style sheet, under `/docs/send/`. Curve arithmetic for old browsers is a chunk of its own. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/docs/send/',
  build: {
    target: ['chrome120', 'firefox120', 'safari17'],
    modulePreload: false,
    lib: { entry: 'src/main.ts', formats: ['es'], fileName: () => 'send.js', cssFileName: 'send' },
  },
});
