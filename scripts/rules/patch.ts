/**
 * A small patch that breaks one rule, and the test that must then fail. The files of `rules/` hold lists of them:
 * `*.json`, or `*.ts` with a default export.
 */
import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface RulePatch {
  /** The rule it breaks: `S3.2`. */
  rule: string;
  /** The file it changes, from the repository's root. */
  file: string;
  /** Text that occurs exactly once in that file. */
  find: string;
  /** What stands there instead. */
  replace: string;
  /** The test file. */
  test: string;
  /** Part of the test's name, its `describe` names included. */
  name: string;
}

const fields = ['rule', 'file', 'find', 'replace', 'test', 'name'] as const;

export async function loadPatches(root: string): Promise<RulePatch[]> {
  const files = (await Array.fromAsync(glob('rules/*.{json,ts}', { cwd: root }))).toSorted();
  const lists = await Promise.all(files.map(async (file) => toPatches(file, await load(join(root, file)))));
  return lists.flat();
}

async function load(path: string): Promise<unknown> {
  if (path.endsWith('.json')) return JSON.parse(readFileSync(path, 'utf8'));
  const module = (await import(pathToFileURL(path).href)) as { default?: unknown };
  return module.default;
}

function toPatches(file: string, value: unknown): RulePatch[] {
  if (!Array.isArray(value)) throw new TypeError(`Expected ${file} to hold a list of patches, got ${typeof value}.`);
  return value.map((entry: unknown, index) => {
    if (isPatch(entry)) return entry;
    throw new TypeError(`Expected entry ${index} of ${file} to have the texts ${fields.join(', ')}.`);
  });
}

function isPatch(value: unknown): value is RulePatch {
  return (
    typeof value === 'object' && value !== null && fields.every((it) => typeof Reflect.get(value, it) === 'string')
  );
}
