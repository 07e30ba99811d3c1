/** Builds the page where it is missing or older than what it is made of: `node scripts/page.ts`. */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
/** The lock file: another version of a library makes another page. */
const sources = ['playground', 'src/client', 'src/wire', 'package-lock.json'];

/** Into `folder` of the repository. Throws where the build fails; it says itself what was wrong. */
export function buildPage(folder = 'dist/playground'): void {
  const madeAt = changedAt(join(folder, 'index.html'));
  if (sources.every((source) => newest(source) < madeAt)) return;
  console.error('Building the page …');
  const { status, error } = spawnSync(`npm run --silent build:page -- --outDir ../${folder}`, {
    cwd: root,
    shell: true,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw error ?? new Error(`npm run build:page ended with ${String(status)}.`);
}

function newest(source: string): number {
  const stat = statSync(join(root, source));
  if (!stat.isDirectory()) return stat.mtimeMs;
  const names = readdirSync(join(root, source), { recursive: true, encoding: 'utf8' });
  return Math.max(
    ...names.filter((name) => !name.includes('node_modules')).map((name) => changedAt(join(source, name))),
  );
}

/** When it was changed; a file that is not there was changed before all others. */
function changedAt(path: string): number {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

if (import.meta.main) buildPage();
