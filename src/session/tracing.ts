/** What a session shows of its work for tracing (S7.3): what it runs; all else is in its events (S7.2). */
import type { AgentSession } from './agent-session.ts';

/** Something that runs: the body of a task, or one turn of the agent (its model calls, until its calls are answered). */
export type TracedWork =
  | { readonly type: 'task'; readonly callId: string; readonly toolName: string; readonly speechId: string }
  | { readonly type: 'turn'; readonly speechId: string };

/** Follows one session. */
export interface SessionTracer {
  /** Runs `run`, and gives what it gives: spans that are made inside nest under the one that is active there. */
  around<T>(work: TracedWork, run: () => T): T;
}

/** Called once for each session, when it is made: the place to listen to its events. */
export type Tracing = (session: AgentSession) => SessionTracer;
