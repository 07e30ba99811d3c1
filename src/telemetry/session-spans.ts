/** The open spans of one session (S7.3): started and ended by its events, active while what they stand for runs. */
import {
  context,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Link,
  type Span,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import { StopResponse, type SessionEvent, type SessionRecord, type SessionTracer, type TracedWork } from '../index.ts';
import { attribute, operation } from './attributes.ts';

export interface SpanSettings {
  readonly tracer: Tracer;
  readonly parent: Context;
  /** On every span. */
  readonly attributes: Attributes;
  readonly recordContent: boolean;
}

export class SessionSpans implements SessionTracer {
  readonly #settings: SpanSettings;
  readonly #turns = new Map<string, Span>();
  readonly #tasks = new Map<string, Span>();
  /** Of all tasks: what they recorded may be told after they have ended. */
  readonly #taskContexts = new Map<string, SpanContext>();
  /** What the bodies of open tasks threw: names of errors. */
  readonly #thrown = new Map<string, string>();
  /** Agents by activity. */
  readonly #agents = new Map<string, string>();
  /** Records that wait to be told. */
  readonly #held = new Map<string, { readonly at: number; readonly callId: string }>();

  constructor(settings: SpanSettings) {
    this.#settings = settings;
  }

  around<T>(work: TracedWork, run: () => T): T {
    const span = work.type === 'task' ? this.#tasks.get(work.callId) : this.#turns.get(work.speechId);
    if (!span) return run();
    const within = trace.setSpan(this.#settings.parent, span);
    if (work.type === 'turn') return context.with(within, run);
    return context.with(within, () => noting(run, (thrown) => this.#note(work.callId, thrown)));
  }

  observe(event: SessionEvent): void {
    switch (event.type) {
      case 'agent_changed':
        this.#agents.set(event.activityId, event.agent);
        return;
      case 'speech_created':
        if (event.kind === 'reply') this.#startTurn(event);
        return;
      case 'speech_ended':
        return this.#endTurn(event);
      case 'task_started':
        return this.#startTask(event);
      case 'task_updated':
        if (event.recordId !== undefined)
          this.#tasks.get(event.callId)?.addEvent('task_updated', { id: event.recordId }, new Date(event.at));
        return;
      case 'delivery_scheduled':
        this.#held.set(event.id, event);
        return;
      case 'delivery_ended':
        this.#held.delete(event.id);
        return;
      default:
        return;
    }
  }

  #startTurn({ speechId, activityId, about, at }: SessionEvent<'speech_created'>): void {
    const agent = this.#agents.get(activityId) ?? '';
    const told = about === undefined ? undefined : this.#toldBy(about, at);
    const name = told ? operation.deliverResult : operation.invokeAgent;
    const span = this.#start(told ? name : `${name} ${agent}`.trimEnd(), at, told?.links ?? [], {
      [attribute.operationName]: name,
      [attribute.agentName]: agent,
      ...told?.attributes,
    });
    this.#turns.set(speechId, span);
  }

  /** What a reply over these records says of them. */
  #toldBy(ids: readonly string[], at: number): { attributes: Attributes; links: Link[] } {
    const records = ids.flatMap((id) => this.#held.get(id) ?? []);
    const tasks = new Set(records.map(({ callId }) => callId));
    return {
      attributes: {
        [attribute.deliveryIds]: [...ids],
        [attribute.deliveryHoldMs]: Math.max(0, ...records.map((record) => at - record.at)),
      },
      links: [...tasks].flatMap((callId) => link(this.#taskContexts.get(callId))),
    };
  }

  #endTurn({ speechId, outcome, at }: SessionEvent<'speech_ended'>): void {
    const span = this.#turns.get(speechId);
    if (!span) return;
    this.#turns.delete(speechId);
    span.setAttribute(attribute.speechOutcome, outcome);
    if (outcome === 'failed') span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(new Date(at));
  }

  #startTask({ callId, toolName, input, speechId, at }: SessionEvent<'task_started'>): void {
    const span = this.#start(
      `${operation.executeTool} ${toolName}`,
      at,
      link(this.#turns.get(speechId)?.spanContext()),
      {
        [attribute.operationName]: operation.executeTool,
        [attribute.toolName]: toolName,
        [attribute.toolType]: 'function',
        [attribute.toolCallId]: callId,
        ...(this.#settings.recordContent ? { [attribute.toolArguments]: JSON.stringify(input) } : {}),
      },
    );
    this.#tasks.set(callId, span);
    this.#taskContexts.set(callId, span.spanContext());
  }

  /** What goes on when the conversation is over has no events any more, but it is recorded. */
  record(record: SessionRecord): void {
    if (record.type === 'task_ended') this.#endTask(record);
    if (record.type === 'session_closed') this.#endAll(record.at);
  }

  #endTask({ callId, state, output: { text }, at }: Extract<SessionRecord, { type: 'task_ended' }>): void {
    const span = this.#tasks.get(callId);
    if (!span) return;
    this.#tasks.delete(callId);
    span.setAttribute(attribute.taskState, state);
    if (this.#settings.recordContent) span.setAttribute(attribute.toolResult, text);
    if (state === 'failed')
      span
        .setAttribute(attribute.errorType, this.#thrown.get(callId) ?? '_OTHER')
        .setStatus({ code: SpanStatusCode.ERROR, ...(this.#settings.recordContent ? { message: text } : {}) });
    this.#thrown.delete(callId);
    span.end(new Date(at));
  }

  #note(callId: string, thrown: unknown): void {
    const span = this.#tasks.get(callId);
    if (!span || thrown instanceof StopResponse) return;
    const error =
      thrown instanceof Error
        ? thrown
        : new Error(typeof thrown === 'string' ? thrown : `The tool threw a value of type ${typeof thrown}.`);
    span.recordException(error);
    this.#thrown.set(callId, error.name);
  }

  /** What a close has overtaken. */
  #endAll(at: number): void {
    for (const span of [...this.#turns.values(), ...this.#tasks.values()]) span.end(new Date(at));
    this.#turns.clear();
    this.#tasks.clear();
  }

  #start(name: string, at: number, links: Link[], attributes: Attributes): Span {
    const { tracer, parent, attributes: all } = this.#settings;
    return tracer.startSpan(name, { startTime: new Date(at), links, attributes: { ...all, ...attributes } }, parent);
  }
}

function link(to: SpanContext | undefined): Link[] {
  return to ? [{ context: to }] : [];
}

/** Runs a body; `note` gets what it throws before its task ends, so while its span is open. */
function noting<T>(run: () => T, note: (thrown: unknown) => void): T {
  let result: T;
  try {
    result = run();
  } catch (thrown) {
    note(thrown);
    throw thrown;
  }
  if (result instanceof Promise) result.catch(note);
  return result;
}
