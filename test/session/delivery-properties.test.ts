/** Random conversations, spoken: whatever the user, the tools and the model do, nothing is lost and nobody is talked over. */
import fc from 'fast-check';
import { Agent, AgentSession, tool, type Logger } from 'meanwhile';
import { createVirtualClock, scriptedModel, type ScriptedAnswer } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createPlayback } from '../support/playback.ts';
import { byHand, createLogCheck } from '../support/session.ts';

type Mood = 'talks' | 'is silent' | 'fails' | 'breaks off' | 'calls';

type Step =
  | { do: 'say' | 'start' | 'interrupt' | 'speak' | 'pause' | 'handoff' | 'cut over' }
  | { do: 'update'; job: number; how: 'when_idle' | 'interrupt' | 'silent'; holds: boolean }
  | { do: 'end'; job: number; value: 'text' | 'nothing' | 'throws' }
  | { do: 'wait'; ms: number }
  | { do: 'mood'; mood: Mood };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constantFrom('say' as const, 'start' as const, 'interrupt' as const, 'speak' as const, 'pause' as const),
  }),
  fc.constant<Step>({ do: 'start' }),
  fc.constant<Step>({ do: 'wait', ms: 150 }),
  fc.record({ do: fc.constant('end' as const), job: fc.nat(4), value: fc.constant('text' as const) }),
  fc.record({ do: fc.constantFrom('handoff' as const, 'cut over' as const) }),
  fc.record({
    do: fc.constant('update' as const),
    job: fc.nat(4),
    how: fc.constantFrom('when_idle' as const, 'interrupt' as const, 'silent' as const),
    holds: fc.boolean(),
  }),
  fc.record({
    do: fc.constant('end' as const),
    job: fc.nat(4),
    value: fc.constantFrom('text' as const, 'nothing' as const, 'throws' as const),
  }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 10, 50, 150, 400, 3000) }),
  fc.record({
    do: fc.constant('mood' as const),
    mood: fc.constantFrom<Mood>('talks', 'is silent', 'fails', 'breaks off', 'calls'),
  }),
);

const quiet: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

function answerOf(mood: Mood): ScriptedAnswer {
  const text = 'There is something new to tell.';
  switch (mood) {
    case 'talks':
      return { text };
    case 'is silent':
      return {};
    case 'fails':
      return { error: new Error('down') };
    case 'breaks off':
      return { text, failAfter: 2 };
    case 'calls':
      return { text: 'One moment.', calls: [{ name: 'job' }] };
  }
}

async function play(script: readonly Step[]) {
  const clock = createVirtualClock();
  const { check, records } = createLogCheck();
  const jobs: { update: (how: Step & { do: 'update' }) => void; end: PromiseWithResolvers<unknown> }[] = [];
  let mood: Mood = 'calls';
  let userSpeaks = false;
  const overTheUser = new Set<string>();
  const job = tool({
    name: 'job',
    parameters: z.object({}),
    onDuplicate: 'allow',
    execute: async (_args, { ctx }) => {
      const end = byHand<unknown>();
      const update = ({ how, holds }: Step & { do: 'update' }): void => {
        void ctx.update('News.', { deliver: how, ...(holds ? { maxHoldMs: 300 } : {}) });
      };
      jobs.push({ update, end });
      await ctx.update('Began.');
      return await end.promise;
    },
  });
  const playback = createPlayback(clock);
  const output: typeof playback = {
    ...playback,
    open: (speech) => {
      if (userSpeaks) overTheUser.add(speech.speechId);
      return playback.open(speech);
    },
  };
  const llm = scriptedModel([], { clock, fallback: () => answerOf(mood) });
  const session = new AgentSession({ llm, clock, output, tools: [job], logger: quiet, quietMs: 100, onRecord: check });
  const agents = () => new Agent({ name: 'agent', instructions: 'You are an agent.' });
  await session.start({ agent: agents() });
  const act = async (each: Step): Promise<void> => {
    switch (each.do) {
      case 'say':
      case 'start':
        if (userSpeaks) return;
        if (each.do === 'start') mood = 'calls';
        void session.sendMessage('Hello');
        await clock.settle();
        if (each.do === 'start') mood = 'talks';
        return;
      case 'speak':
      case 'pause':
        userSpeaks = each.do === 'speak';
        if (!userSpeaks) return session.userStoppedSpeaking();
        session.userStartedSpeaking();
        return await session.interrupt();
      case 'interrupt':
        return await session.interrupt();
      case 'handoff':
      case 'cut over':
        void session.updateAgent(agents(), { cut: each.do === 'cut over' });
        return await clock.settle();
      case 'update':
        jobs[each.job]?.update(each);
        return await clock.settle();
      case 'end': {
        const end = jobs[each.job]?.end;
        if (each.value === 'throws') end?.reject(new Error('broken'));
        else end?.resolve(each.value === 'text' ? 'Done.' : undefined);
        return await clock.settle();
      }
      case 'wait':
        return await clock.advance(each.ms);
      case 'mood':
        mood = each.mood;
    }
  };
  for (const each of script) await act(each);
  mood = 'talks';
  userSpeaks = false;
  session.userStoppedSpeaking();
  await clock.advance(120_000);
  const talkedOver = records.filter((record) => record.type === 'delivery_taken' && overTheUser.has(record.speechId));
  return { session, clock, records, talkedOver, jobs };
}

test('S3.4 S3.8 in any conversation each record ends with one receipt, and nothing is told while the user speaks', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 50, size: 'max' }), async (script) => {
      const { session, clock, records, talkedOver, jobs } = await play([{ do: 'start' }, ...script]);
      expect([...session.state.tasks.deliveries.keys()]).toEqual([]);
      expect(talkedOver).toEqual([]);
      const ended = records.flatMap((record) => (record.type === 'delivery_ended' ? [record.id] : []));
      expect(new Set(ended).size).toBe(ended.length);
      const opened = records.flatMap((record) => {
        if (record.type === 'delivery_opened') return [record.record.id];
        return (record.type === 'task_updated' || record.type === 'task_ended') && record.record
          ? [record.record.id]
          : [];
      });
      expect(ended.toSorted()).toEqual(opened.toSorted());
      for (const each of jobs) each.end.resolve(undefined);
      await clock.settle();
      await session.close();
      expect(clock.pending()).toEqual([]);
    }),
    { numRuns: 100 },
  );
});
