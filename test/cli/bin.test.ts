import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';

const root = new URL('../../', import.meta.url);

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

async function node(args: readonly string[], input = ''): Promise<Ran> {
  const child = spawn(process.execPath, ['--conditions=meanwhile-source', ...args], { cwd: root });
  child.stdin.end(input);
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [code, out, errors] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
  return { code, out, errors };
}

test('the command itself, with a conversation on a pipe', async () => {
  const { code, out, errors } = await node(
    ['bin/meanwhile.js', 'chat', 'test/cli/modules/default-agent.ts'],
    'Hi\n/nope\n//nope',
  );
  expect({ code, errors }).toEqual({
    code: 1,
    errors: 'meanwhile: There is no command /nope; there are /tasks, /cancel, /quit, /help. To say it, write //nope.\n',
  });
  expect(out.replace(/\d:\d\d\.\d/g, '0:00.0')).toBe(
    [
      '(a scripted model)',
      ' 0:00.0  enter   travel',
      ' 0:00.0  user    Hi',
      ' 0:00.0  agent   Hello.',
      ' 0:00.0  user    /nope',
      ' 0:00.0  agent   Hello.',
      ' 0:00.0  end     closed',
      '',
    ].join('\n'),
  );
});

/** Broken modules, which no other tool has to read, and what is said of each. */
const broken: Readonly<Record<string, readonly [source: string, sentence: string]>> = {
  'syntax.ts': ['const a = 1;\nfunction x( {\n', 'syntax.ts:2 has a syntax error: '],
  'plain.js': ['const a = ;\n', 'plain.js, or a file it imports, has a syntax error: Unexpected token'],
  'enum.ts': [
    'enum A { b }\n',
    'enum.ts:1: TypeScript enum is not supported in strip-only mode; Node runs only TypeScript whose types can be taken away.',
  ],
  'package.ts': [
    "import 'no-such-package';\n",
    "package.ts cannot be loaded: cannot find package 'no-such-package'; run npm install no-such-package.",
  ],
  'relative.ts': ["import './none.ts';\n", "relative.ts cannot be loaded: cannot find module '"],
  'throws.ts': ["\nthrow new Error('There is no key.');\n", 'throws.ts failed while it was loaded: There is no key. ('],
  'notes.txt': ['hello', 'notes.txt is no module: expected a file that ends in .ts, .mts, .js or .mjs.'],
};

test('a file that cannot be loaded is told of in one sentence, with the place', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'meanwhile-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await Promise.all(Object.entries(broken).map(([name, [source]]) => writeFile(join(folder, name), source)));
  const main = new URL('src/cli/main.ts', root).href;
  const script = `process.chdir(${JSON.stringify(folder)}); const { main } = await import(${JSON.stringify(main)});
    for (const file of ${JSON.stringify(Object.keys(broken))}) console.log(await main(['chat', file]));`;
  const { out, errors } = await node(['--input-type=module', '--eval', script]);
  expect(out.trim().split('\n')).toEqual(Object.keys(broken).map(() => '1'));
  const sentences = errors.trim().split('\n');
  expect(sentences).toHaveLength(Object.keys(broken).length);
  for (const [index, [, sentence]] of Object.values(broken).entries()) {
    expect(sentences[index]?.startsWith(`meanwhile: ${sentence}`), `${String(sentences[index])}\n${sentence}`).toBe(
      true,
    );
  }
});
