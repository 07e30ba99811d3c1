import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { z as z3 } from 'zod3';
import { flattenTools, loadSchemas } from '../../src/tools/flatten.ts';
import { tool } from '../../src/tools/tool.ts';

let loads = 0;

vi.mock('@ai-sdk/provider-utils', (load) => {
  loads += 1;
  return load();
});

const execute = () => 'done';

test(`S1.3 the AI SDK's utilities are loaded for Zod 3 only, and only when its schema is wanted`, async () => {
  const modern = [
    tool({ name: 'a', parameters: z.object({}), execute }),
    tool({ name: 'b', parameters: { type: 'object' }, execute }),
  ];
  await loadSchemas(flattenTools(modern));
  const old = flattenTools([tool({ name: 'c', parameters: z3.object({}), execute })]);
  expect(loads).toBe(0);
  await loadSchemas(old);
  expect(loads).toBe(1);
});
