/** Runs vitest in a directory and reads its JSON report. */
import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A patch may make a body spin; then no timeout inside the test can end it. */
const limitMs = 60_000;

export interface TestRun {
  readonly file: string;
  readonly name: string;
  readonly status: string;
  readonly failure: string;
}

/** `tests` of all files that loaded, `broken` with what the others said. */
export type Report = { tests: TestRun[]; broken: string[] } | { hung: true };

interface JsonReport {
  testResults: {
    name: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages?: string[] }[];
  }[];
}

export async function runVitest(cwd: string, files: readonly string[], namePart?: string): Promise<Report> {
  const output = join(cwd, 'vitest-report.json');
  await rm(output, { force: true });
  const args = ['node_modules/vitest/vitest.mjs', 'run', ...files, '--reporter=json', `--outputFile=${output}`];
  if (namePart !== undefined) args.push('--testNamePattern', patternOf(namePart));
  const ended = await spawned(cwd, args);
  if (ended === 'hung') return { hung: true };

  const json = await readFile(output, 'utf8').catch(() => undefined);
  if (json === undefined) return { tests: [], broken: [ended] };
  const { testResults } = JSON.parse(json) as JsonReport;
  return {
    tests: testResults.flatMap((file) =>
      file.assertionResults.map((test) => ({
        file: file.name,
        name: test.fullName,
        status: test.status,
        failure: test.failureMessages?.[0] ?? '',
      })),
    ),
    broken: testResults.filter((it) => it.assertionResults.length === 0).map((it) => it.message),
  };
}

/** Vitest matches names joined by ` > ` and reports them joined by a space. */
const patternOf = (namePart: string) =>
  namePart
    .split(' ')
    .map((word) => RegExp.escape(word))
    .join('(?: > | )');

/** What the process wrote to stderr, or that it had to be ended. */
function spawned(cwd: string, args: readonly string[]): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  let hung = false;
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const timer = setTimeout(() => {
    hung = true;
    child.kill('SIGKILL');
  }, limitMs);
  child.on('error', (error) => resolve(error.message));
  child.on('close', () => {
    clearTimeout(timer);
    resolve(hung ? 'hung' : said);
  });
  return promise;
}
