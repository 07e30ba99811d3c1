import { Agent, AsyncToolset, tool } from 'meanwhile';
import { mockTools } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { drive, startTestSession, type TestSession } from '../support/session.ts';

const real = tool({
  name: 'book',
  description: 'Books.',
  parameters: z.object({ to: z.string() }),
  execute: () => 'REAL',
});

class Booking extends Agent {
  constructor() {
    super({ instructions: 'You book.', tools: [real] });
  }
}
class Special extends Booking {}

const call = (args: object = { to: 'Rome' }) => ({ calls: [{ name: 'book', args }] });

async function outputOf(t: TestSession): Promise<string | undefined> {
  await drive(t.clock, t.session.run({ userInput: 'Book' }));
  const batch = [...t.session.history].findLast((item) => item.kind === 'batch');
  return batch?.calls[0]?.output.text;
}

describe('mockTools', () => {
  test('S10.1 a class matches its subclasses, and the real schema still validates', async () => {
    await mockTools(Booking, { book: ({ to }: { to: string }) => `MOCK ${to}` }, async () => {
      const t = await startTestSession([call(), 'Done.', call({ where: 1 }), 'Sorry.'], { agent: new Special() });
      expect(await outputOf(t)).toBe('MOCK Rome');
      expect(t.model.calls[0]?.tools?.[0]).toMatchObject({ name: 'book', description: 'Books.' });
      expect(await outputOf(t)).toMatch(/do not fit/);
    });
    const after = await startTestSession([call(), 'Done.'], { agent: new Special() });
    expect(await outputOf(after)).toBe('REAL');
  });

  test('S10.1 nothing outside of the scope sees a mock, not even at the same time', async () => {
    const gate = Promise.withResolvers<void>();
    const outside = startTestSession([call(), 'Done.'], { agent: new Booking() }).then(async (t) => {
      await gate.promise;
      return await outputOf(t);
    });
    await mockTools(Booking, { book: () => 'MOCK' }, async () => {
      gate.resolve();
      expect(await outside).toBe('REAL');
    });
  });

  test('S10.1 nested scopes merge by name and the inner wins', async () => {
    const other = tool({ name: 'other', execute: () => 'REAL' });
    const agent = new Agent({ instructions: 'x', tools: [real, other] });
    const both = {
      calls: [
        { name: 'book', args: { to: 'Rome' } },
        { name: 'other', args: {} },
      ],
    };
    await mockTools(agent, { book: () => 'OUTER', other: () => 'OUTER' }, async () => {
      await mockTools(agent, { book: () => 'INNER' }, async () => {
        const t = await startTestSession([both, 'Done.'], { agent });
        await drive(t.clock, t.session.run({ userInput: 'Go' }));
        const batch = [...t.session.history].find((item) => item.kind === 'batch');
        expect(batch?.calls.map((each) => each.output.text)).toEqual(['INNER', 'OUTER']);
      });
    });
  });

  test('S10.1 of a session, until disposed of', async () => {
    const t = await startTestSession([call(), 'Done.', call(), 'Done.'], {
      tools: [new AsyncToolset({ id: 'set', tools: [real] })],
    });
    {
      using _mocks = mockTools(t.session, { book: () => 'MOCK' });
      expect(await outputOf(t)).toBe('MOCK');
    }
    expect(await outputOf(t)).toBe('REAL');
  });

  test('S10.1 a mock gets the full background life', async () => {
    const t = await startTestSession([call(), 'Searching.', 'Booked.'], { tools: [real] });
    using _mocks = mockTools(t.session, {
      book: async (_args, { ctx }) => {
        await ctx.update('searching');
        return 'ABC';
      },
    });
    await drive(t.clock, t.session.run({ userInput: 'Book' }));
    expect(t.spoken).toEqual(['Searching.', 'Booked.']);
  });

  test('S10.1 a name that is no tool is an error', async () => {
    const t = await startTestSession([], { tools: [real] });
    expect(() => mockTools(t.session, { bok: () => 1 })).toThrow(/"bok" is no tool of the session. Its tools: book/);
    expect(() => mockTools(new Booking(), { bok: () => 1 })).toThrow(/is no tool of Booking/);
    await expect(
      mockTools(Booking, { bok: () => 1 }, () => startTestSession([], { agent: new Booking() })),
    ).rejects.toThrow(/is no tool of Booking/);
    expect(() => mockTools(Booking as never, {})).toThrow(/third argument/);
  });
});
