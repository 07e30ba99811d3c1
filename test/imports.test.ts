import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { checkImports, type Table } from './support/import-rule.ts';

/** Who may import whom. Type-only imports count. A new folder under src/ fails until it has a row here. */
const core = ['errors', 'clock', 'chat', 'tools', 'engine', 'session'];
const table: Table = {
  errors: { units: [], packages: false, node: false },
  clock: { units: [], packages: false, node: false },
  chat: { units: ['errors'] },
  tools: { units: ['errors', 'clock', 'chat'] },
  engine: { units: ['errors', 'clock', 'chat', 'tools'], packages: false, node: false },
  session: { units: ['errors', 'clock', 'chat', 'tools', 'engine'] },
  index: { units: core },
  store: { units: ['index'] },
  voice: { units: ['index'] },
  telemetry: { units: ['index'] },
  restate: { units: ['index', 'store'], packages: ['@restatedev/restate-sdk'] },
  'adapters/*': { units: ['index'] },
  testing: { units: ['index'] },
  wire: { units: ['index'] },
  client: { units: ['wire'], node: false },
  server: { units: ['index', 'voice', 'wire'] },
  cli: { units: ['index', 'server', 'voice', 'store', 'restate'] },
};

const check = (files: Record<string, string>, packages: string[] = []) =>
  checkImports({ files: new Map(Object.entries(files)), packages: new Set(packages) }, table);

test('src/ keeps the import rule', async () => {
  const root = new URL('../', import.meta.url);
  const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
    dependencies?: Record<string, string>;
    peerDependencies?: Record<string, string>;
  };
  const files = new Map<string, string>();
  for await (const path of glob('src/**/*.{ts,tsx}', { cwd: root })) {
    files.set(path.replaceAll('\\', '/'), readFileSync(new URL(path, root), 'utf8'));
  }
  const packages = new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }));
  expect(checkImports({ files, packages }, table)).toEqual([]);
});

test('the page uses what any page can: meanwhile/client', async () => {
  const root = new URL('../', import.meta.url);
  for await (const path of glob('playground/src/**/*.{ts,tsx}', { cwd: root })) {
    const outside = [...readFileSync(new URL(path, root), 'utf8').matchAll(/(?:from |import\()'(\.\.\/[^']+)'/g)];
    for (const [, specifier] of outside) expect([path, specifier]).toEqual([path, '../../src/client/index.ts']);
  }
});

test('an import against the direction is reported with file, import and reason', () => {
  expect(check({ 'src/chat/log.ts': `import { Engine } from '../engine/engine.ts';` })).toEqual([
    {
      file: 'src/chat/log.ts',
      import: '../engine/engine.ts',
      reason: 'chat may import errors; engine is not among them',
    },
  ]);
});

test.each([
  ['type-only', `import type { A } from '../engine/a.ts';`],
  ['inline type', `import { type A } from '../engine/a.ts';`],
  ['side effect', `import '../engine/a.ts';`],
  ['re-export', `export { a } from '../engine/a.ts';`],
  ['re-export of all', `export * from '../engine/a.ts';`],
  ['dynamic', `const a = await import('../engine/a.ts');`],
  ['dynamic, template', 'const a = await import(`../engine/a.ts`);'],
  ['type query', `let a: import('../engine/a.ts').A;`],
  ['after a string that looks like a comment', `const s = '/*'; import { a } from '../engine/a.ts';`],
])('an import counts: %s', (_, text) => {
  expect(check({ 'src/tools/tool.ts': text }).map((it) => it.import)).toEqual(['../engine/a.ts']);
});

test.each([
  ['line comment', `// import { a } from '../engine/a.ts';`],
  ['block comment', `/**\n * import { a } from '../engine/a.ts';\n */`],
  ['string', `const text = "import { a } from '../engine/a.ts'";`],
])('text that only looks like an import does not count: %s', (_, text) => {
  expect(check({ 'src/tools/tool.ts': text })).toEqual([]);
});

test('what the table allows passes', () => {
  const files = {
    'src/errors.ts': `export class E extends Error {}`,
    'src/chat/log.ts': `import { E } from '../errors.ts'; import './item.ts';`,
    'src/session/session.ts': `import { a } from '../engine/a.ts'; import 'node:util'; import 'left-pad/deep';`,
    'src/index.ts': `export { a } from './session/session.ts';\nexport type { B } from './errors.ts';`,
    'src/adapters/livekit.ts': `import { a } from '../index.ts'; import { b } from 'meanwhile';`,
    'src/cli/main.ts': `import { a } from 'meanwhile/store'; import b from '@scope/pkg/part';`,
  };
  expect(check(files, ['left-pad', '@scope/pkg'])).toEqual([]);
});

test('engine imports no package and no node: module', () => {
  const text = `import { a } from 'left-pad'; import type { B } from 'node:events';`;
  expect(check({ 'src/engine/a.ts': text }, ['left-pad'])).toEqual([
    { file: 'src/engine/a.ts', import: 'left-pad', reason: 'engine imports no package' },
    { file: 'src/engine/a.ts', import: 'node:events', reason: 'engine imports no node: module' },
  ]);
});

test('a package that an installation would not have is reported', () => {
  expect(check({ 'src/session/a.ts': `import type { Z } from 'zod';` })).toEqual([
    { file: 'src/session/a.ts', import: 'zod', reason: 'zod is neither a dependency nor a peer of the package' },
  ]);
});

test('a package that its users install themselves is named in the table', () => {
  const text = (name: string) => `import { a } from '@restatedev/${name}';`;
  expect(check({ 'src/restate/a.ts': text('restate-sdk') })).toEqual([]);
  expect(check({ 'src/store/a.ts': text('restate-sdk'), 'src/restate/a.ts': text('else') })).toHaveLength(2);
});

test('a folder or a file without a row is reported, and so is what leaves src/', () => {
  expect(check({ 'src/magic/a.ts': '', 'src/utils.ts': '', 'src/cli/a.ts': `import '../../package.json';` })).toEqual([
    { file: 'src/magic/a.ts', import: '', reason: 'magic has no row in the import table' },
    { file: 'src/utils.ts', import: '', reason: 'utils has no row in the import table' },
    { file: 'src/cli/a.ts', import: '../../package.json', reason: 'package.json is outside src/' },
  ]);
});

test('one adapter does not import another', () => {
  const files = { 'src/adapters/livekit.ts': `import './pipecat.ts';`, 'src/adapters/mcp/a.ts': `import './b.ts';` };
  expect(check(files)).toEqual([
    {
      file: 'src/adapters/livekit.ts',
      import: './pipecat.ts',
      reason: 'adapters/livekit may import index; adapters/pipecat is not among them',
    },
  ]);
});

test('an index.ts is an explicit list', () => {
  const text = [
    `export * from './errors.ts';`,
    `export * as chat from './chat/log.ts';`,
    `export const answer = 42;`,
    `import { a } from './errors.ts';`,
    `export { a };`,
  ].join('\n');
  expect(check({ 'src/index.ts': text }).map((it) => `${it.import} -> ${it.reason}`)).toMatchInlineSnapshot(`
    [
      "export * from './errors.ts'; -> an index.ts names what it exports, no \`export *\`",
      "export * as chat from './chat/log.ts'; -> an index.ts names what it exports, no \`export *\`",
      "export const answer = 42; -> an index.ts is a list of exports, without logic",
      "import { a } from './errors.ts'; -> an index.ts is a list of exports, without logic",
      "export { a }; -> an index.ts is a list of exports, without logic",
    ]
  `);
});
