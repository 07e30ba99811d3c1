/** The session's half of a durable tool, against an ingress that a test plays: what is asked, repeated, given up. */
import { executeTool, tool, type Tool } from 'meanwhile';
import { createVirtualClock } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import { durablePartOf } from '../../src/restate/durable-part.ts';
import { durable, type DurableOptions } from '../../src/restate/index.ts';
import { fromPlain, toPlain } from '../../src/restate/plain-errors.ts';
import { StopResponse, TaskAbortedError, ToolError } from '../../src/index.ts';

interface Asked {
  readonly url: string;
  readonly body: unknown;
  readonly headers: Headers;
  readonly signal: AbortSignal;
}

type Answer = unknown;

const json = (value: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(value === undefined ? '' : JSON.stringify(value), { status, headers });

const entry = (it: object): Response => json({ entry: it });
const ended = entry({ type: 'ended', outcome: { type: 'value', text: 'Done' } });
const update = (message: unknown): Response => entry({ type: 'update', message });

/** Answers in turn; an Error is thrown, a function is called. The last one stays. */
function play(answers: Answer[], options: Partial<DurableOptions> = {}) {
  const clock = createVirtualClock();
  const asked: Asked[] = [];
  const log: string[] = [];
  let turn = 0;
  const remote = durable(tool({ name: 'work', execute: () => 'never run here' }), {
    ingress: 'http://restate.test:8080/',
    clock,
    log: (line) => log.push(line),
    fetch: async (url, init = {}) => {
      const signal = init.signal as AbortSignal;
      asked.push({
        url: url as string,
        body: init.body === undefined ? undefined : JSON.parse(init.body as string),
        headers: new Headers(init.headers),
        signal,
      });
      const answer = answers[Math.min(turn++, answers.length - 1)];
      const given: unknown =
        typeof answer === 'function' ? await (answer as (it: AbortSignal) => unknown)(signal) : answer;
      if (given instanceof Error) throw given;
      return (given as Response).clone();
    },
    ...options,
  });
  const abort = new AbortController();
  const run = executeTool(remote as Tool, { to: 'Rome' }, { clock, abortSignal: abort.signal, toolCallId: 'call_9' });
  return { clock, asked, log, abort, run, paths: () => asked.map(({ url }) => url.replace(/^.*\/work_?/, '')) };
}

const accepted = json({ invocationId: 'inv', status: 'Accepted' }, 202);
const refusedConnection = Object.assign(new TypeError('fetch failed'), { cause: new Error('ECONNREFUSED') });
const hanging = (signal: AbortSignal) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

describe('reading', () => {
  test('starts the workflow of the call, then asks for entry after entry', async () => {
    const { clock, run, asked } = play([accepted, update('One'), update({ progress: 1 }), ended], {
      headers: { authorization: 'Bearer x' },
      userData: () => ({ name: 'Ada' }),
    });
    const { output, updates } = await clock.runUntil(run);
    expect(output).toEqual({ type: 'text', text: 'Done' });
    expect(updates.map(({ message }) => message)).toEqual(['One', { progress: 1 }]);
    const [start, ...next] = asked.map(({ url, body }) => [new URL(url).pathname, body]);
    expect(start).toEqual([
      expect.stringMatching(/^\/meanwhile_work\/[^/]*%2Fcall_9\/run\/send$/),
      { args: { to: 'Rome' }, toolCallId: 'call_9', userData: { name: 'Ada' } },
    ]);
    expect(next.map(([path, body]) => [String(path).split('/').at(-1), body])).toEqual([
      ['next', 1],
      ['next', 2],
      ['next', 3],
    ]);
    expect(asked.every(({ headers }) => headers.get('authorization') === 'Bearer x')).toBe(true);
  });

  test('an entry that is not there yet is asked for again', async () => {
    const { clock, run, asked } = play([accepted, json(null), json({ code: 470 }, 470), ended]);
    expect((await clock.runUntil(run)).output.text).toBe('Done');
    expect(asked.map(({ url }) => url.split('/').at(-1))).toEqual(['send', 'next', 'output', 'next']);
  });

  test('a workflow that was killed in Restate has failed', async () => {
    const killed = json({ code: 409, message: 'killed' }, 409, { 'x-restate-error-source': 'invocation' });
    const { clock, run } = play([accepted, json(null), killed]);
    const { state, error } = await clock.runUntil(run);
    expect([state, (error as Error).message]).toEqual([
      'failed',
      'In Restate, meanwhile_work ended with an error: {"code":409,"message":"killed"}',
    ]);
  });

  test('what a newer worker tells besides is passed over; another end is an error', async () => {
    const newer = entry({ type: 'ended', outcome: { type: 'paused' } });
    const { clock, run } = play([accepted, entry({ type: 'picture' }), newer]);
    expect(await clock.runUntil(run)).toMatchObject({ state: 'failed', error: { message: /newer/ } });
  });
});

describe('Restate that is away', () => {
  test('is asked again, in growing pauses, for ever; one line says so', async () => {
    const away = Array.from({ length: 9 }, () => refusedConnection);
    const { clock, run, asked, log } = play([...away, accepted, ended]);
    await clock.advance(100 + 200 + 400);
    expect([asked.length, log]).toEqual([4, [expect.stringContaining('restate.test:8080 cannot be reached')]]);
    await clock.advance(800 + 1_600 + 3_200 + 5_000 + 5_000);
    expect(asked).toHaveLength(9);
    expect((await clock.runUntil(run)).output.text).toBe('Done');
    expect(log).toHaveLength(1);
    expect(log[0]).toContain('ECONNREFUSED');
  });

  test.each([500, 503, 408, 429])('and so is one that answers %i', async (status) => {
    const { clock, run } = play([json('busy', status), accepted, json('busy', status), ended]);
    expect((await clock.runUntil(run)).output.text).toBe('Done');
  });

  test('a cluster: the next node is asked', async () => {
    const ingress = ['http://one.test', 'http://two.test'];
    const { clock, run, asked } = play([refusedConnection, accepted, ended], { ingress });
    await clock.runUntil(run);
    expect(asked.map(({ url }) => new URL(url).host)).toEqual(['one.test', 'two.test', 'two.test']);
  });

  test('a cluster: the next call does not begin with the node that was left', async () => {
    const asked: string[] = [];
    const clock = createVirtualClock();
    const answers: unknown[] = [refusedConnection, accepted, ended, accepted, ended];
    const remote = durable(tool({ name: 'work', execute: () => 'never run here' }), {
      ingress: ['http://one.test', 'http://two.test'],
      clock,
      fetch: async (url) => {
        asked.push(new URL(url as string).host);
        const answer = answers.shift();
        if (answer instanceof Error) throw answer;
        return (answer as Response).clone();
      },
    });
    for (const toolCallId of ['call_1', 'call_2']) {
      const { output } = await clock.runUntil(executeTool(remote as Tool, {}, { clock, toolCallId }));
      expect(output.text).toBe('Done');
    }
    expect(asked).toEqual(['one.test', 'two.test', 'two.test', 'two.test', 'two.test']);
  });

  test.each([
    [404, /^Restate has no service "meanwhile_work" .*meanwhile worker FILE$/],
    [401, /^Restate answered 401: "no"$/],
  ])('a refusal %i is the end', async (status, message) => {
    const { clock, run, asked } = play([json('no', status)]);
    const { state, error } = await clock.runUntil(run);
    expect([state, asked.length, (error as Error).message]).toEqual(['failed', 1, expect.stringMatching(message)]);
  });
});

/** The handler, and how. */
const calledIn = (url: string): string => new URL(url).pathname.split('/').slice(3).join('/');

describe('a task that ends in the session', () => {
  test('S5.1: stops reading and tells the worker, which is away for a moment', async () => {
    const { clock, asked, abort, run } = play([accepted, hanging, refusedConnection, json(undefined)]);
    await clock.settle();
    abort.abort();
    expect((await clock.runUntil(run)).state).toBe('cancelled');
    await clock.advance(100);
    expect(asked.slice(1).map(({ url, body }) => [calledIn(url), body])).toEqual([
      ['next', 1],
      ['abort/send', { why: 'cancelled' }],
      ['abort/send', { why: 'cancelled' }],
    ]);
    expect(clock.pending()).toEqual([]);
  });

  test('a pause ends at once', async () => {
    const { clock, asked, abort, run } = play([refusedConnection, json(undefined)]);
    await clock.settle();
    abort.abort();
    await clock.runUntil(run);
    await clock.settle();
    expect(asked.map(({ url }) => calledIn(url))).toEqual(['run/send', 'abort/send']);
  });

  test('a worker that cannot be told is given up, with a line', async () => {
    const { clock, abort, run, log } = play([refusedConnection]);
    await clock.settle();
    abort.abort();
    await clock.runUntil(run);
    await clock.advance(30_000);
    expect(log.at(-1)).toMatch(/^meanwhile: meanwhile_work was not told "abort"/);
    expect(clock.pending()).toEqual([]);
  });
});

describe('durable()', () => {
  const work = tool({ name: 'work', description: 'Works.', timeoutMs: 5, execute: () => 1, resume: () => 2 });
  const ingress = 'http://127.0.0.1:8080';

  test('keeps the tool as it is, but for its body; it may run again', () => {
    const remote = durable(work, { ingress, service: 'Bookings.v2', retentionMs: 10 });
    expect(remote).toMatchObject({ name: 'work', description: 'Works.', timeoutMs: 5, idempotent: true });
    expect(remote.resume).toBe(remote.execute);
    expect(durablePartOf(remote)).toMatchObject({
      tool: work,
      toolName: 'work',
      service: 'Bookings.v2',
      retentionMs: 10,
    });
    expect([durablePartOf(work), durablePartOf(undefined), durablePartOf('x')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test.each([
    [{ name: 'work' }, 'durable: expected a tool made by tool().'],
    [tool({ execute: () => 1 }), 'the tool has no name'],
    [durable(work, { ingress }), '"work" is durable already'],
  ])('refuses what is no tool of its kind: %#', (given, message) => {
    expect(() => durable(given as Tool, { ingress })).toThrow(
      expect.objectContaining({ code: 'invalid_definition', message: expect.stringContaining(message) as unknown }),
    );
  });

  test.each([
    [{}, 'ingress to be the address of Restate'],
    [{ ingress: [] }, 'ingress to be the address of Restate'],
    [{ ingress: 'restate' }, 'got restate'],
    [{ ingress, server: 1 }, 'expected only ingress'],
    [{ ingress, service: '1x' }, 'service to be letters'],
    [{ ingress, retentionMs: -1 }, 'retentionMs to be a number'],
    [{ ingress, headers: { 'a b': '' } }, 'headers to be'],
  ])('refuses options that are none: %j', (options, message) => {
    expect(() => durable(work, options as DurableOptions)).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringContaining(message) as unknown }),
    );
  });
});

test('errors come back from JSON as what they were', () => {
  const back = (error: unknown): Error =>
    fromPlain(JSON.parse(JSON.stringify(toPlain(error))) as ReturnType<typeof toPlain>);
  expect(back(new ToolError('No.'))).toEqual(new ToolError('No.'));
  expect(back(new StopResponse())).toBeInstanceOf(StopResponse);
  const aborted = back(new TaskAbortedError('c', 'timeout'));
  expect(aborted).toBeInstanceOf(TaskAbortedError);
  expect(aborted).toMatchObject({ why: 'timeout', name: 'AbortError', message: 'Task c was aborted: timeout.' });
  const range = new RangeError('Far');
  expect(back(range)).toMatchObject({ name: 'RangeError', message: 'Far', stack: range.stack });
  expect([back('text'), back({ a: 1 }), back(undefined)].map(({ message }) => message)).toEqual([
    'text',
    '{"a":1}',
    'undefined',
  ]);
  const unreadable = new Proxy(new Error(), {
    get: () => {
      throw new Error('no');
    },
  });
  expect(back(unreadable).message).toBe('an error that cannot be read');
});
