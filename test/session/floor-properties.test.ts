/**
 * Random tasks that wait for quiet, the floor, answers, playout and AgentTasks, nested in each other, while the user
 * talks: whoever waits is served in the end, and under a lease nobody else speaks for himself (S6.1–S6.6, S6.8, S6.9).
 */
import fc from 'fast-check';
import {
  AgentTask,
  MeanwhileError,
  ToolError,
  tool,
  type AgentSession,
  type FloorHolder,
  type RunContext,
} from 'meanwhile';
import { createVirtualClock, scriptedModel, type ScriptedAnswer } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createPlayback } from '../support/playback.ts';
import { drive, startTestSession } from '../support/session.ts';

/** What a body does, one after another. */
type Step =
  | { readonly type: 'update' | 'idle' | 'ask' | 'playout' | 'say' | 'reply' }
  | { readonly type: 'lease' | 'filler' | 'both' | 'subtask'; readonly steps: readonly Step[] };

/**
 * A question is told after the AgentTask that runs over its task, so an AgentTask that waits for the answer waits for
 * itself: where there are AgentTasks, answers are waited for a while only.
 */
interface Kind {
  readonly holding: readonly ('lease' | 'filler' | 'both' | 'subtask')[];
  readonly answerMs: number;
}

const kinds: readonly Kind[] = [
  { holding: ['lease', 'filler', 'both'], answerMs: Infinity },
  { holding: ['lease', 'lease', 'filler', 'both', 'subtask', 'subtask'], answerMs: 5000 },
];

function stepOf({ holding }: Kind): fc.Arbitrary<Step> {
  const { step } = fc.letrec<{ step: Step }>((tie) => ({
    step: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.record({ type: fc.constantFrom('update', 'idle', 'ask', 'playout', 'say', 'reply') }),
      fc.record({ type: fc.constantFrom(...holding), steps: fc.array(tie('step'), { maxLength: 3 }) }),
    ),
  }));
  return step;
}

type Act =
  | { readonly type: 'message'; readonly bodies: readonly (readonly Step[])[] }
  | { readonly type: 'speak' }
  | { readonly type: 'stop' }
  | { readonly type: 'interrupt' }
  | { readonly type: 'advance'; readonly ms: number };

function actOf(kind: Kind): fc.Arbitrary<Act> {
  const bodies = fc.array(fc.array(stepOf(kind), { maxLength: 3 }), { maxLength: 3 });
  return fc.oneof(
    { weight: 3, arbitrary: fc.record({ type: fc.constant('message' as const), bodies }) },
    { weight: 2, arbitrary: fc.constantFrom<Act>({ type: 'speak' }, { type: 'stop' }, { type: 'interrupt' }) },
    {
      weight: 3,
      arbitrary: fc.record({ type: fc.constant('advance' as const), ms: fc.constantFrom(0, 20, 100, 1000) }),
    },
  );
}

interface Talk {
  readonly kind: Kind;
  readonly wrong: string[];
  /** Records that wait to be told. */
  readonly due: Set<string>;
  session: AgentSession;
}

async function doAll(ctx: RunContext, steps: readonly Step[], talk: Talk): Promise<void> {
  for (const each of steps) await doOne(ctx, each, talk);
}

async function doOne(ctx: RunContext, each: Step, talk: Talk): Promise<unknown> {
  switch (each.type) {
    case 'update':
      return await ctx.update('More');
    case 'idle':
      return await ctx.session.waitForIdle();
    case 'ask':
      return await ctx.ask({ message: 'Which?', timeoutMs: talk.kind.answerMs });
    case 'playout':
      return await ctx.waitForPlayout();
    case 'say':
      return await ctx.session.say('Listen to me.').waitForPlayout();
    case 'reply':
      return await ctx.session.generateReply({ instructions: 'Say so.' }).waitForPlayout();
    case 'lease':
      return await ctx.foreground(() => underLease(ctx, each.steps, talk));
    case 'filler':
      return await ctx.filler('One moment.', { delayMs: 300, intervalMs: 500, maxSteps: 2 }, () =>
        doAll(ctx, each.steps, talk),
      );
    case 'both':
      return await Promise.all(each.steps.map((one) => doOne(ctx, one, talk)));
    case 'subtask':
      return await new AgentTask<string>({
        name: 'ask',
        instructions: 'Ask.',
        async onEnter() {
          // A reply of an agent that is paused meanwhile would wait for the AgentTask over it, and that for the floor.
          await doAll(
            ctx,
            each.steps.filter(({ type }) => type !== 'reply'),
            talk,
          );
          (this as AgentTask<string>).complete('done');
        },
      }).run();
  }
}

async function underLease(ctx: RunContext, steps: readonly Step[], talk: Talk): Promise<void> {
  const { floor } = talk.session;
  if (floor !== 'user' && !isHeldBy(floor, ctx.toolCallId))
    talk.wrong.push(`${ctx.toolCallId} runs while the floor is with ${JSON.stringify(floor)}`);
  await doAll(ctx, steps, talk);
}

/** An AgentTask that completes ends the one that runs over it: its tool fails, and what its hook still does is in vain. */
function isOfItsEnd(error: unknown): boolean {
  const codes = ['activity_ended', 'session_state', 'task_ended', 'aborted'];
  // A hook that goes on then may ask for another one: refused, because its place is gone (S8.4).
  const isRefused = error instanceof ToolError && error.message.includes('is being handed over or closed');
  return isRefused || (error instanceof MeanwhileError && codes.includes(error.code));
}

function isHeldBy(floor: FloorHolder, callId: string): boolean {
  return typeof floor === 'object' && floor.callId === callId;
}

async function play(kind: Kind, acts: readonly Act[], quietMs: number): Promise<string[]> {
  const clock = createVirtualClock();
  let planned: readonly (readonly Step[])[] = [];
  const model = scriptedModel([], {
    clock,
    fallback: ({ toolChoice }): ScriptedAnswer => {
      if (toolChoice?.type === 'none') return { text: 'Well well.' };
      const calls = planned.map((steps) => ({ name: 'task', args: { steps } }));
      planned = [];
      return { text: 'Let me see.', calls };
    },
  });
  const talk: Talk = { kind, wrong: [], due: new Set(), session: undefined as never };
  const task = tool({
    name: 'task',
    parameters: z.object({ steps: z.array(z.any()) }),
    onDuplicate: 'allow',
    execute: async ({ steps }, { ctx }) => {
      await doAll(ctx, steps as Step[], talk);
      return 'Done';
    },
  });
  const t = await startTestSession([], {
    clock,
    model,
    tools: [task],
    quietMs,
    output: createPlayback(clock, { msPerWord: 40 }),
  });
  talk.session = t.session;
  t.session.on('speech_created', ({ about }) => {
    const { floor, currentAgent } = t.session;
    if (!about || typeof floor !== 'object' || currentAgent instanceof AgentTask) return;
    const others = about.filter((id) => !id.startsWith(`${floor.callId}_`) && id !== floor.callId);
    if (others.length > 0) talk.wrong.push(`${others.join()} is told under the lease of ${floor.callId}`);
  });
  t.session.on('delivery_scheduled', ({ id }) => void talk.due.add(id));
  t.session.on('delivery_ended', ({ id }) => void talk.due.delete(id));
  for (const each of acts) {
    if (each.type === 'message') planned = each.bodies;
    if (each.type === 'message') void t.session.sendMessage('Go');
    if (each.type === 'speak') t.session.userStartedSpeaking();
    if (each.type === 'stop') t.session.userStoppedSpeaking();
    if (each.type === 'interrupt') void t.session.interrupt().catch(() => undefined);
    if (each.type === 'advance') await clock.advance(each.ms);
    await clock.settle();
  }
  t.session.userStoppedSpeaking();
  for (let round = 0; round < 60; round += 1) {
    await clock.advance(10_000);
    // The user answers what he was asked, and nothing else.
    for (const { callId, question } of t.session.tasks.list()) {
      if (question && !talk.due.has(question.id)) await t.session.tasks.answer(callId, 'accept').catch(() => undefined);
    }
  }
  const open = t.session.tasks.list().map(({ callId, state }) => `${callId} is ${state}`);
  const errors = t.events.flatMap((event) =>
    event.type === 'error' && !isOfItsEnd(event.error) ? [`${event.source}: ${String(event.error)}`] : [],
  );
  await drive(clock, t.session.waitForIdle());
  await drive(clock, t.session.close());
  const left = clock.pending().map(({ inMs }) => `a timer in ${String(inMs)} ms`);
  return [...talk.wrong, ...open, ...errors, ...left];
}

test('S6.4 S6.8 S6.9 whoever waits is served in the end, and under a lease nobody else speaks', async () => {
  const talk = fc
    .constantFrom(...kinds)
    .chain((kind) => fc.tuple(fc.constant(kind), fc.array(actOf(kind), { maxLength: 8 }), fc.constantFrom(0, 200)));
  await fc.assert(
    fc.asyncProperty(talk, async (given) => {
      expect(await play(...given)).toEqual([]);
    }),
    { numRuns: 80 },
  );
}, 60_000);
