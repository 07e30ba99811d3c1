/** OpenTelemetry for a session (S7.3): an observer of its events, and a hook round what it runs. */
import { context, trace, type Attributes, type Tracer } from '@opentelemetry/api';
import type { AgentSession, Tracing } from '../index.ts';
import { SessionSpans } from './session-spans.ts';

export interface TelemetryOptions {
  /** Default: the tracer `meanwhile` of the provider that is registered when a session is made. */
  readonly tracer?: Tracer;
  /** Put on every span: `{ 'gen_ai.conversation.id': … }`. */
  readonly attributes?: Attributes | ((session: AgentSession) => Attributes);
  /** Are the arguments and results of tools put on their spans? They may be personal. Default false. */
  readonly recordContent?: boolean;
}

/**
 * Spans for sessions: `new AgentSession({ llm, tracer: openTelemetry() })`. One may serve many sessions.
 *
 * - `execute_tool {name}` lives as long as the task, in the background too, and links to its turn. What the tool's body
 *   traces nests under it.
 * - `invoke_agent {agent}` is one turn: model calls until all is said. What the model's provider traces nests under it.
 * - `deliver_result` is a turn that tells what tasks have recorded, with the time that was held back, and links to them.
 *
 * Spans have the session's times. Their parent is the span that is active when the session is made, if one is. The names
 * are those of OpenTelemetry's conventions for generative AI, where there are such.
 */
export function openTelemetry(options: TelemetryOptions = {}): Tracing {
  return (session) => {
    const { tracer = trace.getTracer('meanwhile'), attributes, recordContent = false } = options;
    const spans = new SessionSpans({
      tracer,
      parent: context.active(),
      attributes: (typeof attributes === 'function' ? attributes(session) : attributes) ?? {},
      recordContent,
    });
    session.on('*', (event) => spans.observe(event));
    session.watchRecords((record) => spans.record(record));
    return spans;
  };
}
