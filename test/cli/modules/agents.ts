/** What a module may export, in one place: each function gives the exports of one. */
import { Agent, AgentSession } from 'meanwhile';
import { scriptedModel } from 'meanwhile/testing';

export const model = scriptedModel([], { fallback: () => 'Hello.' });

export function createAgent(name = 'travel'): Agent {
  return new Agent({ name, instructions: 'You are a travel agent.', llm: model });
}

export class Travel extends Agent {
  constructor() {
    super({ name: 'travel', instructions: 'You are a travel agent.', llm: model });
  }
}

export const createSession = (): AgentSession => new AgentSession({ llm: model });
