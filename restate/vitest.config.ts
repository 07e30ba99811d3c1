import { defineConfig } from 'vitest/config';
import root from '../vitest.config.ts';

const { projects: _own, ...test } = root.test ?? {};

/** With the real Restate server, so in real time: one file after the other, and nothing is asserted about how long. */
export default defineConfig({
  ...root,
  test: { ...test, include: ['**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false },
});
