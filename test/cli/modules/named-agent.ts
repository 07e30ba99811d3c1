import { createAgent } from './agents.ts';

export const agent = createAgent();
export const note = 42;
