/** Mocked tools (S10.1): the model sees the real schema, policies apply, and a mock gets the full background life. */
import { overrideTools, type Agent, type AgentSession, type OverrideTarget, type ToolBodies } from '../index.ts';

/**
 * Runs `fn` with mocks for the tools of an agent, of a class of agents and its subclasses, or of a session:
 * `await mockTools(BookingAgent, { book_flight: () => 'ABC123' }, async () => { … })`. Nested scopes merge by name, the
 * inner wins. For an agent or a session also `using mocks = mockTools(session, { … })`. Nothing outside of the scope,
 * other tests included, sees a mock. Throws MeanwhileError `invalid_option` for a name that is no tool.
 */
export function mockTools<T>(target: OverrideTarget, mocks: ToolBodies, fn: () => T): T;
export function mockTools(target: Agent | AgentSession, mocks: ToolBodies): Disposable;
export function mockTools<T>(target: OverrideTarget, mocks: ToolBodies, fn?: () => T): T | Disposable {
  return fn ? overrideTools(target, mocks, fn) : overrideTools(target as Agent, mocks);
}
