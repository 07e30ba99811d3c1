/** What the nasty orders of `adversarial.test.ts` are played with: tools in the test's hands, a stage, and what must hold at every end. */
import { Agent, tool, type AgentSession, type RunContext, type Tool } from 'meanwhile';
import { createVirtualClock, scriptedModel, type ScriptedStep } from 'meanwhile/testing';
import { expect } from 'vitest';
import { z } from 'zod';
import { createPlayback, type PlaybackOptions } from './playback.ts';
import { byHand, drive, startTestSession, type TestOptions, type TestSession } from './session.ts';

const none = z.object({});

/** `job` is a call of every tool named; then `steps`, and "Well." for all that is asked beyond them. */
export interface SceneOptions extends TestOptions {
  readonly calls?: readonly string[];
  readonly steps?: readonly ScriptedStep[];
  readonly agent?: Agent;
  /** Is what the agent says played, a word in 100 ms? Otherwise it is heard when it is written. */
  readonly voice?: boolean | PlaybackOptions;
}

export interface Scene extends TestSession {
  /** What was played, a line a stretch; `—` ends one that was cut. */
  readonly heard: readonly string[];
  /** How long it has been going on, in ms. */
  readonly past: () => number;
}

export const call = (...names: string[]) => ({ calls: names.map((name) => ({ name })) });
export const agentOf = (name: string, more: Partial<ConstructorParameters<typeof Agent>[0]> = {}) =>
  new Agent({ name, instructions: name, ...more });
export const sessionOf = (ctx: RunContext) => ctx.session as unknown as AgentSession;

export const bodyOf = (name: string, body: (ctx: RunContext) => unknown, more: object = {}): Tool =>
  tool({ name, parameters: none, onDuplicate: 'allow', ...more, execute: (_args, { ctx }) => body(ctx) });

export interface Job {
  readonly tool: Tool;
  /** The contexts of its bodies, in the order in which they began. */
  readonly began: readonly RunContext[];
  /** Ends the n-th body with a value; an Error is thrown. */
  end(value?: unknown, n?: number): void;
}

/** A tool whose bodies go to the background at once, without a word, and then wait for the test's hand. */
export function job(
  name = 'job',
  { blocks = false, ...more }: { blocks?: boolean; [option: string]: unknown } = {},
): Job {
  const began: RunContext[] = [];
  const ends: PromiseWithResolvers<unknown>[] = [];
  const body = async (ctx: RunContext) => {
    const end = byHand<unknown>();
    began.push(ctx);
    ends.push(end);
    ctx.abortSignal.addEventListener('abort', () => end.reject(ctx.abortSignal.reason), { once: true });
    if (!blocks) await ctx.update('Began', { deliver: 'silent' });
    return await end.promise;
  };
  return {
    tool: bodyOf(name, body, more),
    began,
    end: (value, n = 0) => (value instanceof Error ? ends[n]?.reject(value) : ends[n]?.resolve(value)),
  };
}

export async function scene({ calls, steps = [], voice = false, ...options }: SceneOptions): Promise<Scene> {
  const clock = options.clock ?? createVirtualClock();
  const script = [...(calls ? [call(...calls)] : []), ...steps];
  const model = scriptedModel(script, { clock, fallback: () => 'Well.' });
  const playback = createPlayback(clock, typeof voice === 'object' ? voice : {});
  const output = voice ? { output: playback } : {};
  const began = clock.now();
  const t = await startTestSession([], { ...output, ...options, clock, model });
  return { ...t, heard: playback.heard, past: () => clock.now() - began };
}

/** The user says something, and everything comes to rest. */
export const say = (t: TestSession, userInput = 'Go') => drive(t.clock, t.session.run({ userInput }));

/** `call_1_final completed`, of the ids that hold `part`. */
export function receiptsOf(t: TestSession, part = ''): string[] {
  const all = t.events.flatMap((event) => (event.type === 'delivery_ended' ? [`${event.id} ${event.receipt}`] : []));
  return all.filter((line) => line.includes(part));
}

/** `call_1 completed`, in the order of ending. */
export const endsOf = (t: TestSession) =>
  t.events.flatMap((event) => (event.type === 'task_ended' ? [`${event.callId} ${event.state}`] : []));

/** The names of the agents that entered. */
export const entered = (t: TestSession) =>
  t.events.flatMap((event) => (event.type === 'agent_changed' ? [event.agent] : []));

/**
 * What must hold wherever it ended: it comes to rest, each task and each delivery ended once, the floor is free, and a
 * close leaves nothing behind.
 */
export async function atRest(t: TestSession): Promise<void> {
  const isClosed = t.events.some((event) => event.type === 'closed');
  if (!isClosed) await drive(t.clock, t.session.waitForIdle());
  expect(t.session.floor).toBe('nobody');
  await drive(t.clock, t.session.close());
  await t.clock.settle();
  const scheduled = t.events.flatMap((event) => (event.type === 'delivery_scheduled' ? [event.id] : []));
  const ended = t.events.flatMap((event) => (event.type === 'delivery_ended' ? [event.id] : []));
  const started = t.events.flatMap((event) => (event.type === 'task_started' ? [event.callId] : []));
  const over = t.events.flatMap((event) => (event.type === 'task_ended' ? [event.callId] : []));
  expect(ended.filter((id) => scheduled.includes(id)).toSorted()).toEqual(scheduled.toSorted());
  expect(new Set(ended).size).toBe(ended.length);
  expect(over.toSorted()).toEqual(started.toSorted());
  expect(t.session.state.tasks.deliveries.size).toBe(0);
  expect(t.clock.pending()).toEqual([]);
  expect(t.events.filter((event) => event.type === 'closed')).toHaveLength(1);
}
