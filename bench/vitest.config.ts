import { defineConfig } from 'vitest/config';
import root from '../vitest.config.ts';

const { projects: _own, ...test } = root.test ?? {};

/** The conformance cases on LiveKit, and what is LiveKit's own to test. */
export default defineConfig({
  ...root,
  test: { ...test, include: ['conformance/**/*.test.ts'] },
});
