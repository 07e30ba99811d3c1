/**
 * Shows that the properties catch what they are there for: plants the faults of `test/properties/faults.json` one by one,
 * each in a copy of the work tree, and looks for it with the budget of CI.
 *
 *     npm run faults               all
 *     npm run faults -- timer      those with the word in their name
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createWorkspace, type Patch, type Workspace } from './rules/workspace.ts';

interface Fault extends Patch {
  readonly fault: string;
}

interface Outcome {
  readonly fault: string;
  readonly file: string;
  /** What caught it, or why nothing did. */
  readonly caughtBy: string;
  readonly sessions: number;
  readonly seconds: number;
  readonly isCaught: boolean;
}

const root = join(import.meta.dirname, '..');
const words = process.argv.slice(2);
const all = JSON.parse(readFileSync(join(root, 'test/properties/faults.json'), 'utf8')) as readonly Fault[];
const faults = all.filter(({ fault }) => words.length === 0 || words.some((word) => fault.includes(word)));

async function plant(space: Workspace, { fault, ...patch }: Fault): Promise<Outcome> {
  const { file } = patch;
  const applied = await space.apply(patch);
  if ('refused' in applied) return { fault, file, caughtBy: applied.refused, sessions: 0, seconds: 0, isCaught: false };
  try {
    return { fault, file, ...read(await look(space.path)) };
  } finally {
    await applied.restore();
  }
}

/** What `npm run properties` says, in one process of a fixed seed. */
function look(cwd: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const args = ['--conditions=meanwhile-source', 'test/properties/run.ts'];
  const env = { ...process.env, WORKERS: '1', NO_COLOR: '1' };
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.on('close', () => resolve(said));
  return promise;
}

/** Making it smaller counts into the time. */
function read(said: string): Omit<Outcome, 'fault' | 'file'> {
  const caughtBy = /^ {2}(\w+): /m.exec(said)?.[1];
  const [, sessions = '0', seconds = '0'] = /^properties: ([\d,]+).* in (\d+) s/m.exec(said) ?? [];
  return {
    caughtBy: caughtBy ?? 'NOTHING',
    sessions: Number(sessions.replaceAll(',', '')),
    seconds: Number(seconds),
    isCaught: caughtBy !== undefined,
  };
}

function toRow({ fault, file, caughtBy, sessions, seconds }: Outcome): string {
  return `| ${fault} | \`${file}\` | \`${caughtBy}\` | ${sessions.toLocaleString('en')} | ${String(seconds)} |`;
}

console.log('| fault | in | caught by | after sessions | s, making it smaller included |\n|---|---|---|---|---|');
await using space = await createWorkspace(root);
let missed = 0;
for (const fault of faults) {
  const outcome = await plant(space, fault);
  if (!outcome.isCaught) missed += 1;
  console.log(toRow(outcome));
}
console.log(`\n${String(faults.length - missed)} faults caught, ${String(missed)} missed`);
process.exitCode = missed > 0 ? 1 : 0;
