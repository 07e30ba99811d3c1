import { defineConfig } from 'vite';

/** The page is built into the package's `dist` and served from there as it is: nothing of Vite runs at a user's. */
export default defineConfig({
  root: import.meta.dirname,
  resolve: { conditions: ['meanwhile-source', 'browser', 'module', 'development|production'] },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/playground',
    emptyOutDir: true,
    target: 'es2022',
    // Files, not addresses with the file in them: the page's policy allows no other.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
