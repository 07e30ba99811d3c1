/** All cases, in the order in which they are run. */
import type { ConformanceCase } from './case.ts';
import { callCases } from './cases/calls.ts';
import { cutCases } from './cases/cuts.ts';
import { endingCases } from './cases/endings.ts';
import { levelCases } from './cases/levels.ts';
import { questionCases } from './cases/questions.ts';
import { tellingCases } from './cases/telling.ts';

/** What a host of the engine must do, each as data: its rules, one sentence, what it needs, and how to see it. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...callCases,
  ...tellingCases,
  ...cutCases,
  ...levelCases,
  ...questionCases,
  ...endingCases,
];
