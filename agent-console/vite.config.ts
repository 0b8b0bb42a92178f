import { defineConfig } from 'vite';

/**
 * Builds the console into `dist`, to be served under `/console/`. Everything is a file of our own origin and nothing is
 * inlined, so that the page runs under a Content-Security-Policy without exceptions.
 */
export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: ['chrome120', 'firefox120', 'safari17'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // JsSIP comes in a chunk of its own, only for agents who use the telephone in the page.
    chunkSizeWarningLimit: 600,
  },
});
