/** Whatever a session was doing when its process died, after whichever record: it is brought back whole (S1.4, S3.4, S3.5). */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fold } from '../../src/chat/fold.ts';
import { examine } from './examine.ts';
import { plan } from './plan.ts';
import { diedAfter } from './restored.ts';

const seed = 20_261_120;

test('S1.4 S3.4 S3.5 a session that dies after any of its records tells everything, and nothing twice as new', async () => {
  let crashes = 0;
  let ended = 0;
  const found: string[] = [];
  const holds = fc.asyncProperty(
    fc.scheduler(),
    plan,
    fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
    async (scheduler, drawn, moments) => {
      const { world } = await examine(drawn, scheduler, { foldEvery: Infinity });
      const closed = world.watch.records.findIndex(({ type }) => type === 'session_closed');
      const over = world.watch.records.findIndex(({ type }) => type === 'session_ended');
      // It died before its close was over, and after somebody had come.
      for (const [index, moment] of moments.entries()) {
        const from = index < 2 && over >= 0 ? over + 1 : 2;
        const at = from + (moment % Math.max(1, closed - from));
        crashes += 1;
        if (fold(world.watch.records.slice(0, at)).status === 'finishing') ended += 1;
        const before = world.watch.records.slice(0, at);
        const again = index % 2 === 0;
        const snapshotAt = moment % (at + 1);
        const { wrong, after } = await diedAfter(before, { again, snapshotAt }, drawn);
        // And dies once more, somewhere in its second life.
        const open = after.filter(({ type }) => type !== 'session_closed');
        const twice = before.concat(open.slice(0, moment % (open.length + 1)));
        const { wrong: wrongTwice } = await diedAfter(twice, { again, snapshotAt: twice.length }, drawn);
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
  expect(ended).toBeGreaterThan(5);
}, 600_000);
