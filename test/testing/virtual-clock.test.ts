import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { createVirtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';

const startAt = Date.UTC(2026, 0, 1);

/** A clock and a log of what happened when, in milliseconds from the start. */
function clockWithLog() {
  const clock = createVirtualClock();
  const log: [inMs: number, what: string][] = [];
  const note = (what: string) => void log.push([clock.now() - startAt, what]);
  return { clock, log, note };
}

const sleep = (clock: VirtualClock, ms: number) => new Promise<void>((resolve) => clock.setTimeout(resolve, ms));

async function manyAwaits(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}

test('stands still at its start until it is moved', async () => {
  expect(createVirtualClock().now()).toBe(startAt);
  const clock = createVirtualClock({ startAt: 5 });
  await clock.settle();
  expect(clock.now()).toBe(5);
  await clock.advance(10);
  expect(clock.now()).toBe(15);
  expect(() => createVirtualClock({ startAt: Number.NaN })).toThrow(
    new RangeError('Expected startAt to be a finite number, got NaN.'),
  );
});

test('fires timers in the order of their moments, each at its own', async () => {
  const { clock, log, note } = clockWithLog();
  clock.setTimeout(() => note('c'), 30);
  clock.setTimeout(() => note('a'), 10);
  clock.setTimeout(() => note('b'), 20);
  await clock.advance(25);
  expect(log).toEqual([
    [10, 'a'],
    [20, 'b'],
  ]);
  expect(clock.now()).toBe(startAt + 25);
  await clock.advance(5);
  expect(log.at(-1)).toEqual([30, 'c']);
});

test('timers of one moment fire in the order in which they were set, whenever that was', async () => {
  const { clock, log, note } = clockWithLog();
  clock.setTimeout(() => note('set at 0, first'), 30);
  clock.setTimeout(() => note('set at 0, second'), 30);
  await clock.advance(10);
  clock.setTimeout(() => note('set at 10'), 20);
  clock.setTimeout(() => clock.setTimeout(() => note('set at 20'), 10), 10);
  await clock.advance(20);
  expect(log.map(([, what]) => what)).toEqual(['set at 0, first', 'set at 0, second', 'set at 10', 'set at 20']);
});

test('a timer set by a timer takes its place in the same advance', async () => {
  const { clock, log, note } = clockWithLog();
  clock.setTimeout(() => {
    note('outer');
    clock.setTimeout(() => note('inner'), 5);
    clock.setTimeout(() => note('inner, no delay'), 0);
  }, 10);
  clock.setTimeout(() => note('between'), 12);
  await clock.advance(15);
  expect(log).toEqual([
    [10, 'outer'],
    [10, 'inner, no delay'],
    [12, 'between'],
    [15, 'inner'],
  ]);
});

test('what promises arm before and between timers takes part in the choice of the next', async () => {
  const { clock, log, note } = clockWithLog();
  void manyAwaits(10_000).then(() => clock.setTimeout(() => note('armed after 10,000 awaits'), 5));
  clock.setTimeout(() => note('ten'), 10);
  clock.setTimeout(() => {
    note('six');
    void manyAwaits(10_000).then(() => clock.setTimeout(() => note('armed while advancing'), 1));
  }, 6);
  await clock.advance(10);
  expect(log).toEqual([
    [5, 'armed after 10,000 awaits'],
    [6, 'six'],
    [7, 'armed while advancing'],
    [10, 'ten'],
  ]);
});

test('what settles at the end is there when advance resolves', async () => {
  const { clock, log, note } = clockWithLog();
  void sleep(clock, 10)
    .then(() => manyAwaits(1_000))
    .then(() => note('settled'));
  await clock.advance(10);
  expect(log).toEqual([[10, 'settled']]);
});

const words = (count: number) => {
  let given = 0;
  return new ReadableStream<string>(
    { pull: (controller) => (given++ < count ? controller.enqueue(`word ${given}`) : controller.close()) },
    { highWaterMark: 0 },
  );
};

async function read(stream: ReadableStream<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of stream) count++;
  return count;
}

const macroTasks = async (count: number) => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

test.each<[string, () => Promise<unknown>]>([
  ['a stream', () => read(words(1_000))],
  [
    'a stream through five transforms',
    () => read([1, 2, 3, 4, 5].reduce((s) => s.pipeThrough(new TransformStream()), words(1_000))),
  ],
  ['both arms of a tee', () => Promise.all(words(1_000).tee().map(read))],
  [
    'text to bytes and back',
    () => read(words(500).pipeThrough(new TextEncoderStream()).pipeThrough(new TextDecoderStream())),
  ],
  ['a Response', () => new Response(words(500).pipeThrough(new TextEncoderStream())).text()],
  [
    'a generator',
    () =>
      read(
        ReadableStream.from(
          (async function* () {
            for (let i = 0; i < 1_000; i++) yield i;
          })(),
        ),
      ),
  ],
  ['three macro-tasks in a row', () => macroTasks(3)],
])('settle() carries %s to its end', async (_, start) => {
  const clock = createVirtualClock();
  let ended = false;
  void start().then(() => {
    ended = true;
  });
  await clock.settle();
  expect(ended).toBe(true);
});

test('settle() fires nothing, not even what is due', async () => {
  const { clock, log, note } = clockWithLog();
  clock.setTimeout(() => note('due'), 0);
  await clock.settle();
  expect(log).toEqual([]);
  await clock.advance(0);
  expect(log).toEqual([[0, 'due']]);
});

test('a timer never fires before setTimeout has returned, and never twice', async () => {
  const clock = createVirtualClock();
  const fired = vi.fn<() => void>();
  clock.setTimeout(fired, -5);
  clock.setTimeout(fired, Number.NaN);
  expect(fired).not.toHaveBeenCalled();
  await clock.advance(0);
  await clock.advance(1_000);
  expect(fired).toHaveBeenCalledTimes(2);
});

test('a cleared timer does not fire, also when cleared by one of the same moment', async () => {
  const { clock, log, note } = clockWithLog();
  const before = clock.setTimeout(() => note('cleared before'), 10);
  clock.setTimeout(() => {
    note('clears the next');
    clock.clearTimeout(next);
  }, 10);
  const next = clock.setTimeout(() => note('cleared at its moment'), 10);
  clock.setTimeout(() => note('stays'), 10);
  clock.clearTimeout(before);
  clock.clearTimeout(before);
  clock.clearTimeout(undefined);
  clock.clearTimeout({});
  clock.clearTimeout(createVirtualClock().setTimeout(() => {}, 10));
  await clock.advance(10);
  clock.clearTimeout(next);
  expect(log.map(([, what]) => what)).toEqual(['clears the next', 'stays']);
});

test('pending() lists what is armed in the order of firing, with the names of functions', async () => {
  const clock = createVirtualClock();
  expect(clock.pending()).toEqual([]);
  clock.setTimeout(function retry() {}, 30);
  clock.setTimeout(() => {}, 10);
  clock.setTimeout(function coalesce() {}, 30);
  clock.clearTimeout(clock.setTimeout(() => {}, 20));
  await clock.advance(4);
  expect(clock.pending()).toEqual([
    { at: startAt + 10, inMs: 6 },
    { at: startAt + 30, inMs: 26, label: 'retry' },
    { at: startAt + 30, inMs: 26, label: 'coalesce' },
  ]);
  clock.pending().pop();
  expect(clock.pending()).toHaveLength(3);
  await clock.advance(26);
  expect(clock.pending()).toEqual([]);
});

test('delays above 2^31-1, fractions and Infinity are taken as they are', async () => {
  const { clock, log, note } = clockWithLog();
  clock.setTimeout(() => note('long'), 2 ** 31);
  clock.setTimeout(() => note('half'), 0.5);
  clock.setTimeout(() => note('never'), Infinity);
  await clock.runUntilIdle({ limitMs: 2 ** 32 });
  expect(log).toEqual([
    [0.5, 'half'],
    [2 ** 31, 'long'],
  ]);
  expect(clock.pending()).toEqual([{ at: Infinity, inMs: Infinity }]);
});

test('runUntilIdle() goes on until nothing is armed', async () => {
  const { clock, log, note } = clockWithLog();
  void (async () => {
    for (const step of ['one', 'two', 'three']) {
      await sleep(clock, 60_000);
      note(step);
    }
  })();
  await clock.runUntilIdle();
  expect(log).toEqual([
    [60_000, 'one'],
    [120_000, 'two'],
    [180_000, 'three'],
  ]);
  expect(clock.now()).toBe(startAt + 180_000);
});

test('runUntilIdle() gives up what never ends, and says what it is', async () => {
  const clock = createVirtualClock();
  clock.setTimeout(function filler() {
    clock.setTimeout(filler, 5_000);
  }, 5_000);
  for (let i = 1; i <= 5; i++) clock.setTimeout(() => {}, 100_000 + i);
  await expect(clock.runUntilIdle({ limitMs: 12_000 })).rejects.toThrow(
    'The virtual clock is not idle after 12000 ms. Armed: filler in 5000 ms, a timer in 90001 ms, a timer in 90002 ms, ' +
      'a timer in 90003 ms, a timer in 90004 ms, 1 more. Stop what arms itself again, raise limitMs, or move the ' +
      'clock by advance(ms).',
  );
  expect(clock.now()).toBe(startAt + 10_000);
});

test('timers of delay 0 that set each other are an error, not a hang', async () => {
  const clock = createVirtualClock();
  clock.setTimeout(function again() {
    clock.setTimeout(again, 0);
  }, 3);
  await expect(clock.advance(10)).rejects.toThrow(
    'The virtual clock fired 100000 timers without moving on: something sets a timer of delay 0 each time one fires. ' +
      'Armed: again in 0 ms.',
  );
});

test('what a timer throws rejects the move; the clock can go on from there', async () => {
  const { clock, log, note } = clockWithLog();
  const error = new Error('broken');
  clock.setTimeout(() => {
    throw error;
  }, 10);
  clock.setTimeout(() => note('later'), 20);
  await expect(clock.advance(30)).rejects.toBe(error);
  expect(clock.now()).toBe(startAt + 10);
  await clock.advance(10);
  expect(log).toEqual([[20, 'later']]);
});

test('refuses a second move while one is under way, and durations that are none', async () => {
  const clock = createVirtualClock();
  const first = clock.advance(10);
  await expect(clock.runUntilIdle()).rejects.toThrow(
    'The virtual clock is already being moved: await the first move before runUntilIdle().',
  );
  await clock.settle();
  await first;
  expect(clock.now()).toBe(startAt + 10);
  for (const ms of [-1, Number.NaN, Infinity]) {
    await expect(clock.advance(ms)).rejects.toThrow(
      new RangeError(`Expected ms to be finite and 0 or more, got ${ms}.`),
    );
    await expect(clock.runUntilIdle({ limitMs: ms })).rejects.toThrow(RangeError);
  }
  expect(clock.now()).toBe(startAt + 10);
});

test('patches no global and needs none that is faked', async () => {
  const before = [globalThis.setTimeout, globalThis.setImmediate, globalThis.queueMicrotask, globalThis.Date];
  const clock = createVirtualClock();
  await clock.advance(10);
  expect([globalThis.setTimeout, globalThis.setImmediate, globalThis.queueMicrotask, globalThis.Date]).toEqual(before);
  vi.useFakeTimers();
  try {
    const fired = vi.fn<() => void>();
    clock.setTimeout(fired, 10);
    await clock.advance(10);
    expect(fired).toHaveBeenCalledTimes(1);
  } finally {
    vi.useRealTimers();
  }
});

/** Each timer sets its children, after so many awaits, when it fires. */
interface Plan {
  delayMs: number;
  awaits: number;
  children: Plan[];
}

const plansOfDepth = (depth: number): fc.Arbitrary<Plan[]> =>
  depth === 0
    ? fc.constant([])
    : fc.array(
        fc.record({
          delayMs: fc.integer({ min: 0, max: 20 }),
          awaits: fc.integer({ min: 0, max: 5 }),
          children: plansOfDepth(depth - 1),
        }),
        { maxLength: 4 },
      );

async function timelineOf(plans: Plan[], moves: number[]): Promise<string[]> {
  const { clock, log, note } = clockWithLog();
  const run = ({ delayMs, awaits, children }: Plan, name: string): void => {
    clock.setTimeout(() => {
      note(name);
      void manyAwaits(awaits).then(() => children.forEach((child, index) => run(child, `${name}.${index}`)));
    }, delayMs);
  };
  plans.forEach((it, index) => run(it, String(index)));
  for (const ms of moves) await clock.advance(ms);
  await clock.runUntilIdle();
  return log.map(([inMs, name]) => `${inMs} ${name}`);
}

/** The same by definition: whatever is due earliest, among equals what was set first. */
function timelineByDefinition(plans: Plan[]): string[] {
  const armed = plans.map((it, index) => ({ it, name: String(index), at: it.delayMs }));
  const log: string[] = [];
  while (armed.length > 0) {
    const at = Math.min(...armed.map((timer) => timer.at));
    const [timer] = armed.splice(
      armed.findIndex((it) => it.at === at),
      1,
    );
    log.push(`${at} ${timer!.name}`);
    timer!.it.children.forEach((it, index) => armed.push({ it, name: `${timer!.name}.${index}`, at: at + it.delayMs }));
  }
  return log;
}

test('any timers make the timeline they should, the same in whatever moves the clock goes', async () => {
  const moves = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(plansOfDepth(3), moves, async (plans, steps) => {
      expect(await timelineOf(plans, steps)).toEqual(timelineByDefinition(plans));
    }),
  );
});

test('a thousand tasks of ten minutes, in thousands of timers, keep their order', async () => {
  const { clock, log, note } = clockWithLog();
  const tasks = Array.from({ length: 1_000 }, async (_, task) => {
    for (let step = 0; step < 5; step++) await sleep(clock, 120_000);
    note(`task ${task}`);
  });
  await clock.runUntilIdle();
  await Promise.all(tasks);
  expect(log).toEqual(tasks.map((_, task) => [600_000, `task ${task}`]));
});

describe('runUntil', () => {
  test('S10.3 fires timers until the promise has settled, and no further', async () => {
    const clock = createVirtualClock({ startAt: 0 });
    const fired: number[] = [];
    for (const at of [10, 20, 30]) clock.setTimeout(() => void fired.push(at), at);
    const twenty = new Promise<string>((resolve) => clock.setTimeout(() => resolve('there'), 20));
    expect(await clock.runUntil(twenty)).toBe('there');
    expect(fired).toEqual([10, 20]);
    expect(clock.now()).toBe(20);
  });

  test('rejects as the promise does, and where nothing is armed that could settle it', async () => {
    const clock = createVirtualClock();
    await expect(clock.runUntil(Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(clock.runUntil(new Promise(() => undefined))).rejects.toThrow(/still open .* Armed: nothing/);
  });
});
