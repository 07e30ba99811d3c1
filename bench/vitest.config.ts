import { defineConfig } from 'vitest/config';
import root from '../vitest.config.ts';

/** The conformance cases on LiveKit, and what is LiveKit's own to test. */
export default defineConfig({
  ...root,
  test: { ...root.test, include: ['conformance/**/*.test.ts'] },
});
