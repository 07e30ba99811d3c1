/** What the properties found, each as a test of its own. */
import { Agent, tool, type SpeechOutput } from 'meanwhile';
import { createVirtualClock } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { fold } from '../../src/chat/fold.ts';
import type { Message, TaskRecord } from '../../src/chat/items.ts';
import type { RecordBody } from '../../src/chat/records.ts';
import { createPlayback } from '../support/playback.ts';
import { byHand, drive, startTestSession } from '../support/session.ts';
import { replay } from './replay.ts';

test('S5.6 a result whose answer the output lost is told, though the turn was neither cut nor failed by the model', async () => {
  let stretch = 0;
  const heard: string[] = [];
  const output: SpeechOutput = {
    open: () => {
      stretch += 1;
      const isLost = stretch === 2;
      let text = '';
      return {
        write: (delta) => void (text += delta),
        end: () => {
          if (!isLost) heard.push(text);
          return { text: isLost ? '' : text };
        },
        clear: () => undefined,
      };
    },
  };
  const job = tool({ name: 'job', parameters: z.object({}), execute: () => 'It is booked.' });
  const t = await startTestSession(
    [{ text: 'One moment.', calls: [{ name: 'job' }] }, 'It is done.', 'It is done, I said.'],
    { output, tools: [job] },
  );
  await drive(t.clock, t.session.sendMessage('Book it'));
  await drive(t.clock, t.session.waitForIdle());
  expect(heard).toEqual(['One moment.', 'It is done, I said.']);
  expect(t.events.filter(({ type }) => type === 'delivery_ended')).toMatchObject([
    { id: 'call_1', receipt: 'completed' },
  ]);
});

test('S6.3 it is not idle between a handoff by onUserTurnCompleted and the answer of the next agent', async () => {
  const next = new Agent({ name: 'next', instructions: 'Talk.' });
  const first = new Agent({
    name: 'first',
    instructions: 'Talk.',
    onUserTurnCompleted: async () => {
      first.session.say('I put you through.');
      await first.session.updateAgent(next);
    },
  });
  const clock = createVirtualClock();
  const output = createPlayback(clock);
  const t = await startTestSession(['Hello from the next one.'], { agent: first, clock, output });
  void t.session.sendMessage('Hello');
  await drive(t.clock, t.session.waitForIdle());
  expect(output.heard).toEqual(['I put you through.', 'Hello from the next one.']);
});

test.each(['still runs', 'ended before that', 'ended after that'])(
  'S3.5 what an AgentTask has said over a call’s output covers it, when the turn that made the call tells it later: the task %s',
  (how) => {
    const at = { v: 1, at: 0 } as const;
    const task = { callId: 'call_1', toolName: 'job', input: {}, owner: 'session' } as const;
    const output = { type: 'text', text: 'It has begun.' } as const;
    const message: Message = {
      kind: 'message',
      id: 'item_1',
      role: 'assistant',
      parts: [{ type: 'text', text: 'It has begun.' }],
      at: 0,
      speechId: 'speech_2',
    };
    const record: TaskRecord = { ...task, kind: 'record', id: 'call_1', phase: 'update', output, at: 0 };
    const ended: RecordBody = { type: 'task_ended', callId: 'call_1', state: 'completed', output };
    const bodies: RecordBody[] = [
      { type: 'session_opened', sessionId: 'session_1' },
      { type: 'agent_entered', activityId: 'parent', agent: 'parent', context: 'inherit' },
      { type: 'speech_opened', speechId: 'speech_1', activityId: 'parent', kind: 'reply' },
      { type: 'task_started', ...task, activityId: 'parent', speechId: 'speech_1', step: 0, key: 'job' },
      { type: 'task_backgrounded', callId: 'call_1', reason: 'update', output },
      { type: 'agent_entered', activityId: 'subtask', agent: 'subtask', parent: 'parent', context: 'empty' },
      ...(how === 'ended before that' ? [ended] : []),
      { type: 'speech_opened', speechId: 'speech_2', activityId: 'subtask', kind: 'reply' },
      { type: 'request_made', speechId: 'speech_2', activityId: 'subtask', step: 0, from: 0, to: 1 },
      { type: 'message_added', activityId: 'subtask', message, step: 0 },
      ...(how === 'ended after that' ? [ended] : []),
      { type: 'delivery_opened', callId: 'call_1', record, delivery: { mode: 'when_idle' } },
    ];
    const state = fold(bodies.map((body, index) => ({ ...body, ...at, seq: index + 1 })));
    expect(state.tasks.deliveries.get('call_1')).toMatchObject({ covered: true });
  },
);

test('S6.8 a call waits for the floor and not for the user, whose words wait for another speech that waits for the call', async () => {
  const lease = tool({
    name: 'lease',
    parameters: z.object({}),
    execute: async (_args, { ctx }) => await ctx.foreground(() => 'Had the floor.'),
  });
  const reply = tool({
    name: 'reply',
    parameters: z.object({}),
    execute: async (_args, { ctx }) => {
      await started.promise;
      await ctx.session.generateReply().waitForPlayout();
      return 'Replied.';
    },
  });
  const started = byHand();
  const agent = new Agent({ name: 'fixed', instructions: 'Talk.', allowInterruptions: false, tools: [lease, reply] });
  const hang = byHand();
  const t = await startTestSession(
    [
      { calls: [{ name: 'reply' }] },
      { calls: [{ name: 'lease' }], hang: hang.promise },
      'The floor was free.',
      'All is said.',
      'You were waiting.',
    ],
    { agent },
  );
  await drive(t.clock, t.session.sendMessage('Begin'));
  started.resolve();
  await t.clock.settle();
  const second = t.session.sendMessage('And now?');
  await t.clock.settle();
  hang.resolve();
  await drive(t.clock, second);
  await drive(t.clock, t.session.waitForIdle());
  expect(t.spoken).toEqual(['The floor was free.', 'All is said.', 'You were waiting.']);
});

test('S8.4 S8.7 a turn of a paused agent does not go on when the session closes and what is said may end', async () => {
  await replay({
    setting: { wire: 'anthropic', quietMs: 100, slowOutput: false, timersAsWhoSet: false },
    tools: [
      {
        of: 'session',
        inSet: false,
        onHandoff: 'move',
        onInterrupt: 'background',
        deliver: 'when_idle',
        deaf: false,
        limit: 'none',
        hold: false,
        onDuplicate: 'allow',
        more: 'nothing',
      },
    ],
    hooks: ['hands over', 'asks'],
    actions: [
      { do: 'message', mood: 'calls', calls: [{ to: 'tool', tool: 4, n: 1 }] },
      { do: 'stand', release: false },
      { do: 'end', body: 0, how: 'handoff' },
      { do: 'end', body: 0, how: 'return' },
      { do: 'close', drain: true },
    ],
    picks: [],
  });
});

test('S6.4 a task that is cancelled when the floor has just been given to it does not run under a lease that is over', async () => {
  await replay({
    setting: { wire: 'unknown', quietMs: 0, slowOutput: true, timersAsWhoSet: false },
    tools: [
      {
        of: 'session',
        inSet: false,
        onHandoff: 'move',
        onInterrupt: 'background',
        deliver: 'when_idle',
        deaf: false,
        limit: 'none',
        hold: false,
        onDuplicate: 'allow',
        more: 'auto',
      },
    ],
    hooks: ['nothing'],
    actions: [
      {
        do: 'message',
        mood: 'calls',
        calls: [
          { to: 'tool', tool: 1, n: 1 },
          { to: 'tool', tool: 5, n: 0 },
        ],
      },
      { do: 'stand', release: false },
      { do: 'order', body: 5, what: 'update' },
      { do: 'order', body: 1, what: 'lease' },
      { do: 'end', body: 0, how: 'return' },
      { do: 'cancel', task: 5 },
    ],
    picks: [],
  });
});
