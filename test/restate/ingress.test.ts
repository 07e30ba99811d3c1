/** Calls to Restate over lines that are dead, busy or answered by something else. */
import { createVirtualClock } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { WorkflowClient } from '../../src/restate/ingress.ts';

type Answer = (signal: AbortSignal) => Response | Promise<Response>;

const ok = (body: unknown = null): Response => Response.json(body);
const refusal = (status: number, source = 'ingress', text = 'no'): Response =>
  new Response(text, { status, headers: { 'x-restate-error-source': source } });
/** A line that takes what it is sent, and on which nothing comes back. */
const silence: Answer = (signal) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

function create(answers: readonly Answer[], ingress: string | readonly string[] = ['http://a', 'http://b']) {
  const clock = createVirtualClock();
  const asked: string[] = [];
  const log: string[] = [];
  const fetch = ((url: string, init: { method: string; signal: AbortSignal }) => {
    const answer = answers[asked.length];
    asked.push(`${init.method} ${url}`);
    return Promise.try(() => (answer ?? ok)(init.signal));
  }) as typeof globalThis.fetch;
  const client = new WorkflowClient('work', 'talk/call_1', { ingress, clock, fetch, log: (line) => log.push(line) });
  const over = new AbortController();
  return { clock, asked, log, client, over };
}

test('a line on which nothing comes back is left for the next node', async () => {
  const { client, clock, asked, over } = create([silence, () => ok({ n: 1 })]);
  const reply = client.call('next', 1, over.signal);
  await clock.advance(200_000);
  expect(await reply).toEqual({ n: 1 });
  expect(asked).toEqual(['POST http://a/work/talk%2Fcall_1/next', 'POST http://b/work/talk%2Fcall_1/next']);
  expect(clock.pending()).toEqual([]);
});

test('what Restate keeps for a worker is left sooner than what a worker answers', async () => {
  const { client, clock, asked, over } = create([silence]);
  void client.start({}, over.signal);
  await clock.advance(11_000);
  expect(asked).toEqual(['POST http://a/work/talk%2Fcall_1/run/send', 'POST http://b/work/talk%2Fcall_1/run/send']);
  expect(clock.pending()).toEqual([]);
});

test.each<[what: string, answer: Answer]>([
  ['a proxy without its server', () => refusal(503, '', '<html>')],
  ['what is no JSON', () => new Response('<html>Welcome</html>')],
  ['no connection', () => Promise.reject(new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') }))],
])('%s: asked again, the next node first, until it comes through', async (_what, answer) => {
  const { client, clock, asked, log, over } = create([answer, answer, answer, answer, answer, () => ok('there')]);
  const reply = client.call('next', 1, over.signal);
  await clock.advance(10_000);
  expect(await reply).toBe('there');
  expect(asked.map((line) => line.slice(5, 13))).toEqual([
    'http://a',
    'http://b',
    'http://a',
    'http://b',
    'http://a',
    'http://b',
  ]);
  expect(log).toEqual([expect.stringContaining('cannot be reached')]);
});

test('the signal ends a call on a silent line, and one between two attempts', async () => {
  const { client, clock, over } = create([silence, () => refusal(503)]);
  const first = client.call('next', 1, over.signal);
  over.abort(new Error('over'));
  await expect(first).rejects.toThrow('over');
  const again = new AbortController();
  const second = client.call('next', 1, again.signal);
  await clock.settle();
  again.abort(new Error('over again'));
  await expect(second).rejects.toThrow('over again');
  expect(clock.pending()).toEqual([]);
});

test.each<[what: string, answer: Answer, hasEnded: boolean]>([
  ['runs', () => refusal(470), false],
  ['has ended', () => ok(), true],
  ['is not remembered any more', () => refusal(404), true],
  ['is asked for where a proxy lets no such question through', () => refusal(404, ''), false],
  ['cannot be asked for', () => refusal(503), false],
  ['is asked for on a dead line', () => Promise.reject(new TypeError('fetch failed')), false],
])('a body that %s', async (_what, answer, hasEnded) => {
  const { client, over } = create([answer]);
  expect(await client.hasEnded(over.signal)).toBe(hasEnded);
});

test('a body that was killed in Restate: why', async () => {
  const { client, over } = create([() => refusal(409, 'invocation', 'killed')]);
  await expect(client.hasEnded(over.signal)).rejects.toThrow('ended with an error: killed');
});

test('what is told waits for no worker: Restate keeps it until one is there', async () => {
  const { client, asked } = create([]);
  await client.tell('abort', { why: 'cancelled' });
  expect(asked).toEqual(['POST http://a/work/talk%2Fcall_1/abort/send']);
});
