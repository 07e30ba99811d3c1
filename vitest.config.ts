import { defineConfig } from 'vitest/config';

// Tests and examples import `meanwhile` by its own name; the first condition points the name at src/. Without `module`:
// it would choose builds for bundlers that Node cannot load (@opentelemetry/api has one).
const conditions = ['meanwhile-source', 'node', 'development|production'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['meanwhile-source', 'node', 'module-sync'] } },
  test: {
    pool: 'threads',
    testTimeout: 20_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['test/**/*.test.ts', 'local-speech/test/**/*.test.ts'],
          exclude: ['test/browser/**', '**/node_modules/**'],
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: 'test/browser/setup.ts',
          // After all others and one by one: what is heard in real time wants the machine for itself.
          sequence: { groupOrder: 1 },
          fileParallelism: false,
        },
      },
    ],
  },
});
