/** Outputs that throw, reject, never end, or report what was never written: the conversation goes on (S1.8, S2.3, S3.4). */
import { Agent, tool, type Heard, type SpeechOutput, type SpeechSink } from 'meanwhile';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { byHand, drive, startTestSession } from '../support/session.ts';
import { historyOf } from '../support/history.ts';

/** Text that counts as heard when it was written, except where the test says otherwise. */
function outputWith(
  odd: (text: () => string, n: number) => Partial<SpeechSink>,
): SpeechOutput & { readonly lines: string[] } {
  const lines: string[] = [];
  let n = 0;
  return {
    lines,
    open: () => {
      let text = '';
      let over = false;
      const plain: SpeechSink = {
        write: (delta) => void (over || (text += delta)),
        end: () => (lines.push(text), { text }),
        clear: () => void (over = true),
      };
      return { ...plain, ...odd(() => text, (n += 1)) };
    },
  };
}

const throws = (what: string) => () => {
  throw new Error(what);
};
const never = new Promise<never>(() => undefined);

/** A tool in the background whose result is told when `end` is called. */
function background() {
  const done = byHand<string>();
  const job = tool({
    name: 'job',
    parameters: z.object({}),
    execute: async (_args, { ctx }) => {
      await ctx.update('Began');
      return await done.promise;
    },
  });
  return { job, done };
}

test.each<[string, Partial<SpeechSink>]>([
  ['clear throws', { clear: throws('clear') }],
  ['end throws', { end: throws('end') }],
  ['end rejects', { end: () => Promise.reject(new Error('end')) }],
  ['end gives nothing', { end: () => undefined as unknown as Heard }],
  ['end gives a number as text', { end: () => ({ text: 5 }) as unknown as Heard }],
  ['write throws', { write: throws('write') }],
  ['write rejects', { write: () => Promise.reject(new Error('write')) }],
])('S1.8 an output whose %s leaves a working session, also when it is cut', async (_name, odd) => {
  const hang = byHand();
  const output = outputWith((_text, n) => (n === 1 ? odd : {}));
  const t = await startTestSession([{ text: 'One two', hang: hang.promise, hangAfter: 1 }, 'Yes.'], { output });
  void t.session.sendMessage('Hello');
  await t.clock.settle();
  const answer = t.session.sendMessage('Stop');
  await drive(t.clock, answer);
  await drive(t.clock, t.session.waitForIdle());
  expect(output.lines.at(-1)).toBe('Yes.');
  await drive(t.clock, t.session.close());
  expect(t.clock.pending()).toEqual([]);
});

test.each<[string, Partial<SpeechSink>]>([
  ['clear throws', { clear: throws('clear') }],
  ['end throws', { end: throws('end') }],
  ['end gives nothing', { end: () => undefined as unknown as Heard }],
  ['end gives a number as text', { end: () => ({ text: 5 }) as unknown as Heard }],
  ['write throws', { write: throws('write') }],
  ['write rejects', { write: () => Promise.reject(new Error('write')) }],
])('S1.8 words of say on an output whose %s do not hold what comes after', async (_name, odd) => {
  const output = outputWith((_text, n) => (n === 1 ? odd : {}));
  const t = await startTestSession([], { output });
  const first = t.session.say('One');
  first.interrupt();
  const second = t.session.say('Two');
  await drive(t.clock, second.done);
  expect(output.lines).toContain('Two');
  expect(first.result).toBeDefined();
  await drive(t.clock, t.session.waitForIdle());
});

test('S1.8 an output that cannot be opened fails the speech, not the session', async () => {
  let broken = true;
  const good = outputWith(() => ({}));
  const output: SpeechOutput = {
    open: (speech) => {
      if (broken) throw new Error('no device');
      return good.open(speech);
    },
  };
  const t = await startTestSession(['One', 'Two'], { output });
  await drive(t.clock, t.session.run({ userInput: 'Hello' }));
  const said = t.session.say('Words');
  expect((await drive(t.clock, said.done)).type).toBe('failed');
  broken = false;
  await drive(t.clock, t.session.run({ userInput: 'Again' }));
  expect(good.lines).toEqual(['Two']);
});

test('S5.6 a write that never settles is given up when the user cuts the speech', async () => {
  const output = outputWith((_text, n) => (n === 1 ? { write: () => never } : {}));
  const t = await startTestSession(['One two three', 'Yes.'], { output });
  void t.session.sendMessage('Hello');
  await t.clock.settle();
  await drive(t.clock, t.session.run({ userInput: 'Stop' }));
  expect(output.lines.at(-1)).toBe('Yes.');
});

test('S5.6 so is one of say', async () => {
  const output = outputWith((_text, n) => (n === 1 ? { write: () => never } : {}));
  const t = await startTestSession(['Yes.'], { output });
  t.session.say('One two three');
  await t.clock.settle();
  await drive(t.clock, t.session.run({ userInput: 'Stop' }));
  expect(output.lines.at(-1)).toBe('Yes.');
});

test('S5.6 an output that never says what was heard holds a cut speech no longer than stopTimeoutMs', async () => {
  const output = outputWith((_text, n) => (n === 1 ? { end: () => never } : {}));
  const t = await startTestSession(['One two three', 'Yes.'], { output });
  void t.session.sendMessage('Hello');
  await t.clock.settle();
  const before = t.clock.now();
  await drive(t.clock, t.session.run({ userInput: 'Stop' }));
  expect(output.lines.at(-1)).toBe('Yes.');
  expect(t.clock.now() - before).toBeLessThanOrEqual(2000);
  await drive(t.clock, t.session.close());
  expect(t.clock.pending()).toEqual([]);
});

test('S8.7 an output that never ends holds a close no longer than closeTimeoutMs, and onExit runs', async () => {
  let exited = false;
  const output = outputWith(() => ({ end: () => never }));
  const agent = new Agent({ instructions: 'Talk.', onExit: () => void (exited = true) });
  const t = await startTestSession(['One two three'], { output, agent });
  void t.session.sendMessage('Hello');
  await t.clock.settle();
  const before = t.clock.now();
  await drive(t.clock, t.session.close());
  expect(t.clock.now() - before).toBeLessThanOrEqual(5000);
  expect(exited).toBe(true);
  expect(t.clock.pending()).toEqual([]);
});

test.each([
  ['in its own words', 'five flights, well', 'Five flights, well'],
  ['with more than was written', 'There are 5 flights. And a jingle.', 'There are 5 flights.'],
])('S3.4 an output that reports %s has told it: nothing is told in full twice', async (_name, heard, _said) => {
  const { job, done } = background();
  const output = outputWith(() => ({ end: () => ({ text: heard }) }));
  const t = await startTestSession([{ calls: [{ name: 'job' }] }, 'It began.', 'There are 5 flights.'], {
    output,
    tools: [job],
  });
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  done.resolve('5 flights');
  await t.clock.settle();
  await drive(t.clock, t.session.waitForIdle());
  const receipts = t.events.flatMap((event) =>
    event.type === 'delivery_ended' ? [`${event.id} ${event.receipt}`] : [],
  );
  expect(receipts).toEqual(['call_1_final completed']);
  t.model.assertComplete();
});

test('S2.3 an output that reports less than was written without having been cut was cut', async () => {
  const output = outputWith(() => ({ end: () => ({ text: 'One two' }) }));
  const t = await startTestSession(['One two three'], { output });
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  expect(historyOf(t.session)).toEqual(['user: Go', 'assistant: One two—']);
});

test('S3.4 an output that loses every word fails the delivery maxAttempts times, then it is over', async () => {
  const { job, done } = background();
  let deaf = false;
  const output = outputWith((text) => ({ end: () => ({ text: deaf ? '' : text() }) }));
  const t = await startTestSession([{ calls: [{ name: 'job' }] }, 'It began.', 'Found.', 'Found.', 'Found.'], {
    output,
    tools: [job],
  });
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  deaf = true;
  done.resolve('5 flights');
  await t.clock.settle();
  await drive(t.clock, t.session.waitForIdle());
  const receipts = t.events.flatMap((event) =>
    event.type === 'delivery_ended' ? [`${event.id} ${event.receipt}`] : [],
  );
  expect(receipts).toEqual(['call_1_final failed']);
  t.model.assertComplete();
});

test('S7.2 a writer that writes back into the session harms nobody', async () => {
  const said: string[] = [];
  let once = false;
  const output: SpeechOutput = {
    open: () => {
      let text = '';
      return {
        write: (delta) => {
          text += delta;
          if (once) return;
          once = true;
          t.session.say('And this');
          void t.session.interrupt();
        },
        end: () => (said.push(text), { text }),
        clear: () => undefined,
      };
    },
  };
  const t = await startTestSession(['One two'], { output });
  await drive(t.clock, t.session.run({ userInput: 'Go' }));
  expect(said.length).toBeGreaterThan(0);
  expect(t.session.floor).toBe('nobody');
});
