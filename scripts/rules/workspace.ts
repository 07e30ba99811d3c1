/** A throw-away copy of the work tree in which a patch can be tried. */
import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RulePatch } from './patch.ts';

/** What is changed, and where. */
export type Patch = Pick<RulePatch, 'file' | 'find' | 'replace'>;

export interface Workspace extends AsyncDisposable {
  readonly path: string;
  /** Applies the patch; gives why it does not apply, or how to take it back. */
  apply(patch: Patch): Promise<{ refused: string } | { restore: () => Promise<void> }>;
}

export async function createWorkspace(root: string): Promise<Workspace> {
  const path = await mkdtemp(join(tmpdir(), 'meanwhile-rules-'));
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  for (const file of listed.toString().split('\0').filter(Boolean)) {
    if (existsSync(join(root, file))) await cp(join(root, file), join(path, file));
  }
  await symlink(join(root, 'node_modules'), join(path, 'node_modules'), 'junction');

  return {
    path,
    async apply(patch) {
      const file = join(path, patch.file);
      if (!existsSync(file)) return { refused: `${patch.file} does not exist` };
      const text = await readFile(file, 'utf8');
      const parts = text.split(patch.find);
      if (parts.length !== 2) return { refused: `its text occurs ${parts.length - 1} times in ${patch.file}` };
      if (patch.find === patch.replace) return { refused: 'it changes nothing' };
      await writeFile(file, parts.join(patch.replace));
      return { restore: () => writeFile(file, text) };
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
