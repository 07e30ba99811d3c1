import { createAgent } from './agents.ts';

export default async function make({ name = 'travel' } = {}) {
  await Promise.resolve();
  return createAgent(name);
}
