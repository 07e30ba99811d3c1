import { createAgent, createSession } from './agents.ts';

export async function session() {
  const made = createSession();
  await made.start({ agent: createAgent() });
  return made;
}

export function agent(): never {
  throw new Error('A session that runs needs no agent.');
}
