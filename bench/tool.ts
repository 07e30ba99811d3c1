/** The tool that every work calls, as every peer declares it. */
import { z } from 'zod';

export const look = {
  instructions: 'You look numbers up for the user.',
  name: 'look_up',
  description: 'Looks a number up.',
  parameters: z.object({ n: z.number() }),
};

export interface LookUp {
  readonly n: number;
}

/** What is said at the first update, and what is found. */
export const working = 'Looking it up';
export const found = (n: number): string => `The number is ${String(n)}`;
export const answer = 'There it is.';
export const question = 'What is the next number?';
