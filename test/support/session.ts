/**
 * A session on the virtual clock. After every record the fold of the log must equal the live state, and every prompt
 * must pass the wire of every provider.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  Agent,
  AgentSession,
  createTextOutput,
  type AgentSessionOptions,
  type Logger,
  type SessionEvent,
  type SessionRecord,
} from 'meanwhile';
import {
  createVirtualClock,
  scriptedModel,
  type ScriptedModel,
  type ScriptedStep,
  type VirtualClock,
} from 'meanwhile/testing';
import { apply } from '../../src/chat/fold.ts';
import { createSessionState } from '../../src/chat/state.ts';
import { onTestFinished } from 'vitest';
import { WireCheck } from './wire-check.ts';

export interface TestSession {
  readonly session: AgentSession;
  readonly clock: VirtualClock;
  readonly model: ScriptedModel;
  readonly records: SessionRecord[];
  readonly events: SessionEvent[];
  /** What was said, a line a stretch of words. */
  readonly spoken: string[];
  readonly log: string[];
}

export interface TestOptions extends Partial<Omit<AgentSessionOptions, 'llm'>> {
  readonly model?: ScriptedModel;
  readonly clock?: VirtualClock;
}

/** Throws in the test when the log and the state ever disagree. */
export function createLogCheck(): { check: NonNullable<AgentSessionOptions['onRecord']>; records: SessionRecord[] } {
  const shadow = createSessionState();
  const records: SessionRecord[] = [];
  let difference: Error | undefined;
  // A sink that throws harms nobody: the test must hear of it all the same.
  onTestFinished(() => {
    if (difference) throw difference;
  });
  return {
    records,
    check: (record, state) => {
      const copy = JSON.parse(JSON.stringify(record)) as SessionRecord;
      records.push(copy);
      apply(shadow, copy);
      if (difference || isDeepStrictEqual(shadow, state)) return;
      difference = new Error(
        `The fold differs from the state after record ${String(record.seq)}: ${JSON.stringify(record)}`,
      );
      throw difference;
    },
  };
}

export function createTestSession(steps: readonly ScriptedStep[], options: TestOptions = {}): TestSession {
  const clock = options.clock ?? createVirtualClock();
  const model = options.model ?? scriptedModel(steps, { clock });
  const { check, records } = createLogCheck();
  const wire = new WireCheck();
  onTestFinished(() => wire.finish());
  const spoken: string[] = [];
  const log: string[] = [];
  let line = '';
  const note = (message: string): void => void log.push(message);
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  const output = createTextOutput({
    onText: (text) => (line += text),
    onEnd: (_speech, cut) => {
      spoken.push(cut ? `${line}—` : line);
      line = '';
    },
  });
  const { model: _model, ...rest } = options;
  const session = new AgentSession({
    output,
    logger,
    userAwayMs: Infinity,
    ...rest,
    llm: model,
    clock,
    onRecord: (record, state) => {
      check(record, state);
      wire.note(record, state);
      options.onRecord?.(record, state);
    },
  });
  const events: SessionEvent[] = [];
  session.on('*', (event) => events.push(event));
  return { session, clock, model, records, events, spoken, log };
}

export async function startTestSession(
  steps: readonly ScriptedStep[],
  options: TestOptions & { agent?: Agent } = {},
): Promise<TestSession> {
  const { agent = new Agent({ name: 'travel', instructions: 'You are a travel agent.' }), ...rest } = options;
  const test = createTestSession(steps, rest);
  await test.session.start({ agent });
  return test;
}

/** A promise settled by the test's own hand. */
export function byHand<T = void>(): PromiseWithResolvers<T> {
  const made = Promise.withResolvers<T>();
  made.promise.catch(() => undefined);
  return made;
}

/** Drives `promise` to its end on the clock. */
export function drive<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  return clock.runUntil(promise);
}
