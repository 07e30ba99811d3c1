import { defineConfig } from 'tsdown';

/** The front, and a file of its own for each thread. */
export default defineConfig({
  entry: {
    index: 'src/index.ts',
    'flite-worker': 'src/flite-worker.ts',
    'moonshine-worker': 'src/moonshine-worker.ts',
  },
  format: 'esm',
  platform: 'node',
  target: 'es2023',
  fixedExtension: false,
  dts: true,
  clean: true,
});
