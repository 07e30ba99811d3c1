import { describe, expect, test } from 'vitest';
import { memory } from '../../src/store/index.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';
import { planStoreConformance } from '../../src/testing/conformance/store-run.ts';

describe('the memory store', () => {
  for (const each of planStoreConformance(createSubject())) {
    test(each.title, { skip: each.skip !== undefined }, each.run);
  }

  test('two stores share nothing', async () => {
    const [one, other] = [memory(), memory()];
    await one.acquire('a', { leaseMs: 1000 });
    expect(await other.acquire('a', { leaseMs: 1000 })).toMatchObject({ seq: 0 });
  });
});

/** There is no second process: who opens it again gets the same data behind a front of its own. */
function createSubject() {
  const clock = createVirtualClock();
  const data = memory({ clock });
  return { open: async () => data.reopen(), pass: (ms: number) => clock.advance(ms) };
}
