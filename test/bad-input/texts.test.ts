/** Messages of 100 kB, empty ones, emoji and control characters pass unchanged, whichever way they go. */
import { Agent, tool, type SessionRecord } from 'meanwhile';
import { describe, expect, test } from 'vitest';
import { byHand, drive, startTestSession, type TestSession } from '../support/session.ts';

const texts: [string, string][] = [
  ['100 kB', 'abcdefghi '.repeat(10_240)],
  ['100 kB without a space', 'x'.repeat(102_400)],
  ['empty', ''],
  ['white space', ' \t\n\r\n '],
  ['emoji', '👩‍👩‍👧‍👦🏳️‍🌈🛫 é é'],
  ['control characters', 'a\u0000b\u0007c\u001b[31md\u007fe\u0085f\u2028g\ufeffh'],
  ['a lone surrogate', 'a\ud83dz'],
  ['templates', '$& $$ {callId} {message} {{x}} `${y}` \\n %s <b>&amp;</b>'],
];

const parameters = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] } as const;

function outputs(t: TestSession): string[] {
  return [...t.session.history].flatMap((item) =>
    item.kind === 'record'
      ? [item.output.text]
      : item.kind === 'batch'
        ? item.calls.map((call) => call.output.text)
        : [],
  );
}

describe.each(texts)('%s', (_name, text) => {
  test('S1.8 from the user to the record, the hook and the model', async () => {
    const heard: string[] = [];
    const agent = new Agent({
      instructions: 'x',
      onUserTurnCompleted: (_context, message) => void heard.push(message.text),
    });
    const t = await startTestSession(['Ok.', 'Ok.'], { agent });
    await drive(t.clock, t.session.run({ userInput: text }));
    await drive(t.clock, t.session.run({ userInput: [{ type: 'text', text }] }));
    expect(heard).toEqual([text, text]);
    expect(t.session.history.at(0)).toMatchObject({ parts: [{ type: 'text', text }] });
    expect(t.session.history.at(2)).toMatchObject({ parts: [{ type: 'text', text }] });
    if (text.trim() !== '') expect(JSON.stringify(t.model.prompts[0])).toContain(JSON.stringify(text).slice(1, -1));
    expect(t.spoken).toEqual(['Ok.', 'Ok.']);
  });

  test('S1.5 S2.1 as argument, update, value and error', async () => {
    const given: unknown[] = [];
    const echo = tool({
      name: 'echo',
      parameters,
      execute: async (args, { ctx }) => {
        given.push((args as { text: string }).text);
        await ctx.update(text, { template: '{message}' });
        await ctx.update({ text });
        return text;
      },
    });
    const plain = tool({ name: 'plain', parameters, execute: (args) => (args as { text: string }).text });
    const calls = [
      { name: 'echo', args: { text } },
      { name: 'plain', args: { text } },
    ];
    const t = await startTestSession([{ calls }, 'One.', 'Two.'], { tools: [echo, plain] });
    await drive(t.clock, t.session.run({ userInput: 'Go' }));
    expect(given).toEqual([text]);
    const told = outputs(t);
    expect(told).toContain(JSON.stringify({ text }));
    // The first update of one and the result of the other, and its final.
    expect(told.filter((output) => output === text)).toHaveLength(3);
    expect([...t.session.history].find((item) => item.kind === 'batch')?.calls[0]?.input).toEqual({ text });
    expect(t.events.filter((event) => event.type === 'error')).toEqual([]);
  });

  test('S6.6 as question and answer', async () => {
    const answers: unknown[] = [];
    const ask = tool({
      name: 'ask',
      execute: async (_args, { ctx }) => {
        const { content } = await ctx.ask({ message: text, schema: parameters });
        answers.push(content);
      },
    });
    const t = await startTestSession(
      [
        { calls: [{ name: 'ask' }] },
        'Which?',
        { calls: [{ name: 'answer_task', args: { call_id: 'call_1', action: 'accept', content: { text } } }] },
        'Good.',
      ],
      {
        tools: [ask],
        prompts: { ask: '{message}' },
      },
    );
    await drive(t.clock, t.session.run({ userInput: 'Go' }));
    expect(t.session.tasks.get('call_1')?.question?.message).toBe(text);
    expect(outputs(t)[0]).toBe(text);
    await drive(t.clock, t.session.run({ userInput: 'x' }));
    expect(answers).toEqual([{ text }]);
  });

  test('S2.3 as what the agent says: by say, by a filler, by the model', async () => {
    const end = byHand();
    const slow = tool({
      name: 'slow',
      execute: async (_args, { ctx }) => await ctx.filler(text, { delayMs: 10 }, () => end.promise),
    });
    const t = await startTestSession([{ text }, { calls: [{ name: 'slow' }] }, 'Done.'], { tools: [slow] });
    const written: string[] = [];
    t.session.watchText({ onText: (words) => void written.push(words) });
    t.session.say(text);
    await drive(t.clock, t.session.waitForIdle());
    expect(written.join('')).toBe(text);
    await drive(t.clock, t.session.run({ userInput: 'Go' }));
    expect(written.join('')).toBe(text + text);
    void t.session.sendMessage('Slow');
    await t.clock.advance(100);
    end.resolve();
    await drive(t.clock, t.session.waitForIdle());
    const said = [...t.session.history].flatMap((item) =>
      item.kind === 'message' && item.role === 'assistant'
        ? item.parts.map((part) => ('text' in part ? part.text : ''))
        : [],
    );
    expect(said.filter((words) => words === text)).toHaveLength(text.trim() === '' ? 0 : 3);
  });

  test('S8.8 through the log and back', async () => {
    const t = await startTestSession(['Ok.']);
    await drive(t.clock, t.session.run({ userInput: text }));
    const copy = JSON.parse(JSON.stringify(t.records)) as SessionRecord[];
    expect(copy.find((record) => record.type === 'message_added')).toMatchObject({ message: { parts: [{ text }] } });
  });
});
