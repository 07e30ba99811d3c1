import { defineConfig } from 'vitest/config';

// Tests and examples import `meanwhile` by its own name; the first condition points the name at src/. Without `module`:
// it would choose builds for bundlers that Node cannot load (@opentelemetry/api has one).
const conditions = ['meanwhile-source', 'node', 'development|production'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['meanwhile-source', 'node', 'module-sync'] } },
  test: {
    include: ['test/**/*.test.ts', 'local-speech/test/**/*.test.ts'],
    pool: 'threads',
    testTimeout: 20_000,
  },
});
