import { MeanwhileError, tool, type FillerOptions, type FillerSource, type RunContext } from 'meanwhile';
import { createVirtualClock, scriptedModel, type ScriptedStep } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createPlayback } from '../support/playback.ts';
import { byHand, startTestSession, type TestSession } from '../support/session.ts';

const none = z.object({});
const call = (...names: string[]) => ({ calls: names.map((name) => ({ name, args: {} })) });

/** A tool whose work has a filler, and ends by the test's hand. */
function working(source: FillerSource, options: FillerOptions, name = 'work') {
  const end = byHand<string>();
  const context: RunContext[] = [];
  const made = tool({
    name,
    parameters: none,
    execute: async (_args, { ctx }) => {
      context.push(ctx);
      return await ctx.filler(source, options, () => end.promise);
    },
  });
  return { tool: made, end, update: async (message: unknown) => await context[0]?.update(message) };
}

async function start(tools: ReturnType<typeof tool>[], steps: readonly ScriptedStep[] = []) {
  const t = await startTestSession([call(...tools.map(({ name }) => name ?? '')), ...steps], { tools });
  await t.session.sendMessage('Go');
  await t.clock.settle();
  return t;
}

const errors = (t: TestSession, source: string) =>
  t.events.flatMap((event) => (event.type === 'error' && event.source === source ? [event] : []));

describe('when it speaks', () => {
  test('S6.5 after delayMs of silence, its own call not counted, and once without intervalMs', async () => {
    const work = working('One moment.', { delayMs: 2000 });
    const t = await start([work.tool], ['Here it is.']);
    await t.clock.advance(1999);
    expect(t.spoken).toEqual([]);
    await t.clock.advance(1);
    expect(t.spoken).toEqual(['One moment.']);
    await t.clock.advance(60_000);
    expect(t.spoken).toEqual(['One moment.']);
    work.end.resolve('found');
    await t.clock.settle();
    expect(t.spoken).toEqual(['One moment.', 'Here it is.']);
  });

  test('S6.5 again after each intervalMs, with the number of the step, until maxSteps', async () => {
    const work = working((step) => `Wait ${String(step)}.`, { delayMs: 1000, intervalMs: 3000, maxSteps: 3 });
    const t = await start([work.tool]);
    await t.clock.advance(3999);
    expect(t.spoken).toEqual(['Wait 0.']);
    await t.clock.advance(1);
    expect(t.spoken).toEqual(['Wait 0.', 'Wait 1.']);
    await t.clock.advance(60_000);
    expect(t.spoken).toEqual(['Wait 0.', 'Wait 1.', 'Wait 2.']);
    expect(t.clock.pending()).toEqual([]);
  });

  test('S6.5 never with maxSteps 0', async () => {
    const work = working('One moment.', { delayMs: 0, intervalMs: 100, maxSteps: 0 });
    const t = await start([work.tool]);
    expect(t.clock.pending()).toEqual([]);
    await t.clock.advance(10_000);
    expect(t.spoken).toEqual([]);
  });

  test('S6.5 a source that gives null skips that time', async () => {
    const work = working((step) => (step % 2 === 0 ? null : `Wait ${String(step)}.`), {
      delayMs: 1000,
      intervalMs: 1000,
      maxSteps: 4,
    });
    const t = await start([work.tool]);
    await t.clock.advance(1000);
    expect(t.spoken).toEqual([]);
    await t.clock.advance(60_000);
    expect(t.spoken).toEqual(['Wait 1.', 'Wait 3.']);
  });

  test('S6.5 not when fn has ended, and the tool does not wait for it', async () => {
    const thinks = byHand<string>();
    const [quick, late] = [
      working('One moment.', { delayMs: 1000 }, 'quick'),
      working(() => thinks.promise, {}, 'late'),
    ];
    const t = await start([quick.tool, late.tool], ['Here they are.']);
    await t.clock.advance(500);
    quick.end.resolve('found');
    late.end.resolve('found');
    await t.clock.settle();
    thinks.resolve('Too late.');
    await t.clock.advance(10_000);
    expect(t.spoken).toEqual(['Here they are.']);
    expect(t.clock.pending()).toEqual([]);
  });

  test('S6.5 not when its task has ended', async () => {
    const work = working('One moment.', { delayMs: 1000 });
    const t = await start([work.tool]);
    void t.session.tasks.cancel('call_1');
    await t.clock.advance(10_000);
    expect(t.spoken).toEqual([]);
  });
});

describe('what makes it start over', () => {
  test('S6.5 any speech: the silence counts from its end', async () => {
    const steps = [call('work')];
    const clock = createVirtualClock();
    const playback = createPlayback(clock);
    const work = working('One moment.', { delayMs: 1000 });
    const t = await startTestSession(steps, {
      tools: [work.tool],
      clock,
      output: playback,
      model: scriptedModel(steps, { clock }),
    });
    await t.session.sendMessage('Go');
    await clock.settle();
    const from = clock.now();
    await clock.advance(900);
    t.session.say('By the way.');
    await clock.advance(10_000);
    expect(playback.begun.map(({ speech, at }) => [speech.kind, at - from])).toEqual([
      ['say', 900],
      ['filler', 2200],
    ]);
  });

  test('S6.5 the user’s speech too', async () => {
    const work = working('One moment.', { delayMs: 1000 });
    const t = await start([work.tool]);
    await t.clock.advance(900);
    t.session.userStartedSpeaking();
    await t.clock.advance(5000);
    t.session.userStoppedSpeaking();
    await t.clock.advance(999);
    expect(t.spoken).toEqual([]);
    await t.clock.advance(1);
    expect(t.spoken).toEqual(['One moment.']);
  });

  test('S6.5 an update', async () => {
    const work = working('One moment.', { delayMs: 1000 });
    const t = await start([work.tool]);
    await t.clock.advance(900);
    await work.update({ progress: 1, total: 2 });
    await t.clock.advance(999);
    expect(t.spoken).toEqual([]);
    await t.clock.advance(1);
    expect(t.spoken).toEqual(['One moment.']);
  });

  test('S6.5 its own words, so that an interval is a silence', async () => {
    const steps = [call('work')];
    const clock = createVirtualClock();
    const playback = createPlayback(clock);
    const work = working('One moment please.', { intervalMs: 1000, maxSteps: 3 });
    const t = await startTestSession(steps, {
      tools: [work.tool],
      clock,
      output: playback,
      model: scriptedModel(steps, { clock }),
    });
    await t.session.sendMessage('Go');
    const from = clock.now();
    await clock.advance(60_000);
    expect(playback.begun.map(({ at }) => at - from)).toEqual([0, 1300, 2600]);
    expect(clock.pending()).toEqual([]);
  });

  test('S6.5 where somebody spoke while the source was thinking, it speaks in the next silence', async () => {
    const thoughts = [byHand<string>(), byHand<string>()];
    let asked = 0;
    const work = working(async () => await (thoughts[asked++]?.promise ?? null), { delayMs: 1000 });
    const t = await start([work.tool]);
    await t.clock.advance(1000);
    t.session.say('By the way.');
    await t.clock.settle();
    thoughts[0]?.resolve('One moment.');
    await t.clock.settle();
    expect(t.spoken).toEqual(['By the way.']);
    thoughts[1]?.resolve('Still at it.');
    await t.clock.advance(1000);
    expect(t.spoken).toEqual(['By the way.', 'Still at it.']);
  });
});

describe('together with others', () => {
  test('S6.5 only one filler of a session speaks at a time', async () => {
    const [one, two] = [working('One.', { delayMs: 1000 }, 'one'), working('Two.', { delayMs: 1000 }, 'two')];
    const t = await start([one.tool, two.tool]);
    await t.clock.advance(1000);
    expect(t.spoken).toEqual(['One.']);
    await t.clock.advance(999);
    expect(t.spoken).toEqual(['One.']);
    await t.clock.advance(1);
    expect(t.spoken).toEqual(['One.', 'Two.']);
  });

  test('S6.4 S6.5 a lease stops it, and it speaks when the lease is given back', async () => {
    const over = byHand();
    const lease = tool({
      name: 'lease',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.foreground(() => over.promise);
        return await byHand<string>().promise;
      },
    });
    const work = tool({
      name: 'work',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.update('began', { deliver: 'silent' });
        return await ctx.filler('One moment.', { delayMs: 1000 }, () => byHand<string>().promise);
      },
    });
    const t = await start([lease, work]);
    await t.clock.advance(10_000);
    expect(t.spoken).toEqual([]);
    over.resolve();
    await t.clock.advance(0);
    expect(t.spoken).toEqual(['One moment.']);
  });

  test('S6.4 S6.5 but not that of the task that holds it', async () => {
    const held = tool({
      name: 'held',
      parameters: none,
      execute: (_args, { ctx }) =>
        ctx.foreground(() => ctx.filler('One moment.', { delayMs: 1000 }, () => byHand<string>().promise)),
    });
    const t = await start([held]);
    await t.clock.advance(1000);
    expect(t.spoken).toEqual(['One moment.']);
  });
});

describe('its failure is an event and never becomes the tool’s', () => {
  test('S6.5 a source that throws', async () => {
    const work = working(
      (step) => {
        if (step === 0) throw new Error('no words');
        return 'Still at it.';
      },
      { delayMs: 1000, intervalMs: 1000, maxSteps: 2 },
    );
    const t = await start([work.tool], ['Here it is.']);
    await t.clock.advance(2000);
    expect(errors(t, 'filler')).toEqual([expect.objectContaining({ callId: 'call_1', error: new Error('no words') })]);
    expect(t.spoken).toEqual(['Still at it.']);
    work.end.resolve('found');
    await t.clock.settle();
    expect(t.spoken).toEqual(['Still at it.', 'Here it is.']);
  });

  test('S6.5 a source that rejects, and one that gives no text', async () => {
    const rejects = working(() => Promise.reject(new Error('no words')), { delayMs: 1000 }, 'rejects');
    const nothing = working((() => 42) as never, { delayMs: 2000 }, 'nothing');
    const t = await start([rejects.tool, nothing.tool], ['Here they are.']);
    await t.clock.advance(10_000);
    expect(errors(t, 'filler')).toHaveLength(1);
    rejects.end.resolve('found');
    nothing.end.resolve('found');
    await t.clock.settle();
    expect(t.spoken).toEqual(['Here they are.']);
  });

  test('S6.5 what fn throws is the tool’s', async () => {
    const work = working('One moment.', { delayMs: 1000 });
    const t = await start([work.tool], ['It failed.']);
    work.end.reject(new Error('broken'));
    await t.clock.settle();
    expect(errors(t, 'tool')).toHaveLength(1);
    expect(t.spoken).toEqual(['It failed.']);
  });

  test.each([{ delayMs: -1 }, { intervalMs: Number.NaN }, { maxSteps: Infinity }])(
    'S6.5 wrong options are refused: %j',
    async (options) => {
      const refused: unknown[] = [];
      const wrong = tool({
        name: 'wrong',
        parameters: none,
        execute: async (_args, { ctx }) => {
          await ctx.filler('One moment.', options, () => 'x').catch((error: unknown) => refused.push(error));
        },
      });
      await start([wrong]);
      expect(refused).toEqual([expect.any(MeanwhileError)]);
    },
  );
});
