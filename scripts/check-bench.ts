/**
 * Types and lint of `bench/`, whose packages are its own: without them there is nothing to check against, and
 * `npm ci` at the root is enough for everything else.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

function run(file: string, ...args: readonly string[]): void {
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', file), ...args], {
    cwd: join(root, 'bench'),
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}

if (existsSync(join(root, 'bench/node_modules'))) {
  run('typescript/bin/tsc', '--noEmit', '-p', '.');
  run('oxlint/bin/oxlint', '--deny-warnings', '-c', 'oxlint.json', '.');
} else {
  console.log('bench/: types and lint are not checked, its packages are not installed (npm ci --prefix bench).');
}
