import {
  AsyncToolset,
  createEngine,
  MeanwhileError,
  tool,
  ToolError,
  Toolset,
  type CreateEngineOptions,
  type Engine,
  type EngineReport,
  type OfferedTools,
  type SessionRecord,
  type StartedCall,
} from 'meanwhile';
import { createVirtualClock, type VirtualClock } from 'meanwhile/testing';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { ScriptedConversation, turnOf } from '../support/conversation.ts';
import { byHand, createLogCheck } from '../support/session.ts';

interface Standing {
  readonly engine: Engine;
  readonly host: ScriptedConversation;
  readonly clock: VirtualClock;
  readonly reports: EngineReport[];
  readonly records: SessionRecord[];
}

function stand(options: Partial<CreateEngineOptions> = {}): Standing {
  const clock = createVirtualClock();
  const host = new ScriptedConversation(clock);
  const reports: EngineReport[] = [];
  const { check, records } = createLogCheck();
  const engine = createEngine({
    conversation: host,
    clock,
    onReport: (report) => reports.push(report),
    onRecord: check,
    onChange: () => queueMicrotask(() => host.changed()),
    ...options,
  });
  return { engine, host, clock, reports, records };
}

let calls = 0;
function call(engine: Engine, tools: OfferedTools, toolName: string, args: object = {}): StartedCall {
  calls += 1;
  const turn = { ...turnOf(`speech_${String(calls)}`, []), tools: tools.engineTools };
  return engine.start({ wireId: `call_of_${String(calls)}`, toolName, argumentsText: JSON.stringify(args) }, turn);
}

const search = (end: Promise<unknown>) =>
  tool({
    name: 'search',
    description: 'Searches.',
    parameters: z.object({ what: z.string() }),
    execute: async (_args, { ctx }) => {
      await ctx.update('Searching.');
      return await end;
    },
  });

test('S3.2 a tool made by tool() runs, goes to the background, and its result is told at a quiet moment', async () => {
  const { engine, host, clock } = stand();
  const end = byHand<string>();
  const tools = await engine.tools([search(end.promise)]);
  expect(tools.declared).toMatchObject([
    { name: 'search', description: 'Searches.', inputSchema: { properties: { what: { type: 'string' } } } },
  ]);

  const started = call(engine, tools, 'search', { what: 'hotels' });
  const first = await started.first;
  expect(first).toMatchObject({ background: true, wantsReply: true });
  expect(first.output.text).toContain('Searching.');
  expect(engine.tasks.list()).toMatchObject([{ callId: started.callId, phase: 'background', message: 'Searching.' }]);

  end.resolve('Three hotels.');
  await clock.advance(50);
  expect(host.told).toEqual([[`${started.callId}_final`]]);
  expect(engine.hasUntold).toBe(true);
  host.ends({ type: 'completed', heard: 'Three.' });
  await engine.whenTold();
  expect(engine.hasUntold).toBe(false);
});

test('S1.3 arguments are validated, and an unknown tool is answered with those there are', async () => {
  const { engine, reports } = stand();
  const tools = await engine.tools([search(Promise.resolve())]);
  const misfit = await call(engine, tools, 'search', { what: 3 }).first;
  expect(misfit).toMatchObject({ output: { type: 'error' }, wantsReply: true });
  expect(misfit.output.text).toContain('what');
  const unknown = await call(engine, tools, 'serch').first;
  expect(unknown.output.text).toContain('search');
  expect(reports).toMatchObject([{ type: 'call_odd', toolName: 'serch' }]);
});

test('S5.4 the companions are offered where a tool may be cancelled, and cancel it', async () => {
  const { engine } = stand();
  const tools = await engine.tools({
    search: tool({
      description: 'Searches.',
      allowCancellation: true,
      execute: async (_args, { ctx, abortSignal }) => {
        await ctx.update('Searching.');
        await new Promise((_resolve, reject) => {
          abortSignal.addEventListener('abort', () => reject(abortSignal.reason as Error));
        });
      },
    }),
  });
  expect(tools.declared.map(({ name }) => name)).toEqual(['search', 'get_running_tasks', 'cancel_task']);
  const started = call(engine, tools, 'search');
  await started.first;
  const answer = await call(engine, tools, 'cancel_task', { call_id: started.callId }).first;
  expect(answer.output.text).toContain('was cancelled');
  expect(engine.state.tasks.ended.get(started.callId)?.state).toBe('cancelled');
});

test('S5.4 companions that one place needs are offered at all of them', async () => {
  const { engine } = stand();
  const before = await engine.tools([tool({ name: 'other', description: 'Other.', execute: () => 'x' })]);
  expect(before.declared.map(({ name }) => name)).toEqual(['other']);
  await engine.tools([tool({ name: 'long', description: 'Long.', allowCancellation: true, execute: () => 'x' })]);
  expect(before.declared.map(({ name }) => name)).toEqual(['other', 'get_running_tasks', 'cancel_task']);
});

test('S6.6 the first question brings answer_task to what was offered before', async () => {
  const { engine } = stand();
  const asked = tool({
    name: 'asker',
    description: 'Asks.',
    execute: async (_args, { ctx }) => (await ctx.ask({ message: 'Which one?' })).action,
  });
  const before = await engine.tools([asked]);
  const other = await engine.tools([search(Promise.resolve())]);
  expect(before.declared.map(({ name }) => name)).toEqual(['asker']);
  const started = call(engine, before, 'asker');
  await started.first;
  for (const tools of [before, other]) expect(tools.declared.map(({ name }) => name)).toContain('answer_task');
  await call(engine, other, 'answer_task', { call_id: started.callId, action: 'decline' }).first;
  await vi.waitFor(() => expect(engine.state.tasks.running.size).toBe(0));
});

test('S8.6 toolsets are set up before they are offered, and closed with the engine after the last task of their tools', async () => {
  const { engine, clock } = stand({ body: { session: { name: 'host' } } });
  const steps: string[] = [];
  const end = byHand();
  const set = new Toolset({
    id: 'travel',
    tools: [search(end.promise.then(() => steps.push('body')))],
    setup: ({ session }) => void steps.push(`setup ${(session as unknown as { name: string }).name}`),
    close: () => void steps.push('close'),
  });
  const tools = await engine.tools([set]);
  const started = call(engine, tools, 'search', { what: 'x' });
  await started.first;
  const closed = engine.close();
  end.resolve();
  await clock.runUntil(closed);
  expect(steps).toEqual(['setup host', 'body', 'close']);
  await expect(engine.tools([])).rejects.toMatchObject({ code: 'session_closed' });
});

test('S8.6 a toolset whose setup fails is reported and costs only its own tools', async () => {
  const { engine, reports } = stand();
  const broken = new Toolset({
    id: 'broken',
    tools: [search(Promise.resolve())],
    setup: () => {
      throw new Error('no network');
    },
  });
  const tools = await engine.tools([broken, tool({ name: 'other', description: 'Other.', execute: () => 'x' })]);
  expect(tools.declared.map(({ name }) => name)).toEqual(['other']);
  expect(reports).toMatchObject([{ type: 'toolset_failed', error: { message: 'no network' } }]);
});

test('S8.3 at the end of an activity its tasks move to the session, and nothing of it is offered any more', async () => {
  const { engine } = stand();
  const end = byHand<string>();
  const tools = await engine.tools([search(end.promise)], { owner: 'activity_7' });
  const started = call(engine, tools, 'search', { what: 'x' });
  await started.first;
  expect(engine.state.tasks.running.get(started.callId)?.owner).toBe('activity_7');
  const other = await engine.tools([tool({ name: 'other', description: 'Other.', execute: () => 'x' })]);
  await engine.ownerEnded('activity_7');
  expect(engine.state.tasks.running.get(started.callId)?.owner).toBe('session');
  expect(tools.declared).toEqual([]);
  expect(other.declared.map(({ name }) => name)).toEqual(['other']);
});

test('S8.7 close ends tasks as cancelled, drops what is untold, and is bounded: afterwards nothing is written', async () => {
  const { engine, clock, records, reports } = stand({ closeTimeoutMs: 300 });
  const end = byHand<string>();
  const tools = await engine.tools([search(end.promise)]);
  const started = call(engine, tools, 'search', { what: 'x' });
  await started.first;
  const at = clock.now();
  await clock.runUntil(engine.close('hung up'));
  expect(clock.now() - at).toBe(300);
  expect(clock.pending()).toEqual([]);
  expect(engine.state.tasks.ended.get(started.callId)?.state).toBe('cancelled');
  expect(engine.state.status).toBe('closed');
  const count = records.length;
  end.resolve('late');
  await clock.advance(10_000);
  expect(records.length).toBe(count);
  expect(clock.pending()).toEqual([]);
  expect(reports).toEqual([]);
});

test.each([
  ['ctx.foreground', 'foreground', async (ctx: Ctx) => await ctx.foreground(() => 'x')],
  ['ctx.waitForPlayout', 'waitForPlayout', async (ctx: Ctx) => await ctx.waitForPlayout()],
  ['ctx.session', 'session', (ctx: Ctx) => ctx.session],
])('S6.4 %s is refused by a host that does not offer it, naming the remedy', async (what, option, use) => {
  const { engine } = stand();
  let thrown: unknown;
  const tools = await engine.tools([
    tool({
      name: 'user',
      description: 'Uses it.',
      execute: async (_args, { ctx }) => {
        try {
          await use(ctx);
        } catch (error) {
          thrown = error;
          throw new ToolError('refused');
        }
      },
    }),
  ]);
  const { output } = await call(engine, tools, 'user').first;
  expect(output.text).toBe('refused');
  expect(thrown).toBeInstanceOf(MeanwhileError);
  expect(thrown).toMatchObject({ code: 'unsupported_by_host' });
  expect(String(thrown)).toContain(what);
  expect(String(thrown)).toContain(`body: { ${option} }`);
});

type Ctx = Parameters<Parameters<typeof tool>[0]['execute']>[1]['ctx'];

test('S6.5 a filler that the host cannot say is an event and not the failure of the tool', async () => {
  const { engine, clock, reports } = stand();
  const tools = await engine.tools([
    tool({
      name: 'slow',
      description: 'Slow.',
      execute: (_args, { ctx }) =>
        ctx.filler(
          'Still looking.',
          { delayMs: 100 },
          () => new Promise((r) => clock.setTimeout(() => r('done'), 200)),
        ),
    }),
  ]);
  const { first } = call(engine, tools, 'slow');
  await clock.advance(200);
  expect((await first).output.text).toBe('done');
  expect(reports).toMatchObject([{ type: 'filler_failed', error: { code: 'unsupported_by_host' } }]);
});

test('S6.4 what a host offers a body is used, with its own receiver', async () => {
  class Host {
    readonly held: string[] = [];
    async foreground<T>(body: { callId: string }, fn: () => T | Promise<T>): Promise<T> {
      this.held.push(body.callId);
      return await fn();
    }
  }
  const body = new Host();
  const { engine } = stand({ body });
  const tools = await engine.tools([
    tool({ name: 'user', description: 'Uses it.', execute: (_args, { ctx }) => ctx.foreground(() => 'mine') }),
  ]);
  const started = call(engine, tools, 'user');
  expect((await started.first).output.text).toBe('mine');
  expect(body.held).toEqual([started.callId]);
});

test('S9.1 prompts: the toolset before the activity before the engine, also for a reply', async () => {
  const { engine, host, clock } = stand({
    prompts: (activityId) => [
      activityId === 'activity_1' ? { replyAtTail: 'Say {callIds} aloud.' } : {},
      { update: 'outer {message}', replyAtTail: 'never' },
    ],
  });
  const end = byHand<string>();
  const inner = new AsyncToolset({ prompts: { update: 'inner {message}' }, tools: [search(end.promise)] });
  const tools = await engine.tools([inner]);
  host.activityId = 'activity_1';
  const started = call(engine, tools, 'search', { what: 'x' });
  expect((await started.first).output.text).toBe('inner Searching.');
  end.resolve('x');
  await clock.advance(50);
  expect(host.last.instructions).toBe(`Say ${started.callId}_final aloud.`);
  expect(engine.text('update', { functionName: 'f', callId: 'c', message: 'm' })).toBe('outer m');
});

test('S9.1 what a model is told of a parameter: the toolset before the engine', async () => {
  const { engine } = stand({ prompts: { confirmParameter: 'outer' } });
  const book = (name: string) =>
    tool({ name, description: 'Books.', parameters: z.object({}), onDuplicate: 'confirm', execute: () => 'x' });
  const inner = new AsyncToolset({ prompts: { confirmParameter: 'inner' }, tools: [book('first')] });
  const { declared } = await engine.tools([inner, book('second')]);
  expect(declared.map(({ inputSchema }) => inputSchema['properties'])).toMatchObject([
    { confirm_duplicate: { description: 'inner' } },
    { confirm_duplicate: { description: 'outer' } },
  ]);
});

test('S6.9 claimDue asks for the floor in the window in which more could come', async () => {
  const { engine, host, clock } = stand();
  const end = byHand<string>();
  const started = call(engine, await engine.tools([search(end.promise)]), 'search', { what: 'x' });
  await started.first;
  end.resolve('x');
  await clock.settle();
  expect(host.claims).toEqual([]);
  engine.claimDue();
  expect(host.claims).toMatchObject([{ level: 'quiet' }]);
});

test('S6.2 the host is told when what quiet depends on has changed', async () => {
  const onChange = vi.fn();
  const { engine } = stand({ onChange });
  const end = byHand<string>();
  const tools = await engine.tools([tool({ name: 'wait', description: 'Waits.', execute: () => end.promise })]);
  const started = call(engine, tools, 'wait');
  onChange.mockClear();
  end.resolve('x');
  await started.first;
  expect(onChange).toHaveBeenCalled();
});

test('S8.7 whenTold waits until what is being said has its outcome', async () => {
  const { engine, host, clock } = stand();
  const end = byHand<string>();
  const started = call(engine, await engine.tools([search(end.promise)]), 'search', { what: 'x' });
  await started.first;
  end.resolve('x');
  await clock.advance(50);
  const told = vi.fn();
  void engine.whenTold().then(told);
  await clock.settle();
  expect(told).not.toHaveBeenCalled();
  host.ends({ type: 'interrupted', heard: 'Three' });
  await clock.settle();
  expect(told).toHaveBeenCalled();
  expect(engine.state.tasks.deliveries.get(`${started.callId}_final`)).toMatchObject({ heard: 'Three' });
});

test('S7.2 a listener that throws harms nobody and is reported', async () => {
  const { engine, reports } = stand();
  engine.observe(() => {
    throw new Error('mine');
  });
  const seen: string[] = [];
  const stop = engine.observe((record) => seen.push(record.type));
  const tools = await engine.tools([tool({ name: 'one', description: 'One.', execute: () => 'x' })]);
  await call(engine, tools, 'one').first;
  expect(seen).toEqual(['task_started', 'task_ended']);
  expect(reports).toMatchObject([{ type: 'observer_failed' }, { type: 'observer_failed' }]);
  stop();
  await call(engine, tools, 'one').first;
  expect(seen).toHaveLength(2);
});

test.each([
  [{}, /expected conversation to have capabilities/],
  [{ conversation: { append: 1 } }, /append is missing/],
  [{ coalesceMs: -1 }, /coalesceMs in milliseconds/],
  [{ maxAttempts: 0 }, /maxAttempts to be a whole number/],
  [{ coalesce: 1 }, /unknown option "coalesce"/],
  [{ prompts: { updates: 'x' } }, /unknown option "updates"/],
  [{ onRecord: 'x' }, /onRecord to be a function/],
])('createEngine(%j) is refused with the remedy', (options, message) => {
  const conversation = new ScriptedConversation(createVirtualClock());
  const given = Object.keys(options).length === 0 ? options : { conversation, ...options };
  expect(() => createEngine(given as never)).toThrow(message);
  expect(() => createEngine(given as never)).toThrow(expect.objectContaining({ code: 'invalid_option' }));
});
