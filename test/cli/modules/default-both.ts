import { createAgent, createSession } from './agents.ts';

export default () => ({ session: createSession(), agent: createAgent() });
