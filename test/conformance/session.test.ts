import { planConformance } from 'meanwhile/testing';
import { test } from 'vitest';
import { sessionHost } from './session-host.ts';

for (const each of planConformance(sessionHost)) test(each.title, { skip: each.skip !== undefined }, each.run);
