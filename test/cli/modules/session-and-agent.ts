import { createAgent, createSession } from './agents.ts';

export const session = createSession();
export const agent = createAgent();
