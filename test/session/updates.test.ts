/** Updates and the context (S2). */
import type { LanguageModelV4Prompt } from '@ai-sdk/provider';
import { Agent, AgentTask, tool, type ChatContext, type SpeechOutput, type Tool, type UpdateOptions } from 'meanwhile';
import { createVirtualClock, scriptedModel } from 'meanwhile/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { validatedLater } from '../support/held-tool.ts';
import { historyOf, outputOf } from '../support/history.ts';
import { partsOf } from '../support/prompt.ts';
import { byHand, drive, startTestSession, type TestSession } from '../support/session.ts';

const call = { calls: [{ name: 'work' }] };
const work = (execute: Tool['execute'], more: Partial<Parameters<typeof tool>[0]> = {}) =>
  tool({ ...more, name: 'work', execute });

describe('what is told', () => {
  test('S2.1 a text goes through the update prompt, any other value is recorded as it is', async () => {
    const body = work(async (_args, { ctx }) => {
      await ctx.update('three flights');
      await ctx.update({ flights: 3 });
      await ctx.update('four flights', { template: ({ callId, message }) => `${callId} says: ${message}` });
    });
    const t = await startTestSession([call, 'Looking.', 'Four.'], { tools: [body] });
    await run(t);
    await t.clock.advance(100);
    expect(outputOf(t.session, 'call_1')).toMatch(/^Progress of work \(call call_1\): three flights\n/);
    expect(outputOf(t.session, 'call_1_update_1')).toBe('{"flights":3}');
    expect(outputOf(t.session, 'call_1_update_2')).toBe('call_1 says: four flights');
  });

  test('S2.1 progress without a message is for observers: no record, and the call still blocks', async () => {
    const go = byHand();
    const body = work(async (_args, { ctx }) => {
      await ctx.update({ progress: 1, total: 4, data: { file: 'a' } });
      await go.promise;
      return 'done';
    });
    const t = await startTestSession([call, 'Done.'], { tools: [body] });
    const running = t.session.run({ userInput: 'Go' });
    await t.clock.settle();
    expect(t.session.tasks.get('call_1')).toMatchObject({
      phase: 'blocking',
      progress: 1,
      total: 4,
      data: { file: 'a' },
    });
    expect(t.session.tasks.get('call_1')?.message).toBeUndefined();
    go.resolve();
    await drive(t.clock, running);
    expect(historyOf(t.session)).toEqual(['user: Go', 'call_1: done', 'assistant: Done.']);
    expect(updatesOf(t)).toEqual([{ progress: 1, total: 4, data: { file: 'a' } }]);
  });

  test('S2.1 progress with a message is told by it', async () => {
    const body = work(async (_args, { ctx }) => {
      await ctx.update({ message: 'half way', progress: 2, total: 4 });
      await byHand().promise;
    });
    const t = await startTestSession([call, 'Half way.'], { tools: [body] });
    await run(t);
    expect(outputOf(t.session, 'call_1')).toContain('half way');
    expect(t.session.tasks.get('call_1')).toMatchObject({ message: 'half way', progress: 2, total: 4 });
  });

  test('S2.1 an object with any other key is a value and no progress', async () => {
    const body = work(async (_args, { ctx }) => {
      await ctx.update({ message: 'half way', seats: 2 });
    });
    const t = await startTestSession([call, 'Half way.'], { tools: [body] });
    await run(t);
    expect(outputOf(t.session, 'call_1')).toBe('{"message":"half way","seats":2}');
  });

  test('S2.1 data that JSON cannot express reaches observers, and the task can still be listed', async () => {
    const go = byHand();
    const body = work(async (_args, { ctx }) => {
      await ctx.update({ data: 10n });
      await go.promise;
    });
    const t = await startTestSession([call], { tools: [body] });
    const running = t.session.run({ userInput: 'Go' });
    await t.clock.settle();
    expect(t.session.tasks.list()[0]).toMatchObject({ data: 10n });
    go.resolve();
    await drive(t.clock, running);
    expect(updatesOf(t)).toEqual([{ data: 10n }]);
  });

  test.each([{ progress: Number.NaN }, { message: 'x', progress: Infinity }, { message: 'x', total: 10n }])(
    'S1.5 S2.1 progress that no JSON can count rejects, records nothing, and the call still blocks: %o',
    async (progress) => {
      const thrown: unknown[] = [];
      const body = work(async (_args, { ctx }) => {
        await ctx.update(progress).catch((error: unknown) => thrown.push(error));
        return 'done';
      });
      const t = await startTestSession([call, 'Done.'], { tools: [body] });
      await run(t);
      expect(thrown).toMatchObject([{ code: 'invalid_value' }]);
      expect(historyOf(t.session)).toEqual(['user: Go', 'call_1: done', 'assistant: Done.']);
      expect(updatesOf(t)).toEqual([]);
    },
  );

  test('S2.1 S5.5 progress for observers counts as progress', async () => {
    const steps = [byHand(), byHand()];
    const body = work(
      async (_args, { ctx }) => {
        for (const step of steps) {
          await step.promise;
          await ctx.update({ progress: 1 });
        }
        return 'done';
      },
      { noProgressTimeoutMs: 1000 },
    );
    const t = await startTestSession([call, 'Done.'], { tools: [body] });
    const running = t.session.run({ userInput: 'Go' });
    for (const step of steps) {
      await t.clock.advance(900);
      step.resolve();
    }
    await drive(t.clock, running);
    expect(outputOf(t.session, 'call_1')).toBe('done');
  });

  const cases: readonly (readonly [name: string, options: UpdateOptions, receipt: string])[] = [
    ['deliver: silent', { deliver: 'silent' }, 'silent'],
    ['expiresMs', { expiresMs: 10 }, 'expired'],
  ];
  test.each(cases)('S2.1 an update takes %s', async (_name, options, receipt) => {
    const go = byHand();
    const body = work(async (_args, { ctx }) => {
      await ctx.update('one');
      await go.promise;
      await ctx.update('two', options);
      await byHand().promise;
    });
    const t = await startTestSession([call, 'One.'], { tools: [body], quietMs: 20 });
    await run(t);
    t.session.userStartedSpeaking();
    go.resolve();
    await t.clock.advance(100);
    t.session.userStoppedSpeaking();
    await t.clock.advance(100);
    expect(
      t.records.flatMap((record) => (record.type === 'delivery_ended' ? [`${record.id} ${record.receipt}`] : [])),
    ).toEqual([`call_1_update_1 ${receipt}`]);
    expect(t.spoken).toEqual(['One.']);
  });
});

describe('ids', () => {
  test('S2.2 an id of the context that an agent was given is used already, and nothing is lost behind it', async () => {
    const talk = async (chatCtx?: ChatContext) => {
      const end = byHand<string>();
      const body = work(async (_args, { ctx }) => {
        await ctx.update('one');
        return await end.promise;
      });
      const agent = new Agent({ name: 'a', instructions: 'A.', ...(chatCtx ? { chatCtx } : {}) });
      const t = await startTestSession([call, 'One.', 'Done.'], { tools: [body], agent });
      await run(t);
      end.resolve('done');
      await t.clock.advance(100);
      return { t, context: historyOf(t.session.contextOf(agent)) };
    };
    const first = await talk();
    expect(first.context.at(-2)).toBe('call_1_final: done');
    const again = await talk(first.t.session.history);
    expect(again.context.slice(0, 5)).toEqual(first.context);
    const id = again.t.session.history.at(1);
    const callId = id?.kind === 'batch' ? id.calls[0]?.callId : undefined;
    expect(callId).not.toBe('call_1');
    expect(again.context.slice(-3)).toEqual(['assistant: One.', `${String(callId)}_final: done`, 'assistant: Done.']);
  });

  test('S2.2 the first update has the id of the call, the n-th after it _update_<n>, the end _final', async () => {
    const body = work(async (_args, { ctx }) => {
      for (const message of ['one', 'two', 'three']) await ctx.update(message);
      return 'done';
    });
    const t = await startTestSession([call, 'On it.', 'Done.'], { tools: [body] });
    await run(t);
    await t.clock.advance(100);
    expect(ids(t)).toEqual(['call_1_update_1', 'call_1_update_2', 'call_1_final', 'call_1'].sort());
  });

  test('S2.2 what sent the call to the background answers its id; the first update is then _update_1', async () => {
    const go = byHand();
    const body = work(
      async (_args, { ctx }) => {
        await go.promise;
        await ctx.update('one');
        await byHand().promise;
      },
      { autoBackgroundMs: 1000 },
    );
    const t = await startTestSession([call, 'On it.', 'One.'], { tools: [body] });
    await run(t);
    go.resolve();
    await t.clock.advance(100);
    expect(ids(t)).toEqual(['call_1', 'call_1_update_1']);
  });

  const unfit = [
    'call_9',
    'toolu/with:odd+letters',
    `long_${'x'.repeat(80)}`,
    'call_1_final',
    'call_1_update_3',
    '',
    'call_9',
  ];
  test('S2.2 an unfit or repeated id of a provider is replaced, and the wire keeps the provider\u2019s', async () => {
    const parameters = z.object({ n: z.number() });
    const body = tool({ name: 'work', parameters, execute: ({ n }) => `answer ${String(n)}` });
    const calls = unfit.map((id, n) => ({ name: 'work', id, args: { n } }));
    const t = await startTestSession([{ calls }, 'Done.'], { tools: [body] });
    await run(t);
    const [batch] = [...t.session.history].flatMap((item) => (item.kind === 'batch' ? [item] : []));
    const given = batch?.calls.map((each) => each.callId) ?? [];
    expect(new Set(given).size).toBe(unfit.length);
    for (const id of given) expect(id).toMatch(/^[A-Za-z0-9_-]{1,48}$/);
    expect(given[0]).toBe('call_9');
    expect(batch?.calls.map((each) => each.wireId ?? each.callId)).toEqual(unfit);
    expect(batch?.calls.map((each) => each.output.text)).toEqual(unfit.map((_id, n) => `answer ${String(n)}`));
    const sent = results(t.model.prompts[1]);
    expect(sent.map((part) => part.text)).toEqual(unfit.map((_id, n) => `answer ${String(n)}`));
    expect(sent[0]?.id).toBe('call_9');
  });

  test('S2.2 two calls of one id get two, also while neither has been validated', async () => {
    const gate = byHand();
    const body = tool({ name: 'work', parameters: validatedLater(() => gate.promise), execute: ({ to }) => to });
    const calls = ['Rome', 'Oslo'].map((to) => ({ name: 'work', id: 'same', args: { to } }));
    const t = await startTestSession([{ calls }, 'Both.'], { tools: [body] });
    const running = t.session.run({ userInput: 'Go' });
    await t.clock.settle();
    gate.resolve();
    await drive(t.clock, running);
    const [batch] = [...t.session.history].flatMap((item) => (item.kind === 'batch' ? [item] : []));
    expect(new Set(batch?.calls.map((each) => each.callId)).size).toBe(2);
    expect(batch?.calls.map((each) => each.output.text)).toEqual(['Rome', 'Oslo']);
  });

  test('S2.2 an id that comes again in a later turn is replaced', async () => {
    const again = { calls: [{ name: 'work', id: 'same' }] };
    const t = await startTestSession([again, 'One.', again, 'Two.'], { tools: [work(() => 'done')] });
    await run(t);
    await run(t);
    const given = ids(t);
    expect(new Set(given).size).toBe(2);
    expect(given).toContain('same');
  });

  test('S2.2 the form of a record in a prompt is the model\u2019s, and the same in every request', async () => {
    const prompts = await Promise.all(
      ['openai.chat', 'mistral.chat'].map(async (provider) => {
        const t = await startReporting(provider);
        return t.model.prompts.map((prompt) =>
          prompt.filter((message) => JSON.stringify(message).includes('two')).map((message) => message.role),
        );
      }),
    );
    expect(prompts[0]?.slice(-2)).toEqual([['tool'], ['tool']]);
    expect(prompts[1]?.slice(-2)).toEqual([['user'], ['user']]);
  });
});

/** A conversation with an update in the background; the model's script is of a provider's model. */
async function startReporting(provider: string): Promise<TestSession> {
  const go = byHand();
  const body = work(async (_args, { ctx }) => {
    await ctx.update('one');
    await go.promise;
    await ctx.update('two');
    await byHand().promise;
  });
  const clock = createVirtualClock();
  const model = scriptedModel([call, 'One.', 'Two.', 'Yes.'], { clock, provider, modelId: 'gpt-x' });
  const t = await startTestSession([], { clock, model, tools: [body] });
  await run(t);
  go.resolve();
  await t.clock.advance(100);
  await run(t);
  return t;
}

describe('the context', () => {
  test('S2.3 each prompt begins with the one before it, its own instruction aside', async () => {
    const steps = [byHand(), byHand()];
    const body = work(async (_args, { ctx }) => {
      await ctx.update('one');
      for (const [n, step] of steps.entries()) {
        await step.promise;
        await ctx.update(`step ${String(n)}`);
      }
      return 'done';
    });
    const t = await startTestSession([call, 'One.', 'Step 0.', 'Yes.', 'Step 1.', 'Fine.'], {
      tools: [body],
      agent: forProvider(),
    });
    await run(t);
    steps[0]?.resolve();
    await t.clock.advance(100);
    await run(t, 'And?');
    steps[1]?.resolve();
    await t.clock.advance(100);
    const kept = t.model.prompts.map((prompt, n) =>
      (isDelivery(t, n) ? prompt.slice(0, -1) : prompt).map((message) => JSON.stringify(message)),
    );
    for (const [n, prompt] of kept.entries()) {
      if (n > 0) expect(prompt.slice(0, kept[n - 1]?.length)).toEqual(kept[n - 1]);
    }
    expect(kept.length).toBe(5);
  });

  test('S2.3 what was said enters when it was heard, before the step\u2019s calls', async () => {
    const played = byHand<{ text: string }>();
    const t = await startTestSession([{ text: 'One moment.', ...call }, 'Done.'], {
      tools: [work(() => 'done')],
      output: playing([played.promise]),
    });
    const running = t.session.run({ userInput: 'Go' });
    await t.clock.settle();
    expect(historyOf(t.session)).toEqual(['user: Go']);
    played.resolve({ text: 'One moment.' });
    await drive(t.clock, running);
    expect(historyOf(t.session)).toEqual(['user: Go', 'assistant: One moment.', 'call_1: done', 'assistant: Done.']);
  });

  test('S2.3 what the application asks a reply to enters when its turn comes; cut before that, it is kept', async () => {
    const played = byHand<{ text: string }>();
    const t = await startTestSession(['First answer.', 'Second answer.', 'Fourth answer.'], {
      output: playing([played.promise]),
    });
    const first = t.session.sendMessage('One');
    await t.clock.settle();
    const second = t.session.generateReply({ userInput: 'Two' });
    const third = t.session.generateReply({ userInput: 'Three' });
    third.interrupt();
    played.resolve({ text: 'First answer.' });
    await drive(t.clock, Promise.all([first, second.done, third.done]));
    expect(historyOf(t.session)).toEqual([
      'user: One',
      'user: Three',
      'assistant: First answer.',
      'user: Two',
      'assistant: Second answer.',
    ]);
  });

  test('S2.3 what was cut enters with what was heard, before the words that cut it', async () => {
    const t = await startTestSession(['I can book you a flight to Rome.', 'To Paris, then.'], {
      output: playing([byHand<{ text: string }>().promise], 'I can book'),
    });
    const first = t.session.sendMessage('Hi');
    await t.clock.settle();
    void t.session.sendMessage('To Paris');
    await t.clock.settle();
    await drive(t.clock, first);
    await t.clock.advance(10);
    expect(historyOf(t.session)).toEqual([
      'user: Hi',
      'assistant: I can book—',
      'user: To Paris',
      'assistant: To Paris, then.',
    ]);
  });

  test('S2.3 words that the model had not finished count as cut, though all of them were heard', async () => {
    const t = await startTestSession([
      { text: 'I can book you a flight.', hang: byHand().promise, hangAfter: 3 },
      'Yes?',
    ]);
    void t.session.sendMessage('Hi');
    await t.clock.settle();
    void t.session.sendMessage('Wait');
    await t.clock.advance(10);
    expect(historyOf(t.session)).toEqual(['user: Hi', 'assistant: I can book—', 'user: Wait', 'assistant: Yes?']);
  });

  test('S2.3 a cut without a word heard leaves no message', async () => {
    const t = await startTestSession(['I can book.', 'Yes?'], {
      output: playing([byHand<{ text: string }>().promise], ''),
    });
    void t.session.sendMessage('Hi');
    await t.clock.settle();
    void t.session.sendMessage('Wait');
    await t.clock.advance(10);
    expect(historyOf(t.session)).toEqual(['user: Hi', 'user: Wait', 'assistant: Yes?']);
  });

  test('S2.3 a step\u2019s calls enter together, in the model\u2019s order, whatever the order of their ends', async () => {
    const slow = byHand<string>();
    const slowly = tool({ name: 'slowly', execute: () => slow.promise });
    const calls = [{ name: 'slowly' }, { name: 'work' }];
    const t = await startTestSession([{ calls }, 'Done.'], { tools: [slowly, work(() => 'fast')] });
    const running = t.session.run({ userInput: 'Go' });
    await t.clock.settle();
    expect(historyOf(t.session)).toEqual(['user: Go']);
    slow.resolve('slow');
    await drive(t.clock, running);
    expect(partsOf(t.model.prompts[1]?.slice(-2))).toMatchObject([
      { type: 'tool-call', toolCallId: 'call_1' },
      { type: 'tool-call', toolCallId: 'call_2' },
      { type: 'tool-result', toolCallId: 'call_1', output: { value: 'slow' } },
      { type: 'tool-result', toolCallId: 'call_2', output: { value: 'fast' } },
    ]);
  });

  test('S2.3 a record of a call whose step is open stands right behind the step, and is in the history at once', async () => {
    const other = byHand<string>();
    const seen: string[][] = [];
    const body = work(async (_args, { ctx }) => {
      await ctx.update('one');
      await ctx.update('two');
      seen.push(historyOf(t.session));
      await byHand().promise;
    });
    const slowly = tool({ name: 'slowly', execute: () => other.promise });
    const agent = new Agent({ name: 'travel', instructions: 'You are a travel agent.' });
    const calls = [{ name: 'work' }, { name: 'slowly' }];
    const t = await startTestSession([{ calls }, 'On it.', 'Two.'], { tools: [body, slowly], agent });
    const running = t.session.run({ userInput: 'Go' });
    await t.clock.settle();
    expect(seen[0]?.at(-1)).toContain('two');
    expect(historyOf(t.session.contextOf(agent))).toEqual(['user: Go']);
    other.resolve('done');
    await drive(t.clock, running);
    const context = historyOf(t.session.contextOf(agent)).map((line) => line.replace(/[ :].*/s, ''));
    expect(context.slice(0, 4)).toEqual(['user', 'call_1', 'call_2', 'call_1_update_1']);
  });

  test('S2.3 S8.9 a record that came while an AgentTask kept the step of its call open stands behind the step, once', async () => {
    const go = byHand();
    const body = work(async (_args, { ctx }) => {
      await ctx.update('one');
      await go.promise;
      await ctx.update('two', { deliver: 'silent' });
      await ctx.update('three', { deliver: 'silent' });
      await byHand().promise;
    });
    const asking = new AgentTask<string>({ name: 'asking', instructions: 'You ask.' });
    const ask = tool({ name: 'ask', execute: () => asking.run() });
    const agent = new Agent({ name: 'travel', instructions: 'You are a travel agent.' });
    const steps = [{ calls: [{ name: 'work' }, { name: 'ask' }] }, 'All set.'];
    const t = await startTestSession(steps, { tools: [body, ask], agent });
    void t.session.sendMessage('Go');
    await t.clock.advance(10);
    expect(t.session.currentAgent).toBe(asking);
    go.resolve();
    await t.clock.advance(10);
    asking.complete('answered');
    await t.clock.advance(100);
    const context = historyOf(t.session.contextOf(agent)).map((line) => line.replace(/[ :].*/s, ''));
    expect(context).toEqual(['user', 'call_1', 'call_2', 'call_1_update_1', 'call_1_update_2', 'assistant']);
    expect(t.spoken).toEqual(['All set.']);
  });

  test('S2.3 a later record enters at once, whatever is said when', async () => {
    const go = byHand();
    const body = work(async (_args, { ctx }) => {
      await ctx.update('one');
      await go.promise;
      await ctx.update('two');
      await byHand().promise;
    });
    const t = await startTestSession([call, 'One.'], { tools: [body] });
    await run(t);
    t.session.userStartedSpeaking();
    go.resolve();
    await t.clock.advance(100);
    expect(historyOf(t.session).at(-1)).toContain('two');
    expect(t.spoken).toEqual(['One.']);
  });
});

describe('metadata', () => {
  const signed = { thinker: { signature: 'abc' } };
  const thinking = { reasoning: 'I wonder.', providerMetadata: signed };

  test('S2.3 reasoning and metadata of the model\u2019s own items go back to its provider', async () => {
    const t = await startTestSession(
      [{ ...thinking, text: 'One moment.', ...call }, { ...thinking, text: 'Done.' }, 'Yes?'],
      {
        tools: [work(() => 'done')],
      },
    );
    await run(t);
    await run(t, 'Well?');
    const parts = partsOf(t.model.prompts[2]).filter((part) => part.providerOptions !== undefined);
    expect(parts.map((part) => part.type).sort()).toEqual(['reasoning', 'reasoning', 'text', 'text', 'tool-call']);
    for (const part of parts) expect(part.providerOptions).toEqual(signed);
  });

  test('S2.3 another provider gets none of it', async () => {
    const clock = createVirtualClock();
    const other = scriptedModel(['Here.'], { clock, provider: 'another' });
    const t = await startTestSession(
      [
        { ...thinking, text: 'One moment.', ...call },
        { ...thinking, text: 'Done.' },
      ],
      { clock, tools: [work(() => 'done')] },
    );
    await run(t);
    await drive(t.clock, t.session.updateAgent(new Agent({ name: 'other', instructions: 'You help.', llm: other })));
    await run(t, 'Well?');
    const parts = partsOf(other.prompts[0]);
    expect(parts.filter((part) => part.providerOptions !== undefined || part.type === 'reasoning')).toEqual([]);
    expect(parts.some((part) => part.type === 'tool-call')).toBe(true);
  });

  test('S2.3 a message that was cut carries none', async () => {
    const t = await startTestSession([
      { ...thinking, text: 'I can book you a flight.', hang: byHand().promise, hangAfter: 2 },
      'Yes?',
    ]);
    void t.session.sendMessage('Hi');
    await t.clock.settle();
    void t.session.sendMessage('Wait');
    await t.clock.advance(10);
    const message = [...t.session.history][1];
    expect(message).toMatchObject({ kind: 'message', cut: true, parts: [{ type: 'text', text: 'I can' }] });
    expect(JSON.stringify(message)).not.toContain('signature');
  });

  test('S2.3 a call the model never made carries none', async () => {
    const go = byHand();
    const body = work(async (_args, { ctx }) => {
      await ctx.update('one');
      await go.promise;
      return 'done';
    });
    const clock = createVirtualClock();
    const model = scriptedModel([{ ...thinking, ...call }, 'One.', 'Done.'], {
      clock,
      provider: 'openai.chat',
      modelId: 'gpt-x',
    });
    const t = await startTestSession([], { clock, model, tools: [body] });
    await run(t);
    go.resolve();
    await t.clock.advance(100);
    const calls = partsOf(t.model.prompts[2]).filter((part) => part.type === 'tool-call');
    expect(calls.map((part) => part.providerOptions)).toEqual([signed, undefined]);
  });
});

describe('concurrent and late', () => {
  test('S2.4 concurrent updates keep the order of the calls, and none is lost', async () => {
    const body = work(async (_args, { ctx }) => {
      await Promise.all(
        ['one', 'two', 'three', 'four'].map((message) => ctx.update(message, { template: '{message}' })),
      );
      return 'done';
    });
    const t = await startTestSession([call, 'On it.', 'Done.'], { tools: [body] });
    await run(t);
    await t.clock.advance(100);
    const told = Object.fromEntries(
      ['call_1', 'call_1_update_1', 'call_1_update_2', 'call_1_update_3', 'call_1_final'].map((id) => [
        id,
        outputOf(t.session, id),
      ]),
    );
    expect(Object.values(told)).toEqual(['one', 'two', 'three', 'four', 'done']);
  });

  const ends: readonly (readonly [name: string, end: (t: TestSession) => Promise<unknown>])[] = [
    ['settled', (t) => t.clock.advance(1000)],
    ['cancelled', (t) => drive(t.clock, t.session.tasks.cancel('call_1'))],
    ['timed out', (t) => t.clock.advance(60_000)],
    ['closed', (t) => drive(t.clock, t.session.close())],
  ];
  test.each(ends)('S2.4 an update of a task that was %s is refused and changes nothing', async (name, end) => {
    const go = byHand();
    const unheard = unhandledRejections();
    let refused: unknown;
    const body = work(
      (_args, { ctx }) => {
        void go.promise.then(async () => {
          void ctx.update('nobody awaits this');
          await ctx.update('late').catch((error: unknown) => (refused = error));
          void ctx.ask({ message: 'Late?' });
        });
        return name === 'settled' ? 'done' : ctx.update('working').then(() => byHand().promise);
      },
      { timeoutMs: 50_000 },
    );
    const t = await startTestSession([call, 'So.', 'It took too long.'], { tools: [body] });
    await run(t);
    await end(t);
    const before = t.records.length;
    go.resolve();
    await t.clock.settle();
    expect(refused).toMatchObject({ name: 'TaskEndedError', code: 'task_ended' });
    expect(t.records.length).toBe(before);
    expect(unheard).toEqual([]);
  });
});

/** Rejections that nobody has handled, as they come. */
function unhandledRejections(): unknown[] {
  const seen: unknown[] = [];
  const listener = (reason: unknown): void => void seen.push(reason);
  process.on('unhandledRejection', listener);
  onTestFinished(() => void process.off('unhandledRejection', listener));
  return seen;
}

function run(t: TestSession, userInput = 'Go') {
  return drive(t.clock, t.session.run({ userInput }));
}

/** An agent whose model shows records as calls. */
function forProvider(): Agent {
  return new Agent({ name: 'travel', instructions: 'You are a travel agent.' });
}

function isDelivery(t: TestSession, request: number): boolean {
  const made = t.records.filter((record) => record.type === 'request_made')[request];
  return (
    t.records.some(
      (record) => record.type === 'speech_opened' && record.speechId === made?.speechId && record.about !== undefined,
    ) && made?.step === 0
  );
}

/** Ids of outputs and records in the history, sorted. */
function ids(t: TestSession): string[] {
  return [...t.session.history]
    .flatMap((item) =>
      item.kind === 'record' ? [item.id] : item.kind === 'batch' ? item.calls.map((each) => each.callId) : [],
    )
    .sort();
}

function updatesOf(t: TestSession): unknown[] {
  return t.events.flatMap((event) => {
    if (event.type !== 'task_updated' || event.recordId !== undefined) return [];
    const { type: _type, at: _at, callId: _callId, toolName: _toolName, ...rest } = event;
    return [rest];
  });
}

function results(prompt: LanguageModelV4Prompt | undefined): { id: string; text: unknown }[] {
  return partsOf(prompt).flatMap((part) =>
    part.type === 'tool-result' && 'value' in part.output ? [{ id: part.toolCallId, text: part.output.value }] : [],
  );
}

/** Speech whose playback the test settles: each stretch with its promise, those beyond at once; a cut one with `heard`. */
function playing(stretches: readonly Promise<{ text: string }>[], heard = ''): SpeechOutput {
  let opened = 0;
  return {
    open: () => {
      const played = stretches[(opened += 1) - 1];
      let text = '';
      const cut = Promise.withResolvers<{ text: string }>();
      return {
        write: (delta) => void (text += delta),
        end: () => (played ? Promise.race([played, cut.promise]) : { text }),
        clear: () => cut.resolve({ text: heard }),
      };
    },
  };
}
