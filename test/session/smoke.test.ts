import { tool, ToolError } from 'meanwhile';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { byHand, drive, startTestSession } from '../support/session.ts';

const parameters = z.object({ to: z.string() });

test('a blocking tool is answered inline and the agent replies', async () => {
  const weather = tool({ name: 'weather', description: 'Weather.', parameters, execute: ({ to }) => `Sunny in ${to}` });
  const t = await startTestSession([{ calls: [{ name: 'weather', args: { to: 'Rome' } }] }, 'It is sunny in Rome.'], {
    tools: [weather],
  });
  const run = await drive(t.clock, t.session.run({ userInput: 'How is the weather in Rome?' }));
  expect(run.text).toBe('It is sunny in Rome.');
  expect([...t.session.history].map((item) => item.kind)).toEqual(['message', 'batch', 'message']);
  t.model.assertComplete();
});

test('a tool reports progress, goes to the background, and its result is told once', async () => {
  const found = byHand();
  const booked = byHand<string>();
  const book = tool({
    name: 'book',
    description: 'Books.',
    parameters,
    execute: async ({ to }, { ctx }) => {
      await ctx.update(`Searching for ${to}`);
      await found.promise;
      await ctx.update('Found 3 flights');
      return await booked.promise;
    },
  });
  const t = await startTestSession(
    [{ calls: [{ name: 'book', args: { to: 'Tokyo' } }] }, 'I am searching.', 'I found three.', 'Booked: ABC.'],
    { tools: [book] },
  );
  await drive(t.clock, t.session.run({ userInput: 'Book me Tokyo' }));
  expect(t.spoken).toEqual(['I am searching.']);
  found.resolve();
  await t.clock.advance(60);
  expect(t.spoken).toEqual(['I am searching.', 'I found three.']);
  booked.resolve('ABC');
  await t.clock.settle();
  await drive(t.clock, t.session.waitForIdle());
  expect(t.spoken).toEqual(['I am searching.', 'I found three.', 'Booked: ABC.']);
  expect(t.events.filter((event) => event.type === 'delivery_ended').map((event) => event.receipt)).toEqual([
    'completed',
    'completed',
  ]);
  await t.session.close();
  expect(t.clock.pending()).toEqual([]);
  t.model.assertComplete();
});

test('an error after an update is told', async () => {
  const fail = byHand();
  const book = tool({
    name: 'book',
    parameters,
    execute: async (_args, { ctx }) => {
      await ctx.update('Charging the card');
      await fail.promise;
    },
  });
  const t = await startTestSession(
    [{ calls: [{ name: 'book', args: { to: 'Tokyo' } }] }, 'One moment.', 'The card was declined.'],
    { tools: [book] },
  );
  await drive(t.clock, t.session.run({ userInput: 'Book' }));
  fail.reject(new ToolError('payment declined'));
  await drive(
    t.clock,
    t.session.waitForIdle().then(() => undefined),
  );
  await t.clock.advance(100);
  expect(t.spoken).toEqual(['One moment.', 'The card was declined.']);
});
