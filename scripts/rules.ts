/**
 * Shows for every numbered rule that a test holds it: applies the patches of `rules/` one by one, each to a copy of
 * the work tree, and expects the named test to fail.
 *
 *     npm run rules              all
 *     npm run rules -- S3 S4.2   a section, a rule
 */
import { join } from 'node:path';
import { judgePatched, judgeUnpatched, type Verdict } from './rules/judge.ts';
import { ruleNumbers } from './rules/numbers.ts';
import { loadPatches, type RulePatch } from './rules/patch.ts';
import { type Judged, toTable } from './rules/table.ts';
import { runVitest } from './rules/vitest.ts';
import { createWorkspace, type Workspace } from './rules/workspace.ts';

const parallel = 2;
const root = join(import.meta.dirname, '..');
const wanted = process.argv.slice(2);

const isWanted = (rule: string) => wanted.length === 0 || wanted.some((it) => rule === it || rule.startsWith(`${it}.`));

const order = (patch: RulePatch) => (ruleNumbers.indexOf(patch.rule) + ruleNumbers.length) % ruleNumbers.length;

async function judgeAll(patches: readonly RulePatch[]): Promise<Judged[]> {
  await using stack = new AsyncDisposableStack();
  const first = stack.use(await createWorkspace(root));
  const report = await runVitest(first.path, [...new Set(patches.map((it) => it.test))]);

  const judged = patches.map((patch) => ({ patch, verdict: judgeUnpatched(patch, report, ruleNumbers) }));
  const open = judged.filter((it) => it.verdict === undefined);
  const spaces = [first];
  while (spaces.length < Math.min(parallel, open.length)) spaces.push(stack.use(await createWorkspace(root)));
  await Promise.all(
    spaces.map(async (space) => {
      for (let next = open.shift(); next; next = open.shift()) next.verdict = await tryPatch(space, next.patch);
    }),
  );
  return judged.map(({ patch, verdict }) => ({ patch, verdict: verdict ?? { type: 'not_caught' } }));
}

async function tryPatch(space: Workspace, patch: RulePatch): Promise<Verdict> {
  const applied = await space.apply(patch);
  if ('refused' in applied) return { type: 'broken', reason: applied.refused };
  try {
    return judgePatched(patch, await runVitest(space.path, [patch.test], patch.name));
  } finally {
    await applied.restore();
  }
}

const patches = (await loadPatches(root)).filter((it) => isWanted(it.rule)).toSorted((a, b) => order(a) - order(b));
const judged = patches.length > 0 ? await judgeAll(patches) : [];
const proven = new Set(judged.filter((it) => it.verdict.type === 'proven').map((it) => it.patch.rule));
const unproven = ruleNumbers.filter((it) => isWanted(it) && !patches.some((patch) => patch.rule === it));
const wrong = judged.filter((it) => it.verdict.type !== 'proven');

if (judged.length > 0) console.log(`${toTable(judged)}\n`);
if (unproven.length > 0) console.log(`unproven: ${unproven.join(' ')}\n`);
console.log(`${proven.size} rules proven, ${unproven.length} unproven, ${wrong.length} entries wrong`);
process.exitCode = wrong.length > 0 ? 1 : 0;
