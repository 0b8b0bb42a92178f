import { defineConfig } from 'vite';

const jsx = { jsx: { runtime: 'automatic', importSource: 'preact' } } as const;

/** The widget: one classic script without any other file. `--mode letter` builds the page that letters lead to. */
export default defineConfig(({ mode }) =>
  mode === 'letter'
    ? {
        base: '/widget/letter/',
        build: {
          outDir: 'dist/letter',
          emptyOutDir: true,
          target: 'es2022',
          modulePreload: false,
          rollupOptions: { input: 'letter.html' },
        },
      }
    : {
        oxc: jsx,
        build: {
          outDir: 'dist',
          // Beside it lies what the letter's build made.
          emptyOutDir: false,
          target: 'es2022',
          lib: { entry: 'src/index.ts', formats: ['iife'], name: 'Civicline', fileName: () => 'civicline.js' },
        },
      },
);
