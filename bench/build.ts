/** Ours is measured as users run it: built. */
import { execFileSync } from 'node:child_process';
import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Builds when a source is newer than what is built, or nothing is. */
export function buildIfStale(root: string, say: (text: string) => void): void {
  const sources = globSync(['src/**/*.ts', 'package.json', 'tsdown.config.ts'], { cwd: root });
  const newest = Math.max(...sources.map((path) => changedAt(join(root, path))));
  if (changedAt(join(root, 'dist/index.js')) >= newest) return;
  say('Building: dist is missing or older than src.');
  execFileSync(process.execPath, [join(root, 'node_modules/tsdown/dist/run.mjs'), '--logLevel', 'error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
}

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
