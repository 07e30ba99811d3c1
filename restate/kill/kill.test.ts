/** A few kills of each kind; `npm run kill -- 1000` does more. The moments are drawn, and named when one finds a fault. */
import { expect, test } from 'vitest';
import { kinds } from './kinds.ts';
import { momentsFrom } from './moments.ts';

test.each(Object.entries(kinds))(
  'a booking whose %s is killed: no deed twice, no update lost, the result told',
  async (name, prepare) => {
    const seed = Date.now() % 1_000_000;
    const random = momentsFrom(seed);
    await using ground = await prepare();
    for (let number = 1; number <= 4; number += 1) {
      const { faults } = await ground.kill(random, number);
      expect(faults, `SEED=${String(seed)} npm run kill -- ${String(number)} ${name}`).toEqual([]);
    }
  },
);
