import { defineConfig } from 'vitest/config';

// Tests and examples import `meanwhile` by its own name; this condition points the name at src/.
const conditions = ['meanwhile-source', 'module', 'node', 'development|production'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['meanwhile-source', 'node'] } },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'threads',
    testTimeout: 20_000,
  },
});
