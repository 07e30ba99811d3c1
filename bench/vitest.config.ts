import { defineConfig } from 'vitest/config';
import root from '../vitest.config.ts';

/** The conformance cases and tests of hosts whose packages are installed here. */
export default defineConfig({
  ...root,
  test: { ...root.test, include: ['conformance/**/*.test.ts'] },
});
