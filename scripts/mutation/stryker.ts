/**
 * Stryker, which stands in `mutation/` with a lock file of its own. It copies the work tree to `.stryker-tmp/`, puts
 * all mutants of a file into it at once and switches them on one by one.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

interface Place {
  readonly line: number;
  readonly column: number;
}

/** As Stryker gives it. Lines and columns count from 1. */
export interface Mutant {
  readonly fileName: string;
  readonly location: { readonly start: Place; readonly end: Place };
  readonly mutatorName: string;
  readonly replacement: string;
  readonly status: string;
}

interface StrykerModule {
  readonly Stryker: new (options: object) => { runMutationTest(): Promise<Mutant[]> };
}

export interface StrykerRun {
  /** Files, or ranges in them: `file.ts:3:0-3:12`, lines from 1, columns from 0. */
  readonly mutate: readonly string[];
  readonly testFiles: readonly string[];
}

export async function loadStryker(root: string): Promise<(run: StrykerRun) => Promise<Mutant[]>> {
  const require = createRequire(join(root, 'mutation/package.json'));
  const { core, runner } = resolveBoth(require);
  const { Stryker } = (await import(pathToFileURL(core).href)) as StrykerModule;
  return ({ mutate, testFiles }) => {
    process.env['MUTATION_TESTS'] = JSON.stringify(testFiles);
    return new Stryker({
      mutate,
      testRunner: 'vitest',
      plugins: [pathToFileURL(runner).href],
      vitest: { configFile: 'mutation/vitest.config.ts', related: false },
      concurrency: 1,
      // A machine that does other things as well is no reason to call a mutant endless.
      timeoutMS: 15_000,
      reporters: ['progress-append-only'],
      logLevel: 'warn',
      warnings: { slow: false },
      ignorePatterns: ['bench', 'docs', 'rules', 'dist', 'coverage'],
      tempDirName: '.stryker-tmp',
    }).runMutationTest();
  };
}

function resolveBoth(require: NodeJS.Require): { core: string; runner: string } {
  try {
    return {
      core: require.resolve('@stryker-mutator/core'),
      runner: require.resolve('@stryker-mutator/vitest-runner'),
    };
  } catch (error) {
    throw new Error('Stryker is not installed; it is kept apart from the project: npm ci --prefix mutation', {
      cause: error,
    });
  }
}
