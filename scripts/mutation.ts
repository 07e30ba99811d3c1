/**
 * Changes the source in small ways and expects a test to fail each time.
 *
 *     npm run mutation                          every file of engine, chat and the floor: hours
 *     npm run mutation -- src/engine/ledger.ts  these files
 *     npm run mutation -- --near src/…          only by the tests that mirror them: quicker, and never a better score
 *     npm run mutation -- --record              runs nothing: writes the page, compares survivors and reasons
 *
 * Needs `npm ci --prefix mutation` once. What was found is kept in `mutation/scores.json`, why a mutant may survive in
 * `mutation/reasons.json`; `docs/design/mutation.md` is made of both.
 */
import { globSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, matchesGlob } from 'node:path';
import { toPage } from './mutation/page.ts';
import { compare, reasonFor, type Reason } from './mutation/reasons.ts';
import { hashOf, isSurvivor, merge, nameAll, percent, rangesOf, scoreOf, type FileScore } from './mutation/score.ts';
import { loadStryker, type Mutant, type StrykerRun } from './mutation/stryker.ts';
import { far, targets } from './mutation/targets.ts';

const root = join(import.meta.dirname, '..');
const scoresFile = join(root, 'mutation/scores.json');
const read = (file: string) => readFile(join(root, file), 'utf8');
const readJson = async <T>(file: string): Promise<T> => JSON.parse(await read(file)) as T;

const reasons = await readJson<Reason[]>('mutation/reasons.json');
const known = targets.flatMap(({ files }) => globSync(files, { cwd: root })).toSorted();
const args = process.argv.slice(2);
const isNear = args.includes('--near');
const named = args.filter((arg) => !arg.startsWith('--'));
const wanted = args.includes('--record') ? [] : named.length > 0 ? named : known;
const unknown = wanted.filter((file) => !known.includes(file));
if (unknown.length > 0)
  throw new Error(`${unknown.join(', ')}: not among the files that are mutated (${known.join(', ')})`);

/** What survived and has a reason is not tried by the far tests: that would take the longest of all. */
async function mutate(file: string, stryker: (run: StrykerRun) => Promise<Mutant[]>): Promise<FileScore> {
  const source = await read(file);
  const near = targets.find(({ files }) => matchesGlob(file, files))?.near ?? [];
  const first = await stryker({ mutate: [file], testFiles: near });
  const open = nameAll(source, first)
    .filter(({ mutant, change }) => isSurvivor(mutant) && reasonFor(reasons, file, change) === undefined)
    .map(({ mutant }) => mutant);
  const second = open.length > 0 && !isNear ? await stryker({ mutate: rangesOf(file, open), testFiles: far }) : [];
  const score = scoreOf(file, source, merge(first, second), new Date().toISOString().slice(0, 10));
  return open.length > 0 && isNear ? { ...score, nearOnly: true } : score;
}

async function keep(score: FileScore): Promise<void> {
  const others = (await readJson<FileScore[]>('mutation/scores.json')).filter(({ file }) => file !== score.file);
  const all = [...others, score].toSorted((a, b) => a.file.localeCompare(b.file));
  await writeFile(scoresFile, `${JSON.stringify(all, null, 2)}\n`);
}

if (wanted.length > 0) {
  const stryker = await loadStryker(root);
  for (const file of wanted) {
    const score = await mutate(file, stryker);
    await keep(score);
    console.log(`${file}: ${percent(score).toFixed(1)} %, ${String(score.survivors.length)} survived`);
  }
}

const scores = (await readJson<FileScore[]>('mutation/scores.json')).filter(({ file }) => known.includes(file));
const files = new Map(await Promise.all(known.map(async (file) => [file, hashOf(await read(file))] as const)));
await writeFile(join(root, 'docs/design/mutation.md'), toPage(scores, reasons, { files }));

const { withoutReason, withoutSurvivor } = compare(scores, reasons);
for (const line of withoutReason) console.log(`survivor without a reason: ${line}`);
for (const line of withoutSurvivor) console.log(`reason without a survivor: ${line}`);
process.exitCode = withoutReason.length + withoutSurvivor.length > 0 ? 1 : 0;
