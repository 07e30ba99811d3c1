/**
 * Whatever happens, in whatever order: what must hold of every session (S1.4, S1.8, S2.2, S2.3, S3.2–S3.8, S5.3, S5.6, S6.3, S6.4,
 * S8.4, S8.6, S8.7). Here a small fixed share of it; `npm run properties` and `npm run soak` draw more.
 */
import { expect, test } from 'vitest';
import { report } from './replay.ts';
import { search, small } from './search.ts';

const seed = 20_261_121;

test.each([
  [
    'S1.4 S1.8 S2.3 S3.4 S3.8 S5.6 S6.3 S8.4 S8.7 whatever is done in whatever order, a session keeps its promises',
    700,
    {},
  ],
  ['S2.2 S2.3 and every prompt that it makes passes the wire of every provider', 60, { wireEvery: 1 }],
] as const)(
  '%s',
  async (_name, runs, options) => {
    const { found } = await search({ seed, runs, ...options });
    if (found) expect.fail(await report(await small(found)));
  },
  600_000,
);
