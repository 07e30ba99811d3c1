/** The guide tells the truth: its code has no type errors, its output is what the examples print, its links lead on. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { blocksOf, guideFolder, modulesOf, pages, type GuideModule } from './guide.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = fileURLToPath(guideFolder);

/** Their inline snapshots are what was printed. */
const playedTests = [
  ...['travel', 'handoff', 'subtask', 'builder', 'simulation', 'own-host'].map((name) => `../examples/${name}.test.ts`),
  './shown/failing.test.ts',
  './shown/hang-up.test.ts',
];
const flat = (text: string): string => text.trim().replace(/^ +/gm, '');

/** As the repository's tsconfig has it; the guide's modules stand in docs/guide, in memory. */
function createProgram(modules: ReadonlyMap<string, GuideModule>): ts.Program {
  const configFile = join(root, 'tsconfig.json');
  const { config } = ts.readConfigFile(configFile, (path) => ts.sys.readFile(path)) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root, { noEmit: true, incremental: false });
  delete options.tsBuildInfoFile;
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (path, ...rest) => {
    const code = modules.get(path)?.code;
    return code === undefined
      ? getSourceFile.call(host, path, ...rest)
      : ts.createSourceFile(path, code, ts.ScriptTarget.ESNext);
  };
  host.fileExists = (path) => modules.has(path) || fileExists.call(host, path);
  host.readFile = (path) => modules.get(path)?.code ?? readFile.call(host, path);
  return ts.createProgram([...modules.keys()], options, host);
}

function errorsIn(modules: readonly GuideModule[]): string[] {
  const files = new Map(modules.map((module) => [join(folder, module.page.replace(/\.md$/, '.guide.ts')), module]));
  const program = createProgram(files);
  return [...files].flatMap(([path, { page, lines }]) => {
    const source = program.getSourceFile(path);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(({ file, start = 0, messageText }) => {
      const row = file?.getLineAndCharacterOfPosition(start).line ?? 0;
      return `docs/guide/${page}:${String(lines[row] ?? 0)} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
  });
}

const yourCode = readFileSync(new URL('./your-code.ts', import.meta.url), 'utf8');
const names = [...yourCode.matchAll(/^export declare (?:const|function) (\w+)/gm)].map((match) => match[1] ?? '');
const modules = pages().flatMap((page) => modulesOf(page, names));

test('every ts block of the guide is type-checked', { timeout: 60_000 }, () => {
  expect(errorsIn(modules.filter((module) => !module.alone))).toEqual([]);
  for (const module of modules.filter((each) => each.alone)) expect(errorsIn([module])).toEqual([]);
});

test('the checker finds an error and its line', { timeout: 60_000 }, () => {
  const wrong = "import { tool } from 'meanwhile';\ntool({ name: 1 });";
  expect(errorsIn([{ page: 'wrong.md', code: wrong, lines: [7, 8] }])).toEqual([
    expect.stringMatching(/^docs\/guide\/wrong\.md:8 /),
  ]);
});

test('links lead to files that are there', () => {
  const broken = pages().flatMap((page) => {
    const markdown = readFileSync(join(folder, page), 'utf8').replace(/^```[\s\S]*?^```$/gm, '');
    const links = [...markdown.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] ?? '');
    return links
      .filter((link) => !existsSync(join(dirname(join(folder, page)), link)))
      .map((link) => `${page}: ${link}`);
  });
  expect(broken).toEqual([]);
});

test('the output shown is what the examples print', () => {
  const printed = playedTests.map((file) => flat(readFileSync(new URL(file, import.meta.url), 'utf8'))).join('\n');
  const shown = pages().flatMap((page) => blocksOf(page).filter((block) => block.language === 'text'));
  expect(shown.length).toBeGreaterThan(2);
  for (const block of shown) expect(printed).toContain(flat(block.text));
});

test.each(['first', 'call'])('the test of testing.md is one that runs: %s', (name) => {
  const shown = blocksOf('testing.md')
    .filter((block) => block.language === 'ts')
    .map((block) => block.text);
  expect(shown).toContain(readFileSync(new URL(`shown/${name}.test.ts`, import.meta.url), 'utf8'));
});
