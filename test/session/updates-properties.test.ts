/** Whatever tools do and whenever the user speaks: what must hold of calls, records and contexts (S1.4, S2.2–S2.4). */
import { Agent, tool, ToolError, type AgentSession, type Tool } from 'meanwhile';
import { createVirtualClock, scriptedModel, type ScriptedAnswer, type VirtualClock } from 'meanwhile/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { partsOf } from '../support/prompt.ts';
import { startTestSession, type TestSession } from '../support/session.ts';

/** What a body does, one thing after another. */
type Act =
  | { do: 'wait'; ms: number }
  | { do: 'tell'; silent: boolean }
  | { do: 'progress' }
  | { do: 'throw' }
  | { do: 'fail' };

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 300 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('tell' as const), silent: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ do: 'progress' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'throw' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'fail' as const }) },
);
const body = fc.array(act, { maxLength: 6 });
const answer = fc.record({ words: fc.integer({ min: 0, max: 4 }), calls: fc.array(body, { maxLength: 3 }) });
const input = fc.record({
  afterMs: fc.integer({ min: 0, max: 400 }),
  kind: fc.constantFrom('say', 'interrupt', 'cancel'),
});

test('S1.4 S2.2 S2.3 S2.4 every call ends once, no update is lost, and contexts only grow', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(answer, { maxLength: 8 }), fc.array(input, { maxLength: 6 }), async (answers, inputs) => {
      const { t, told } = await converse(answers, inputs);
      checkEndings(t);
      checkRecords(t, told);
      checkPrompts(t);
      await t.session.close();
    }),
    { numRuns: 50 },
  );
});

async function converse(
  answers: readonly { words: number; calls: readonly Act[][] }[],
  inputs: readonly { afterMs: number; kind: string }[],
) {
  const clock = createVirtualClock();
  const told: string[] = [];
  const rest = [...answers];
  const model = scriptedModel([], {
    clock,
    provider: 'openai.chat',
    modelId: 'gpt-x',
    fallback: () => toAnswer(rest.shift()),
  });
  const agent = new Agent({ name: 'travel', instructions: 'You are a travel agent.' });
  const t = await startTestSession([], { clock, model, agent, tools: [createTool(clock, told)] });
  void t.session.sendMessage('Go');
  for (const { afterMs, kind } of inputs) {
    await clock.advance(afterMs);
    if (kind === 'say') void t.session.sendMessage('And?');
    else if (kind === 'interrupt') void t.session.interrupt();
    else for (const { callId } of t.session.tasks.list().slice(0, 1)) void t.session.tasks.cancel(callId);
  }
  await clock.advance(60_000);
  return { t, told };
}

function toAnswer(from: { words: number; calls: readonly Act[][] } | undefined): ScriptedAnswer {
  if (!from) return { text: 'Fine.' };
  const text = Array.from({ length: from.words }, (_, n) => `word${String(n)}`).join(' ');
  return { text, wordDelayMs: 40, calls: from.calls.map((acts) => ({ name: 'work', args: { acts } })) };
}

function createTool(clock: VirtualClock, told: string[]): Tool {
  return tool({
    name: 'work',
    onDuplicate: 'allow',
    parameters: { type: 'object', properties: { acts: { type: 'array' } } },
    execute: async (args, { ctx, toolCallId, abortSignal }) => {
      for (const [n, step] of (args as { acts: Act[] }).acts.entries()) {
        if (step.do === 'throw') throw new Error('unexpected');
        if (step.do === 'fail') throw new ToolError('expected');
        if (step.do === 'progress') await ctx.update({ progress: n });
        if (step.do === 'wait') await new Promise<void>((resolve) => clock.setTimeout(resolve, step.ms));
        if (abortSignal.aborted) return;
        if (step.do !== 'tell') continue;
        const message = `${toolCallId} tells ${String(n)}.`;
        told.push(message);
        await ctx.update(message, { template: '{message}', ...(step.silent ? { deliver: 'silent' } : {}) });
      }
      return 'done';
    },
  });
}

function checkEndings(t: TestSession): void {
  const started = t.events.flatMap((event) => (event.type === 'task_started' ? [event.callId] : []));
  const ended = t.events.flatMap((event) => (event.type === 'task_ended' ? [event.callId] : []));
  expect(ended.toSorted()).toEqual(started.toSorted());
  expect(t.session.tasks.list()).toEqual([]);
  expect(t.session.state.tasks.deliveries.size).toBe(0);
  for (const activity of t.session.state.activities.values()) expect(activity.context.held.size).toBe(0);
}

/** Each id once; each message once, in the order of its body. */
function checkRecords(t: TestSession, told: readonly string[]): void {
  const outputs = [...t.session.history].flatMap((item) => {
    if (item.kind === 'batch') return item.calls.map((call) => ({ id: call.callId, text: call.output.text }));
    return item.kind === 'record' ? [{ id: item.id, text: item.output.text }] : [];
  });
  expect(new Set(outputs.map(({ id }) => id)).size).toBe(outputs.length);
  const said = outputs.map(({ text }) => text).filter((text) => text.includes(' tells '));
  expect(said.toSorted()).toEqual(told.toSorted());
  for (const id of new Set(told.map((message) => message.split(' ')[0] ?? ''))) {
    const place = (message: string): number => numberOf(outputs.find(({ text }) => text === message)?.id ?? '');
    const places = told.filter((message) => message.startsWith(`${id} `)).map(place);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  }
}

/** The call's own output first, then `_update_1`, `_update_2`, … */
function numberOf(id: string): number {
  return Number(/_update_(\d+)$/.exec(id)?.[1] ?? 0);
}

/** A prompt's outputs are its calls'; what one prompt showed of calls, the next one shows in the same order. */
function checkPrompts({ model, session }: TestSession): void {
  let before: string[] = [];
  for (const prompt of model.prompts) {
    const parts = partsOf(prompt);
    const calls = parts.flatMap((part) => (part.type === 'tool-call' ? [part.toolCallId] : []));
    expect(parts.flatMap((part) => (part.type === 'tool-result' ? [part.toolCallId] : []))).toEqual(calls);
    expect(calls.slice(0, before.length)).toEqual(before);
    before = calls;
  }
  expect(contextOf(session).every((id, index, all) => all.indexOf(id) === index)).toBe(true);
}

function contextOf(session: AgentSession): string[] {
  const [activity] = session.state.activities.values();
  return (activity?.context.items ?? []).map((item) => item.id);
}
