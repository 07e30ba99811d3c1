/** The planted faults fit the source as it is: what they replace stands there once. Planting them is `npm run faults`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import faults from './faults.json' with { type: 'json' };

const root = join(import.meta.dirname, '../..');

test.each(faults)('$fault in $file has its place', ({ file, find, replace }) => {
  expect(readFileSync(join(root, file), 'utf8').split(find)).toHaveLength(2);
  expect(replace).not.toBe(find);
});
