/** Plays a session again that broke an invariant, and shows it: what a failure prints goes in here as it is. */
import { toTimeline } from 'meanwhile/testing';
import { examine, type Examined } from './examine.ts';
import type { Found } from './search.ts';
import { schedulerOf } from './shuffle.ts';
import type { Script } from './shrink.ts';

/** Throws an Error with the invariants that it breaks and with its timeline. */
export async function replay({ picks, ...plan }: Script): Promise<void> {
  const examined = await examine(plan, schedulerOf(picks), { wire: true });
  if (examined.wrongs.length > 0) throw new Error(show(examined));
}

/** What a failure prints: what is wrong, what happened, and the test that shows it again. */
export async function report({ seed, session, afterMs, script }: Found): Promise<string> {
  const { picks, ...plan } = script;
  const examined = await examine(plan, schedulerOf(picks), { wire: true });
  const where = `Found after ${(afterMs / 1000).toFixed(1)} s in\nSession ${String(session)} of seed ${String(seed)}, made smaller.`;
  return `${show(examined)}\n\n${where} To see it again:\n\n${toTest(script, examined)}`;
}

function show({ wrongs, world }: Examined): string {
  const facts = wrongs.map(({ invariant, fact }) => `  ${invariant}: ${fact}`);
  return `A session breaks what must hold of every session:\n${facts.join('\n')}\n\n${toTimeline(world.watch.events)}`;
}

function toTest(script: Script, { wrongs }: Examined): string {
  const lines = Object.entries(script).map(([name, value]) => `    ${name}: ${listed(value)},`);
  return [
    `import { test } from 'vitest';`,
    `import { replay } from './replay.ts';`,
    ``,
    `test('${wrongs[0]?.invariant ?? 'it holds'}', async () => {`,
    `  await replay({`,
    ...lines,
    `  });`,
    `});`,
  ].join('\n');
}

/** One element a line. */
function listed(value: unknown): string {
  if (!Array.isArray(value) || typeof value[0] !== 'object') return JSON.stringify(value);
  return `[\n${value.map((each) => `      ${JSON.stringify(each)},`).join('\n')}\n    ]`;
}
