import { tool } from 'meanwhile';
import { createVirtualClock } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { Chat, findHotels, type Model } from '../../examples/own-host.ts';

/** It calls the tool when the user wants hotels, and else says in a few words what is newest. */
const model: Model = (talk) => {
  const last = talk.findLast((line) => !line.startsWith('Something')) ?? '';
  if (last === 'user: Find hotels')
    return Promise.resolve({ calls: [{ id: 'call_1', name: 'find_hotels', args: {} }] });
  if (last.startsWith('user:')) return Promise.resolve({ text: 'Fine, thank you.' });
  return Promise.resolve({ text: last.includes('Looking') ? 'I am looking.' : `Done: ${last.split(': ')[1] ?? ''}` });
};

test('S3.2 a chat loop of its own: the result is told when the turn is over, once', async () => {
  const clock = createVirtualClock();
  const lines: string[] = [];
  const chat = new Chat(model, (line) => lines.push(`${String(clock.now() - from)} ms  ${line}`), clock);
  const from = clock.now();
  await chat.offer([
    findHotels(async () => {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 4000));
      return 'three hotels';
    }),
  ]);
  await clock.runUntil(chat.says('Find hotels'));
  await clock.advance(2000);
  await clock.runUntil(chat.says('How are you?'));
  await clock.runUntilIdle();
  expect(['', ...lines, ''].join('\n')).toMatchInlineSnapshot(`
    "
    0 ms  I am looking.
    2000 ms  Fine, thank you.
    4050 ms  Done: three hotels
    "
  `);
  expect(chat.engine.hasUntold).toBe(false);
  expect(chat.talk.filter((line) => line.startsWith('Something'))).toEqual([]);
});

test('S3.4 S3.5 a model that fails is asked again, and what it may have said already is told as such', async () => {
  const clock = createVirtualClock();
  const asked: string[] = [];
  let failures = 1;
  const failing: Model = async (talk, tools) => {
    const last = talk.at(-1) ?? '';
    if (!last.startsWith('Something')) return await model(talk, tools);
    asked.push(last.split('.')[0] ?? '');
    if ((failures -= 1) >= 0) throw new Error('overloaded');
    return { text: 'Done.' };
  };
  const chat = new Chat(failing, () => undefined, clock);
  await chat.offer([findHotels(() => Promise.resolve('three hotels'))]);
  await clock.runUntil(chat.says('Find hotels'));
  await clock.advance(500);
  await clock.runUntil(chat.says('How are you?'));
  await clock.runUntilIdle();
  expect(asked).toEqual([
    'Something new has come in from work in the background (calls: call_1_final)',
    'Something has come in from work in the background (calls: call_1_final), and you may have told the user already',
  ]);
});

test('S1.8 S5.6 a result that was returned at once is told though the model fails over it', async () => {
  const clock = createVirtualClock();
  const lines: string[] = [];
  let requests = 0;
  const failing: Model = (talk) => {
    requests += 1;
    if (requests === 1) return Promise.resolve({ calls: [{ id: 'call_1', name: 'get_time', args: {} }] });
    if (requests === 2) return Promise.reject(new Error('overloaded'));
    return Promise.resolve({ text: talk.at(-1)?.startsWith('Something') ? 'It is noon.' : 'What?' });
  };
  const chat = new Chat(failing, (line) => lines.push(line), clock);
  await chat.offer([tool({ name: 'get_time', description: 'The time.', execute: () => 'noon' })]);
  await expect(clock.runUntil(chat.says('What time is it?'))).rejects.toThrow('overloaded');
  await clock.runUntilIdle();
  expect(lines).toEqual(['It is noon.']);
  expect(chat.engine.hasUntold).toBe(false);
});
