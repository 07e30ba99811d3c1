/** Whatever a session was doing when its process died, after whichever record: it is brought back whole (S1.4, S3.4, S3.5). */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { examine } from './examine.ts';
import { plan } from './plan.ts';
import { diedAfter } from './restored.ts';

const seed = 20_261_120;

test('S1.4 S3.4 S3.5 a session that dies after any of its records tells everything, and nothing twice as new', async () => {
  let crashes = 0;
  const found: string[] = [];
  const holds = fc.asyncProperty(
    fc.scheduler(),
    plan,
    fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
    async (scheduler, drawn, moments) => {
      const { world } = await examine(drawn, scheduler, { foldEvery: Infinity });
      const closed = world.watch.records.findIndex(({ type }) => type === 'session_closed');
      // It died before its close was over, and after somebody had come.
      for (const [index, moment] of moments.entries()) {
        const at = 2 + (moment % Math.max(1, closed - 2));
        crashes += 1;
        const before = world.watch.records.slice(0, at);
        const again = index % 2 === 0;
        const { wrong, after } = await diedAfter(before, again, drawn);
        // And dies once more, somewhere in its second life.
        const twice = before.concat(after.slice(0, moment % (after.length + 1)));
        const { wrong: wrongTwice } = await diedAfter(twice, again, drawn);
        if (wrong.length + wrongTwice.length === 0) continue;
        const last = world.watch.records[at - 1];
        found.push(
          `session ${String(1 + Math.floor((crashes - 1) / 6))}, after ${JSON.stringify(last)}: ${[...wrong, ...wrongTwice].join('; ')}`,
        );
      }
    },
  );
  await fc.check(holds, { numRuns: 150, seed });
  expect(found).toEqual([]);
  expect(crashes).toBe(900);
}, 600_000);
