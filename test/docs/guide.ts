/** The guide's `ts` blocks as modules, one for each page: what a block declares, the later ones of its page see. */
import { readdirSync, readFileSync } from 'node:fs';

export interface GuideModule {
  readonly page: string;
  readonly code: string;
  /** The page's line for each line of the code. */
  readonly lines: readonly number[];
  /** It is for a program of its own. */
  readonly alone?: true;
}

export interface Block {
  readonly language: string;
  readonly text: string;
  /** The page's line of its first line, from 1. */
  readonly line: number;
}

export const guideFolder = new URL('../../docs/guide/', import.meta.url);

export function pages(): string[] {
  return readdirSync(guideFolder).filter((name) => name.endsWith('.md'));
}

export function blocksOf(page: string): Block[] {
  const markdown = readFileSync(new URL(page, guideFolder), 'utf8');
  return [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    language: match[1] ?? '',
    text: match[2] ?? '',
    line: markdown.slice(0, match.index).split('\n').length + 1,
  }));
}

/** A block that augments a module holds for a whole program: it is a module of its own, for a program of its own. */
export function modulesOf(page: string, yourCode: readonly string[]): GuideModule[] {
  const blocks = blocksOf(page).filter((block) => block.language === 'ts');
  const augments = (block: Block): boolean => /^declare module/m.test(block.text);
  const others = blocks.filter((block) => !augments(block));
  return [pageModule(page, others, yourCode), ...blocks.filter(augments).map((block) => augmentation(page, block))];
}

const importStatement = /^import (?:type )?[^;]*;$|^export \* as [^;]*;$/gm;

/** Each block is a scope inside the one before: it sees it, and may use its names again. */
function pageModule(page: string, blocks: readonly Block[], yourCode: readonly string[]): GuideModule {
  const imports = new Imports(blocks.flatMap((block) => block.text.match(importStatement) ?? []));
  const bodies = blocks.map((block) => bodyOf(block.text));
  const used = yourCode.filter((name) => bodies.some((body) => new RegExp(`\\b${name}\\b`).test(body)));
  const head = [...imports.statements(), `import { ${used.join(', ')} } from '../../test/docs/your-code.ts';`];
  const rows = head.map((text) => ({ text, line: 0 }));
  for (const [index, { line }] of blocks.entries()) {
    rows.push({ text: '{', line });
    for (const [row, text] of (bodies[index] ?? '').split('\n').entries()) rows.push({ text, line: line + row });
  }
  rows.push({ text: `${'}'.repeat(blocks.length)}\nexport {};`, line: 0 });
  return { page, code: rows.map((row) => row.text).join('\n'), lines: rows.map((row) => row.line) };
}

/** Without imports, which stand at the head of the module, and without exports, which a scope cannot have. */
function bodyOf(text: string): string {
  return text
    .replace(importStatement, (found) => found.replace(/[^\n]+/g, ''))
    .replace(/^export default /gm, 'void ')
    .replace(/^export (?=const|function|class|interface|type)/gm, '');
}

function augmentation(page: string, { text, line }: Block): GuideModule {
  return { page, code: text, lines: text.split('\n').map((_, row) => line + row), alone: true };
}

/** Imports of several blocks as one list: a name may be imported by each. */
class Imports {
  readonly #named = new Map<string, Set<string>>();
  readonly #others = new Set<string>();

  constructor(statements: readonly string[]) {
    for (const statement of statements) this.#add(statement);
  }

  statements(): string[] {
    const named = [...this.#named].map(([from, names]) => `import { ${[...names].join(', ')} } from ${from};`);
    return [...named, ...this.#others];
  }

  #add(given: string): void {
    const statement = given.replace(/^export \* as/, 'import * as');
    const [, type, list, from] = /^import (type )?\{([^}]*)\} from ('[^']*');$/.exec(statement) ?? [];
    if (list === undefined || from === undefined) {
      this.#others.add(statement);
      return;
    }
    const names = this.#named.get(from) ?? new Set();
    this.#named.set(from, names);
    for (const name of list.split(',').map((each) => each.trim())) {
      if (name === '') continue;
      const plain = name.replace(/^type /, '');
      const isType = type !== undefined || plain !== name;
      if (!isType) names.delete(`type ${plain}`);
      if (!isType || !names.has(plain)) names.add(isType ? `type ${plain}` : plain);
    }
  }
}
