import { createSession } from './agents.ts';

export default createSession();
