/** Listeners, loggers, sinks and hooks that throw, or call back into the session at once (S7.2, S8.2). */
import {
  Agent,
  AgentTask,
  tool,
  type AgentSession,
  type Logger,
  type RunContext,
  type SessionEvent,
  type SessionEventName,
} from 'meanwhile';
import { createVirtualClock, scriptedModel } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { historyOf } from '../support/history.ts';
import { byHand, drive, startTestSession, type TestOptions, type TestSession } from '../support/session.ts';

const none = z.object({});
const call = { calls: [{ name: 'job' }] };
const endsOf = (t: TestSession) =>
  t.events.flatMap((event) => (event.type === 'task_ended' ? [`${event.callId} ${event.state}`] : []));

/** A tool that goes to the background, tells more, and ends, each at the test's word. */
function stepping() {
  const gates = [byHand(), byHand()];
  const bodies: RunContext<unknown>[] = [];
  const job = tool({
    name: 'job',
    parameters: none,
    execute: async (_args, { ctx }) => {
      bodies.push(ctx as RunContext<unknown>);
      await ctx.update('Began');
      await gates[0]!.promise;
      await ctx.update('Half way');
      await gates[1]!.promise;
      return 'found';
    },
  });
  return { job, gates, bodies };
}

async function playThrough(
  options: TestOptions = {},
  prepare: (session: AgentSession) => void = () => undefined,
): Promise<TestSession> {
  const { job, gates } = stepping();
  const t = await startTestSession([call, 'It began.', 'Half way.', 'Found.'], { tools: [job], ...options });
  prepare(t.session);
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  for (const gate of gates) {
    gate.resolve();
    await t.clock.settle();
    await drive(t.clock, t.session.waitForIdle());
  }
  return t;
}

test('S7.2 listeners that throw or reject at every event change nothing', async () => {
  const t = await playThrough({}, (session) => {
    session.on('*', () => {
      throw new Error('no');
    });
    session.on('*', (async () => {
      throw undefined;
    }) as () => void);
  });
  expect(t.spoken).toEqual(['It began.', 'Half way.', 'Found.']);
  await drive(t.clock, t.session.close());
});

test('S7.2 a logger that throws changes nothing', async () => {
  const throws = () => {
    throw new Error('no disk');
  };
  const logger: Logger = { debug: throws, info: throws, warn: throws, error: throws };
  const t = await playThrough({ logger }, (session) => {
    session.on('*', () => {
      throw new Error('no');
    });
  });
  expect(t.spoken).toEqual(['It began.', 'Half way.', 'Found.']);
  await drive(t.clock, t.session.close());
});

test('S7.2 a store that throws at a record is reported, and harms nobody', async () => {
  let n = 0;
  const t = await playThrough({
    onRecord: () => {
      if ((n += 1) % 2) throw new Error('disk full');
    },
  });
  expect(t.spoken).toEqual(['It began.', 'Half way.', 'Found.']);
  await drive(t.clock, t.session.close());
});

const everyName: SessionEventName[] = [
  'task_started',
  'task_updated',
  'task_ended',
  'delivery_scheduled',
  'delivery_ended',
  'item_added',
  'speech_created',
  'speech_ended',
  'agent_state_changed',
];

describe.each(everyName)('at the first %s', (name) => {
  /** Once, when the event comes for the first time. */
  const atFirst = (session: AgentSession, act: (event: SessionEvent) => unknown): void => {
    let done = false;
    session.on(name, (event: SessionEvent) => {
      if (done) return;
      done = true;
      void (async () => await act(event))().catch(() => undefined);
    });
  };

  async function play(
    act: (session: AgentSession, event: SessionEvent, t: TestSession) => unknown,
  ): Promise<TestSession> {
    const { job, gates } = stepping();
    const clock = createVirtualClock();
    const model = scriptedModel([call], { clock, fallback: () => 'Well.' });
    const t = await startTestSession([], { tools: [job], clock, model });
    atFirst(t.session, (event) => act(t.session, event, t));
    void t.session.sendMessage('Go');
    await t.clock.advance(100);
    for (const gate of gates) {
      gate.resolve();
      await t.clock.advance(100);
    }
    await t.clock.advance(20_000);
    return t;
  }

  function atRest(t: TestSession): void {
    const scheduled = t.events.flatMap((event) => (event.type === 'delivery_scheduled' ? [event.id] : []));
    const ended = t.events.flatMap((event) => (event.type === 'delivery_ended' ? [event.id] : []));
    expect(ended.filter((id) => scheduled.includes(id)).toSorted()).toEqual(scheduled.toSorted());
    expect(t.session.state.tasks.deliveries.size).toBe(0);
    expect(endsOf(t).length).toBe(t.events.filter((event) => event.type === 'task_started').length);
    expect(t.clock.pending()).toEqual([]);
  }

  test('S7.2 S8.7 close: everything ends, nothing is written after it', async () => {
    let closing: Promise<void> | undefined;
    const t = await play((session) => void (closing = session.close()));
    if (!closing) return;
    await drive(t.clock, closing);
    expect(t.events.at(-1)?.type).toBe('closed');
    atRest(t);
  });

  test('S7.2 S5.3 cancel: one end, what is untold is dropped', async () => {
    const t = await play(async (session) => await session.tasks.cancel(session.tasks.list()[0]?.callId ?? 'call_1'));
    atRest(t);
    await drive(t.clock, t.session.waitForIdle());
  });

  test('S7.2 say, interrupt and a message: the session comes to rest', async () => {
    const t = await play(async (session) => {
      session.say('By the way');
      void session.interrupt();
      await session.sendMessage('And now?');
    });
    atRest(t);
    await drive(t.clock, t.session.waitForIdle());
    expect(historyOf(t.session)).toContain('user: And now?');
  });

  test('S7.2 S8.5 a handoff: it comes about, and nothing is lost', async () => {
    const next = new Agent({ name: 'next', instructions: 'Next.' });
    let handed: Promise<void> | undefined;
    const t = await play((session) => void (handed = session.updateAgent(next)));
    if (handed) {
      await drive(t.clock, handed);
      expect(t.session.currentAgent?.name).toBe('next');
    }
    atRest(t);
    await drive(t.clock, t.session.waitForIdle());
  });

  test('S7.2 S8.4 an AgentTask: it runs and ends', async () => {
    const ask = new AgentTask<string>({ name: 'ask', instructions: 'Ask.', onEnter: () => undefined });
    let ran: Promise<string> | undefined;
    const t = await play((session) => void (ran = ask.run(session)));
    if (!ran) return;
    ran.catch(() => undefined);
    ask.complete('yes');
    expect(await drive(t.clock, ran)).toBe('yes');
    await t.clock.advance(20_000);
    atRest(t);
    await drive(t.clock, t.session.waitForIdle());
  });

  test('S7.2 S6.3 waitForIdle settles', async () => {
    let idle = false;
    const t = await play(async (session) => {
      await session.waitForIdle();
      idle = true;
    });
    expect(idle || !t.events.some((event) => event.type === name)).toBe(true);
  });
});
