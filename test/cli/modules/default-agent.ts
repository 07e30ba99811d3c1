import { createAgent } from './agents.ts';

export default createAgent();
export const note = 'a scripted model';
