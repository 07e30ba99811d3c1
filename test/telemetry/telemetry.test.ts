import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { AgentSession, MeanwhileError, StopResponse, tool, ToolError, type Agent, type SessionTracer } from 'meanwhile';
import { openTelemetry, type TelemetryOptions } from 'meanwhile/telemetry';
import { scriptedModel, type ScriptedStep } from 'meanwhile/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { byHand, drive, startTestSession, type TestOptions, type TestSession } from '../support/session.ts';

const none = z.object({});
const call = (...names: string[]) => ({ calls: names.map((name) => ({ name, args: {} })) });
const say = (t: TestSession, text: string) => drive(t.clock, t.session.run({ userInput: text }));

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const contexts = new AsyncLocalStorageContextManager();
const tracer = provider.getTracer('test');

beforeAll(() => void context.setGlobalContextManager(contexts.enable()));
afterAll(() => context.disable());
beforeEach(() => exporter.reset());

const spans = (name: string): ReadableSpan[] => exporter.getFinishedSpans().filter((span) => span.name === name);
const span = (name: string): ReadableSpan => {
  const [found] = spans(name);
  if (!found)
    throw new Error(
      `No span ${name}; there are ${exporter
        .getFinishedSpans()
        .map((each) => each.name)
        .join(', ')}.`,
    );
  return found;
};
const ms = ([seconds, nanos]: readonly [number, number]) => seconds * 1000 + nanos / 1e6;
const times = ({ startTime, endTime }: ReadableSpan, from: number) => [ms(startTime) - from, ms(endTime) - from];
const linksOf = ({ links }: ReadableSpan) => links.map((link) => link.context.spanId);
const idOf = (each: ReadableSpan) => each.spanContext().spanId;

function start(
  steps: readonly ScriptedStep[],
  options: TestOptions & { agent?: Agent } = {},
  telemetry: TelemetryOptions = {},
) {
  return startTestSession(steps, { ...options, tracer: openTelemetry({ tracer, ...telemetry }) });
}

function background(name: string, end: Promise<unknown>) {
  return tool({
    name,
    parameters: none,
    execute: async (_args, { ctx }) => {
      await ctx.update('Looking');
      return await end;
    },
  });
}

describe('a task', () => {
  test('S7.3 has a span as long as it lives, also in the background, that links to its turn', async () => {
    const end = byHand<string>();
    const t = await start([call('look'), 'I look.', 'Found.'], { tools: [background('look', end.promise)] });
    const from = t.clock.now();
    await say(t, 'Go');
    expect(spans('execute_tool look')).toEqual([]);
    await t.clock.advance(60_000);
    end.resolve('found');
    await t.clock.advance(100);
    const task = span('execute_tool look');
    expect(times(task, from)).toEqual([0, 60_000]);
    expect(task.kind).toBe(SpanKind.INTERNAL);
    expect(task.attributes).toEqual({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'look',
      'gen_ai.tool.type': 'function',
      'gen_ai.tool.call.id': 'call_1',
      'meanwhile.task.state': 'completed',
    });
    expect(linksOf(task)).toEqual([idOf(span('invoke_agent travel'))]);
    expect(task.parentSpanContext).toBeUndefined();
    expect(task.events).toEqual([expect.objectContaining({ name: 'task_updated', attributes: { id: 'call_1' } })]);
  });

  test('S7.3 spans inside its body nest under it, across awaits and for each of two at once', async () => {
    const gate = byHand();
    const works = (name: string) =>
      tool({
        name,
        parameters: none,
        execute: async (_args, { ctx }) => {
          tracer.startSpan(`${name} first`).end();
          await ctx.update('Looking');
          await gate.promise;
          tracer.startSpan(`${name} later`).end();
          return 'found';
        },
      });
    const t = await start([call('one', 'two'), 'I look.', 'Found.'], { tools: [works('one'), works('two')] });
    await say(t, 'Go');
    gate.resolve();
    await t.clock.advance(100);
    for (const name of ['one', 'two']) {
      const task = span(`execute_tool ${name}`);
      for (const part of ['first', 'later']) expect(span(`${name} ${part}`).parentSpanContext?.spanId).toBe(idOf(task));
    }
  });

  test.each([
    [
      'a ToolError',
      () => {
        throw new ToolError('no such city');
      },
      { state: 'failed', error: 'ToolError', exception: 'no such city' },
    ],
    [
      'any other throw',
      () => Promise.reject(new TypeError('broken')),
      { state: 'failed', error: 'TypeError', exception: 'broken' },
    ],
    [
      'a throw of a non-Error',
      () => {
        throw 'words';
      },
      { state: 'failed', error: 'Error', exception: 'words' },
    ],
    [
      'a returned error',
      () => new ToolError('no such city'),
      { state: 'failed', error: '_OTHER', exception: undefined },
    ],
    [
      'no reply wanted',
      () => {
        throw new StopResponse();
      },
      { state: 'completed', error: undefined, exception: undefined },
    ],
  ])('S7.3 that ends with %s says so', async (_, execute, expected) => {
    const t = await start([call('look'), 'Ended.'], { tools: [tool({ name: 'look', parameters: none, execute })] });
    await say(t, 'Go');
    const { attributes, status, events } = span('execute_tool look');
    expect(attributes['meanwhile.task.state']).toBe(expected.state);
    expect(attributes['error.type']).toBe(expected.error);
    expect(status.code).toBe(expected.state === 'failed' ? SpanStatusCode.ERROR : SpanStatusCode.UNSET);
    expect(events.find(({ name }) => name === 'exception')?.attributes?.['exception.message']).toBe(expected.exception);
  });

  test('S7.3 that is cancelled ends then, whatever its body still does', async () => {
    const stopped = byHand<string>();
    const t = await start([call('look'), 'I look.'], { tools: [background('look', stopped.promise)] });
    await say(t, 'Go');
    const from = t.clock.now();
    void t.session.tasks.cancel('call_1');
    await t.clock.advance(100);
    stopped.reject(new Error('late'));
    await t.clock.settle();
    const task = span('execute_tool look');
    expect(times(task, from)[1]).toBe(0);
    expect(task.attributes['meanwhile.task.state']).toBe('cancelled');
    expect(task.events.map(({ name }) => name)).not.toContain('exception');
  });

  test('S7.3 shows what it was given and what it gave only where that is wanted', async () => {
    const look = tool({ name: 'look', parameters: z.object({ to: z.string() }), execute: () => 'found' });
    const steps = [{ calls: [{ name: 'look', args: { to: 'Rome' } }] }, 'Found.'];
    await say(await start(steps, { tools: [look] }), 'Go');
    await say(await start(steps, { tools: [look] }, { recordContent: true }), 'Go');
    const [without, with_] = spans('execute_tool look');
    expect(JSON.stringify(without?.attributes)).not.toMatch(/Rome|found/);
    expect(with_?.attributes).toMatchObject({
      'gen_ai.tool.call.arguments': '{"to":"Rome"}',
      'gen_ai.tool.call.result': 'found',
    });
  });
});

describe('a turn', () => {
  test('S7.3 has a span that what the model’s provider traces nests under, whoever set it off', async () => {
    const end = byHand<string>();
    const traced = (text: string) => () => (tracer.startSpan(`request for ${text}`).end(), text);
    const t = await start([call('look'), traced('I look.'), traced('Found.')], {
      tools: [background('look', end.promise)],
    });
    await say(t, 'Go');
    await tracer.startActiveSpan('somebody else', async (other) => {
      end.resolve('found');
      await t.clock.advance(100);
      other.end();
    });
    expect(span('request for I look.').parentSpanContext?.spanId).toBe(idOf(span('invoke_agent travel')));
    expect(span('request for Found.').parentSpanContext?.spanId).toBe(idOf(span('deliver_result')));
    expect(span('invoke_agent travel').attributes).toEqual({
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'travel',
      'meanwhile.speech.outcome': 'completed',
    });
  });

  test('S7.3 that fails says so', async () => {
    const t = await start([{ error: new Error('down') }], { maxRetries: 0 });
    await say(t, 'Go');
    const turn = span('invoke_agent travel');
    expect(turn.attributes['meanwhile.speech.outcome']).toBe('failed');
    expect(turn.status.code).toBe(SpanStatusCode.ERROR);
  });

  test('S7.3 words of the application’s own have none', async () => {
    const t = await start([]);
    t.session.say('Hello.');
    await t.clock.settle();
    expect(exporter.getFinishedSpans()).toEqual([]);
  });
});

describe('a reply that tells results', () => {
  test('S7.3 has a span of its own with the hold time, and links to their tasks', async () => {
    const ends = [byHand<string>(), byHand<string>()];
    const tools = ['one', 'two'].map((name, n) => background(name, ends[n]?.promise ?? Promise.resolve()));
    const t = await start([call('one', 'two'), 'They run.', 'Both.'], { tools });
    await say(t, 'Go');
    t.session.userStartedSpeaking();
    ends[0]?.resolve('found');
    await t.clock.advance(3000);
    ends[1]?.resolve('found');
    await t.clock.advance(2000);
    const from = t.clock.now();
    t.session.userStoppedSpeaking();
    await t.clock.settle();
    const told = span('deliver_result');
    expect(times(told, from)).toEqual([0, 0]);
    expect(told.attributes).toEqual({
      'gen_ai.operation.name': 'deliver_result',
      'gen_ai.agent.name': 'travel',
      'meanwhile.delivery.ids': ['call_1_final', 'call_2_final'],
      'meanwhile.delivery.hold_ms': 5000,
      'meanwhile.speech.outcome': 'completed',
    });
    expect(linksOf(told)).toEqual([idOf(span('execute_tool one')), idOf(span('execute_tool two'))]);
    expect(spans('invoke_agent travel')).toHaveLength(1);
  });

  test('S7.3 one that is told again was held since it was recorded', async () => {
    const end = byHand<string>();
    const steps = [call('look'), 'I look.', { error: new Error('down') }, 'Found.'];
    const t = await start(steps, { tools: [background('look', end.promise)], maxRetries: 0 });
    await say(t, 'Go');
    end.resolve('found');
    await t.clock.advance(2000);
    expect(spans('deliver_result').map(({ attributes }) => attributes['meanwhile.delivery.hold_ms'])).toEqual([
      50, 1050,
    ]);
  });
});

describe('sessions', () => {
  test('S7.3 one tracer serves many: their calls have the same ids and are kept apart', async () => {
    const tracing = openTelemetry({ tracer, attributes: ({ userData }) => ({ user: String(userData) }) });
    const ends = [byHand<string>(), byHand<string>()];
    const made = await Promise.all(
      ends.map((end, n) =>
        startTestSession([call('look'), 'I look.', 'Found.'], {
          tools: [background('look', end.promise)],
          tracer: tracing,
          userData: `user ${String(n)}`,
        }),
      ),
    );
    for (const t of made) await say(t, 'Go');
    for (const [n, t] of made.entries()) {
      ends[n]?.resolve('found');
      await t.clock.advance(100);
    }
    expect(spans('execute_tool look').map(({ attributes }) => attributes['user'])).toEqual(['user 0', 'user 1']);
    const turns = spans('invoke_agent travel');
    expect(spans('execute_tool look').map((each) => linksOf(each)[0])).toEqual(turns.map(idOf));
  });

  test('S7.3 the span that is active when a session is made is the parent of all', async () => {
    const look = tool({ name: 'look', parameters: none, execute: () => 'found' });
    const t = await tracer.startActiveSpan('conversation', async (conversation) => {
      const made = await start([call('look'), 'Found.'], { tools: [look] });
      conversation.end();
      return made;
    });
    await say(t, 'Go');
    const parent = idOf(span('conversation'));
    expect(['execute_tool look', 'invoke_agent travel'].map((name) => span(name).parentSpanContext?.spanId)).toEqual([
      parent,
      parent,
    ]);
  });

  test('S7.3 S8.7 a close leaves no span open', async () => {
    const t = await start([call('look'), 'I look.'], { tools: [background('look', byHand().promise)] });
    void t.session.sendMessage('Go');
    await t.clock.settle();
    await drive(t.clock, t.session.close());
    expect(span('execute_tool look').attributes['meanwhile.task.state']).toBe('cancelled');
    expect(spans('invoke_agent travel')).toHaveLength(1);
  });

  test('S7.3 S8.7 a task that goes on after the end has its span as long as it lives', async () => {
    const done = byHand<string>();
    const t = await start([call('look'), 'I am looking.'], {
      whenSessionEnds: 'finish',
      onUndelivered: () => undefined,
      tools: [background('look', done.promise)],
    });
    const from = t.clock.now();
    await say(t, 'Look');
    await drive(t.clock, t.session.close());
    expect(spans('execute_tool look')).toEqual([]);
    await t.clock.advance(5000);
    done.resolve('Found');
    await drive(t.clock, t.session.finished);
    expect(times(span('execute_tool look'), from)).toEqual([0, 5000]);
    expect(span('execute_tool look').attributes['meanwhile.task.state']).toBe('completed');
  });

  test('S7.3 without a tracer given the registered provider’s is used, and without one nothing happens', async () => {
    const look = tool({ name: 'look', parameters: none, execute: () => 'found' });
    const go = async () =>
      say(await startTestSession([call('look'), 'Found.'], { tools: [look], tracer: openTelemetry() }), 'Go');
    await go();
    expect(exporter.getFinishedSpans()).toEqual([]);
    trace.setGlobalTracerProvider(provider);
    await go();
    trace.disable();
    expect(span('execute_tool look').instrumentationScope.name).toBe('meanwhile');
  });

  test('S7.3 a tracer of one’s own sees each turn and each body, and what they give comes through', async () => {
    const seen: string[] = [];
    const own: SessionTracer = {
      around: (work, run) => {
        seen.push(work.type === 'task' ? `${work.toolName} ${work.callId}` : work.type);
        return run();
      },
    };
    const look = tool({ name: 'look', parameters: none, execute: () => undefined });
    const t = await startTestSession([call('look')], { tools: [look], tracer: () => own });
    await say(t, 'Go');
    expect(seen).toEqual(['turn', 'look call_1']);
    expect(() => new AgentSession({ llm: scriptedModel([]), tracer: own as never })).toThrow(MeanwhileError);
  });
});
