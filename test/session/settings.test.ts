/** What an application sets beside the rules: models, limits of the context, usage, words of its own (S3.5, S8.7, S10.3). */
import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { Agent, AgentSession, AgentTask, handoff, tool, type ChatContext, type SessionUsage } from 'meanwhile';
import { scriptedModel } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createTestSession, drive, startTestSession, type TestSession } from '../support/session.ts';

const none = z.object({});
const say = (t: TestSession, text: string) => drive(t.clock, t.session.run({ userInput: text }));
const textsOf = (t: TestSession, index: number): string =>
  JSON.stringify(t.model.prompts[index]?.filter((message) => message.role !== 'system'));

test('S8.1 an agent has a model of its own, settings and provider options; the next one the session’s', async () => {
  const own = scriptedModel(['From its own.'], { modelId: 'own' });
  const next = new Agent({ name: 'next', instructions: 'n' });
  const first = new Agent({
    instructions: 'f',
    llm: own,
    modelSettings: { temperature: 0.3, maxOutputTokens: 77 },
    providerOptions: { openai: { user: 'x' } },
    toolChoice: 'none',
    tools: [tool({ name: 'look', parameters: none, execute: () => handoff(next) })],
  });
  const t = await startTestSession(['From the session’s.'], { agent: first });
  await say(t, 'Hi');
  expect(own.calls[0]).toMatchObject({
    temperature: 0.3,
    maxOutputTokens: 77,
    providerOptions: { openai: { user: 'x' } },
    toolChoice: { type: 'none' },
  });
  await drive(t.clock, t.session.updateAgent(next));
  await say(t, 'Hi');
  expect(t.model.calls).toHaveLength(1);
  expect(t.model.calls[0]).not.toHaveProperty('temperature');
  expect(t.spoken).toEqual(['From its own.', 'From the session’s.']);
});

test('S2.3 contextLimit as a number sends the newest items; the history keeps all', async () => {
  const t = await startTestSession(['A1.', 'A2.', 'A3.'], { contextLimit: 3 });
  for (const text of ['Q1', 'Q2', 'Q3']) await say(t, text);
  expect(textsOf(t, 1)).toContain('Q1');
  expect(textsOf(t, 2)).not.toContain('Q1');
  for (const text of ['Q2', 'A2.', 'Q3']) expect(textsOf(t, 2)).toContain(text);
  expect(t.session.history.length).toBe(6);
});

test('S1.4 contextLimit never sends a call without its output, nor an output without its call', async () => {
  const echo = tool({ name: 'echo', parameters: none, execute: () => 'echoed' });
  const t = await startTestSession([{ calls: [{ name: 'echo', args: {} }] }, 'A1.', 'A2.'], {
    tools: [echo],
    contextLimit: 2,
  });
  await say(t, 'Q1');
  await say(t, 'Q2');
  for (const prompt of t.model.prompts) {
    const parts: { type: string; toolCallId?: string }[] = [];
    for (const message of prompt) if (message.role !== 'system') parts.push(...(message.content as typeof parts));
    const calls = parts.flatMap((part) => (part.type === 'tool-call' ? [part.toolCallId] : []));
    const results = parts.flatMap((part) => (part.type === 'tool-result' ? [part.toolCallId] : []));
    expect(results).toEqual(calls);
  }
});

test('S2.3 contextLimit as a function is asked with context and usage; one that throws or gives nonsense sends all', async () => {
  const asked: { chatCtx: ChatContext; usage: SessionUsage }[] = [];
  const answers: unknown[] = [0, 2, 'x', Number.NaN, -3, 99];
  const t = await startTestSession(['A1.', 'A2.', 'A3.', 'A4.', 'A5.', 'A6.', 'A7.'], {
    contextLimit: (given) => {
      asked.push(given);
      if (answers.length === 0) throw new Error('no limit');
      return answers.shift() as number;
    },
  });
  for (const index of [1, 2, 3, 4, 5, 6, 7]) await say(t, `Q${String(index)}`);
  expect(asked[1]?.chatCtx.length).toBe(3);
  expect(asked[1]?.usage.modelCalls).toBe(1);
  expect(textsOf(t, 1)).not.toContain('Q1');
  for (const index of [2, 3, 4, 6]) expect(textsOf(t, index)).toContain('Q1');
  expect(t.events).toContainEqual(
    expect.objectContaining({ type: 'error', source: 'hook', error: new Error('no limit') }),
  );
  expect(t.spoken).toHaveLength(7);
});

test('S7.2 usage sums what the models report', async () => {
  const usage = {
    inputTokens: { total: 100, noCache: 40, cacheRead: 60, cacheWrite: 0 },
    outputTokens: { total: 7, text: 5, reasoning: 2 },
  };
  const t = await startTestSession([
    { text: 'One.', usage },
    { text: 'Two.', usage },
  ]);
  expect(t.session.usage).toEqual({
    modelCalls: 0,
    inputTokens: 0,
    cachedInputTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
  });
  const before = t.session.usage;
  await say(t, 'a');
  await say(t, 'b');
  expect(t.session.usage).toEqual({
    modelCalls: 2,
    inputTokens: 200,
    cachedInputTokens: 120,
    outputTokens: 14,
    reasoningTokens: 4,
  });
  expect(before.modelCalls).toBe(0);
});

test('S2.3 S3.5 say enters the context, where it is wanted', async () => {
  const t = await startTestSession(['Hello.']);
  t.session.say('Kept.');
  t.session.say('Not kept.', { addToChatCtx: false });
  await drive(t.clock, t.session.waitForIdle());
  await say(t, 'Hi');
  expect(t.spoken).toEqual(['Kept.', 'Not kept.', 'Hello.']);
  expect(textsOf(t, 0)).toContain('Kept.');
  expect(textsOf(t, 0)).not.toContain('Not kept.');
});

test('S3.7 generateReply: instructions and tool choice hold for this reply, its input enters the context', async () => {
  const t = await startTestSession(['One.', 'Two.'], {
    tools: [tool({ name: 'look', parameters: none, execute: () => 1 })],
  });
  t.session.generateReply({ instructions: 'SPEAK LOW', userInput: 'From a form', toolChoice: 'none' });
  await drive(t.clock, t.session.waitForIdle());
  await say(t, 'Hi');
  expect(JSON.stringify(t.model.prompts[0])).toContain('SPEAK LOW');
  expect(t.model.calls[0]?.toolChoice).toEqual({ type: 'none' });
  expect(JSON.stringify(t.model.prompts[1])).not.toContain('SPEAK LOW');
  expect(JSON.stringify(t.model.prompts[1])).toContain('From a form');
  expect(t.model.calls[1]?.toolChoice).toEqual({ type: 'auto' });
});

test('S8.7 await using closes it', async () => {
  const exits: string[] = [];
  const t = createTestSession([]);
  {
    await using session = t.session;
    await session.start({ agent: new Agent({ instructions: 'x', onExit: () => void exits.push('exit') }) });
  }
  expect(exits).toEqual(['exit']);
  expect(t.records.at(-1)?.type).toBe('session_closed');
});

test('S8.2 a hook that throws is an event, and its user is answered', async () => {
  const thrown = new Error('hook');
  const fail = (): never => {
    throw thrown;
  };
  const next = new Agent({ name: 'next', instructions: 'n', onEnter: fail });
  const t = await startTestSession(['Hello.'], {
    agent: new Agent({ instructions: 'x', onEnter: fail, onExit: fail, onUserTurnCompleted: fail }),
  });
  await say(t, 'Hi');
  expect(t.spoken).toEqual(['Hello.']);
  await drive(t.clock, t.session.updateAgent(next));
  expect(t.session.currentAgent).toBe(next);
  expect(t.events.filter((event) => event.type === 'error')).toMatchObject(
    Array(4).fill({ source: 'hook', error: thrown }),
  );
});

test('S8.4 an AgentTask that completes with an Error rejects its awaiter, and cannot run or complete twice', async () => {
  const t = await startTestSession([]);
  const task: AgentTask = new AgentTask({
    name: 'task',
    instructions: 't',
    onEnter: () => task.complete(new Error('gave up')),
  });
  await expect(drive(t.clock, task.run(t.session))).rejects.toThrow('gave up');
  expect(() => task.complete('again')).toThrow(/complete already/);
  await expect(task.run(t.session)).rejects.toMatchObject({ code: 'session_state' });
  await expect(new AgentTask({ instructions: 't' }).run()).rejects.toMatchObject({
    code: 'unsupported_outside_session',
  });
});

test('S8.7 before its start a session says so', async () => {
  const session = new AgentSession({ llm: scriptedModel([]) });
  expect(() => session.say('x')).toThrow(/start/);
  expect(() => session.generateReply()).toThrow(/start/);
  for (const early of [session.sendMessage('x'), session.run(), session.updateTools([])]) {
    await expect(early).rejects.toMatchObject({ code: 'session_state' });
  }
  await session.interrupt();
  await session.close();
  await expect(session.start({ agent: new Agent({ instructions: 'x' }) })).rejects.toMatchObject({
    code: 'session_closed',
  });
});

test('S10.3 nothing but the clock reads the time or arms a timer', async () => {
  const root = new URL('../../', import.meta.url);
  const found: string[] = [];
  for await (const path of glob('src/**/*.ts', { cwd: root })) {
    // The process's own edge keeps a process that has nothing to do from hanging; a page has the browser's time.
    if (['src/clock.ts', 'src/cli/process-io.ts', 'src/client/timers.ts'].includes(path)) continue;
    const code = readFileSync(new URL(path, root), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '');
    const direct =
      /Date\.now|new Date\(\)|performance\.now|hrtime|AbortSignal\.timeout|setInterval|timers\/promises|(?<![.\w])setTimeout\(/.exec(
        code,
      );
    if (direct && !/function setTimeout\(/.test(code)) found.push(`${path}: ${direct[0]}`);
  }
  expect(found).toEqual([]);
});
