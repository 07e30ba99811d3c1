/** Finds the numbered rules that no test, or no file header of `src/`, names. */
import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { ruleNumbers } from './rules/numbers.ts';

export interface Unnamed {
  /** Rules that no file in `test/` names. */
  readonly inTests: string[];
  /** Rules that no file in `src/` names in the comment it begins with. */
  readonly inHeaders: string[];
}

export async function findUnnamed(root: string): Promise<Unnamed> {
  const tests = await read(root, 'test/**/*.ts');
  const headers = (await read(root, 'src/**/*.{ts,tsx}')).map(headerOf);
  return { inTests: missing(tests), inHeaders: missing(headers) };
}

/** The comments before the first line of code. */
export function headerOf(text: string): string {
  return /^(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|#![^\n]*)*/.exec(text)?.[0] ?? '';
}

function missing(texts: readonly string[]): string[] {
  const named = new Set(texts.flatMap((text) => text.match(/\bS\d+\.\d+\b/g) ?? []));
  return ruleNumbers.filter((rule) => !named.has(rule));
}

async function read(root: string, pattern: string): Promise<string[]> {
  const files = await Array.fromAsync(glob(pattern, { cwd: root }));
  return files.map((file) => readFileSync(join(root, file), 'utf8'));
}
