import { defineConfig } from 'tsdown';

/** What is built: output name to source. A new entry is one line here and one in package.json's exports. */
const entry = {
  index: 'src/index.ts',
  'testing/index': 'src/testing/index.ts',
  'telemetry/index': 'src/telemetry/index.ts',
  'adapters/livekit/index': 'src/adapters/livekit/index.ts',
  'voice/index': 'src/voice/index.ts',
  'server/index': 'src/server/index.ts',
  'store/index': 'src/store/index.ts',
  'store/sqlite': 'src/store/sqlite.ts',
  'restate/index': 'src/restate/index.ts',
  'restate/worker': 'src/restate/worker.ts',
  'cli/main': 'src/cli/main.ts',
};

/** For browsers. The worklets are loaded by their address, so each is a file beside the rest. */
const browser = defineConfig({
  entry: {
    'client/index': 'src/client/index.ts',
    'client/playback-worklet': 'src/client/playback-worklet.js',
    'client/capture-worklet': 'src/client/capture-worklet.js',
  },
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  tsconfig: 'src/client/tsconfig.json',
  dts: true,
  clean: false,
});

const main = defineConfig({
  entry,
  format: 'esm',
  platform: 'node',
  target: 'es2023',
  fixedExtension: false,
  dts: true,
  // The page is not made here.
  clean: ['dist/*', '!dist/playground'],
  deps: {
    // Only workers need it, and install it themselves.
    neverBundle: ['@restatedev/restate-sdk'],
    // To find and load these costs an importer as much as all the rest. They stay dependencies: types and licences.
    alwaysBundle: ['@ai-sdk/provider', '@cfworker/json-schema', 'jsonrepair'],
    dts: { alwaysBundle: [] },
  },
});

export default [main, browser];
