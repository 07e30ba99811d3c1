/**
 * The checking half of the import rule: a pure function from sources and a table to violations.
 * The table itself stands in `test/imports.test.ts`.
 */
import { posix } from 'node:path';
import ts from 'typescript';

/** What the files of one unit (a folder of `src/`, or a file directly in it) may import besides each other. */
export interface Row {
  readonly units: readonly string[];
  /** May it import npm packages? Default: those that the package declares; a list: these too, which its users install. */
  readonly packages?: false | readonly string[];
  /** May it import `node:` modules? Default: yes. */
  readonly node?: boolean;
}

/** Keyed by unit; `folder/*` gives each file of the folder, and each folder in it, a row of its own. */
export type Table = Readonly<Record<string, Row>>;

export interface Violation {
  readonly file: string;
  readonly import: string;
  readonly reason: string;
}

export interface Sources {
  /** Path from the repository's root, with forward slashes, to text. */
  readonly files: ReadonlyMap<string, string>;
  /** The packages that an installation has: dependencies and peers. */
  readonly packages: ReadonlySet<string>;
}

export function checkImports({ files, packages }: Sources, table: Table): Violation[] {
  const found: Violation[] = [];
  for (const [file, text] of files) {
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
    const unit = unitOf(file, table);
    const row = table[unit] ?? table[starOf(unit)];
    if (!row) {
      found.push({ file, import: '', reason: `${unit} has no row in the import table` });
      continue;
    }
    for (const specifier of importsOf(source)) {
      const reason = refusal(file, specifier, unit, row, table, packages);
      if (reason) found.push({ file, import: specifier, reason });
    }
    if (posix.basename(file) === 'index.ts') found.push(...checkList(file, source));
  }
  return found;
}

function refusal(
  file: string,
  specifier: string,
  unit: string,
  row: Row,
  table: Table,
  packages: ReadonlySet<string>,
): string | undefined {
  if (specifier.startsWith('node:')) return row.node === false ? `${unit} imports no node: module` : undefined;

  const target = targetOf(file, specifier);
  if (target === undefined) {
    if (row.packages === false) return `${unit} imports no package`;
    const name = packageName(specifier);
    if (packages.has(name) || row.packages?.includes(name)) return undefined;
    return `${name} is neither a dependency nor a peer of the package`;
  }
  if (!target.startsWith('src/')) return `${target} is outside src/`;
  const other = unitOf(target, table);
  if (other === unit || row.units.includes(other)) return undefined;
  return `${unit} may import ${row.units.length > 0 ? row.units.join(', ') : 'nothing'}; ${other} is not among them`;
}

/** The file in the repository that a specifier means, or undefined when it means a package. */
function targetOf(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(file), specifier);
  if (specifier === 'meanwhile') return 'src/index.ts';
  if (specifier.startsWith('meanwhile/')) return `src/${specifier.slice('meanwhile/'.length)}/index.ts`;
  return undefined;
}

function unitOf(file: string, table: Table): string {
  const [, first = '', second] = file.split('/');
  const stem = (name: string) => name.replace(/\.\w+$/, '');
  if (second === undefined) return stem(first);
  return `${first}/*` in table ? `${first}/${stem(second)}` : first;
}

const starOf = (unit: string) => `${unit.split('/')[0]}/*`;

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Every specifier in a file: imports and re-exports, type-only ones, `import()` as call and as type, references. */
function importsOf(source: ts.SourceFile): string[] {
  const specifiers = [...source.referencedFiles, ...source.typeReferenceDirectives].map((it) => it.fileName);
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node);
    if (specifier && ts.isStringLiteralLike(specifier)) specifiers.push(specifier.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return specifiers;
}

function specifierOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node)) return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return node.arguments[0];
  return undefined;
}

/** An `index.ts` is an explicit list: `export { a, b } from './there.ts'` and nothing else. */
function checkList(file: string, source: ts.SourceFile): Violation[] {
  return source.statements.flatMap((statement): Violation[] => {
    const text = statement.getText(source).split('\n')[0] ?? '';
    if (!ts.isExportDeclaration(statement) || !statement.moduleSpecifier) {
      return [{ file, import: text, reason: 'an index.ts is a list of exports, without logic' }];
    }
    if (!statement.exportClause || !ts.isNamedExports(statement.exportClause)) {
      return [{ file, import: text, reason: 'an index.ts names what it exports, no `export *`' }];
    }
    return [];
  });
}
