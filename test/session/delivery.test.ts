/** Deliveries in a conversation, spoken at 100 ms a word so that an interruption falls between two words. */
import { Agent, AgentSession, AsyncToolset, messageText, tool, type SessionEvent, type SpeechOutput } from 'meanwhile';
import { createVirtualClock, scriptedModel, type ScriptedStep } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createPlayback, type Playback, type PlaybackOptions } from '../support/playback.ts';
import { byHand, startTestSession, type TestOptions, type TestSession } from '../support/session.ts';

const none = z.object({});
const call = (...names: string[]) => ({ calls: names.map((name) => ({ name, args: {} })) });

interface Voice extends TestSession {
  readonly heard: Playback['heard'];
}

async function speak(
  steps: readonly ScriptedStep[],
  options: TestOptions & { agent?: Agent; voice?: PlaybackOptions } = {},
): Promise<Voice> {
  const { voice, ...rest } = options;
  const clock = createVirtualClock();
  const output = createPlayback(clock, voice);
  return { ...(await startTestSession(steps, { clock, output, ...rest })), heard: output.heard };
}

type Ctx = Parameters<Parameters<typeof tool>[0]['execute']>[1]['ctx'];
type Options = Partial<Omit<Parameters<typeof tool>[0], 'name' | 'parameters' | 'execute'>>;

/** A tool that updates once, silently for the user, and is from then on in the test's hands. */
function job(name: string, options: Options = {}) {
  const end = byHand<unknown>();
  const held: { ctx?: Ctx } = {};
  const made = tool({
    ...options,
    name,
    parameters: none,
    execute: async (_args, { ctx }) => {
      held.ctx = ctx;
      await ctx.update('Began.', { deliver: 'silent' });
      return await end.promise;
    },
  });
  const update = (message: unknown, how?: Parameters<Ctx['update']>[1]): void => {
    if (!held.ctx) throw new Error(`${name} has not been called.`);
    void held.ctx.update(message, how);
  };
  return { name, tool: made, end, update };
}

/** Says it and lets `ms` pass. */
async function say(t: Voice, text: string, ms = 0): Promise<void> {
  void t.session.sendMessage(text);
  await t.clock.advance(ms);
}

function receipts(t: TestSession): string[] {
  return t.events.flatMap((event) =>
    event.type === 'delivery_ended' && event.receipt !== 'silent' ? [`${event.id} ${event.receipt}`] : [],
  );
}

/** The end of the n-th prompt: its instructions, where it has some. */
function endOf(t: TestSession, n: number): string {
  return JSON.stringify(t.model.prompts.at(n)?.at(-1)?.content);
}

const atTail = 'Tell the user about it now';
const maybeCovered = 'you may have told the user already';

/** Calls the jobs, silently; then the floor is free. */
async function running(
  jobs: readonly ReturnType<typeof job>[],
  steps: readonly ScriptedStep[],
  options: Parameters<typeof speak>[1] = {},
): Promise<Voice> {
  const tools = jobs.map((each) => each.tool);
  const t = await speak([call(...jobs.map((each) => each.name)), ...steps], { tools, ...options });
  await say(t, 'Go', 1000);
  return t;
}

describe('receipts', () => {
  test('S3.4 cut in the middle, only the rest is told, with what was heard', async () => {
    const book = job('book');
    const t = await running([book], ['Your flight is booked under ABC.', 'Yes, go on.', 'It is booked under ABC.']);
    book.end.resolve('ABC');
    await t.clock.advance(50 + 250);
    await say(t, 'Wait', 2000);
    expect(t.heard).toEqual(['Your flight—', 'Yes, go on.', 'It is booked under ABC.']);
    expect(endOf(t, 3)).toContain('the user had heard: \\"Your flight\\"');
    expect(t.records.filter((record) => record.type === 'delivery_returned')).toMatchObject([
      { attempts: 1, heard: 'Your flight' },
    ]);
    expect(receipts(t)).toEqual(['call_1_final completed']);
    t.model.assertComplete();
  });

  test('S3.4 S3.5 cut before anything was heard it costs no attempt; told by the way, it is skipped', async () => {
    const book = job('book');
    const t = await running([book], ['Your flight is booked.', 'Your flight is booked, by the way.', '']);
    book.end.resolve('ABC');
    await t.clock.advance(50 + 90);
    await say(t, 'Wait', 2000);
    expect(t.heard).toEqual(['—', 'Your flight is booked, by the way.']);
    expect(t.records.filter((record) => record.type === 'delivery_returned')).toMatchObject([{ attempts: 0 }]);
    expect(endOf(t, 3)).toContain(maybeCovered);
    expect(receipts(t)).toEqual(['call_1_final skipped']);
    t.model.assertComplete();
  });

  test('S3.4 cut after its last word it is completed', async () => {
    const book = job('book');
    const t = await running([book], ['Your flight is booked.', 'You are welcome.'], { voice: { tailMs: 300 } });
    book.end.resolve('ABC');
    await t.clock.advance(50 + 450);
    await say(t, 'Thanks', 3000);
    expect(t.heard).toEqual(['Your flight is booked.—', 'You are welcome.']);
    expect(receipts(t)).toEqual(['call_1_final completed']);
    t.model.assertComplete();
  });

  test('S3.4 cut while the model was still thinking of its words it is not completed, though all there were had been heard', async () => {
    const book = job('book');
    const slow = { text: 'Your flight is booked.', wordDelayMs: 1000 };
    const t = await running([book], [slow, 'Yes?', 'It is booked.']);
    book.end.resolve('ABC');
    await t.clock.advance(50 + 1500);
    await say(t, 'Wait', 3000);
    expect(t.heard).toEqual(['Your flight—', 'Yes?', 'It is booked.']);
    expect(receipts(t)).toEqual(['call_1_final completed']);
    expect(endOf(t, 3)).toContain('Your flight');
    t.model.assertComplete();
  });

  test('S3.4 cut again and again it ends as interrupted, and stays in the context', async () => {
    const book = job('book');
    const words = 'Your flight is booked under ABC.';
    const t = await running([book], [words, 'Yes?', words, 'Yes?', words, 'Yes?', 'Well.'], { maxAttempts: 3 });
    book.end.resolve('ABC');
    await t.clock.advance(300);
    await say(t, 'Wait', 400);
    await say(t, 'Wait', 400);
    await say(t, 'Wait', 5000);
    expect(receipts(t)).toEqual(['call_1_final interrupted']);
    await say(t, 'Well?', 1000);
    expect(JSON.stringify(t.model.prompts.at(-1))).toContain('ABC');
    t.model.assertComplete();
  });

  test('S3.4 a model that fails is asked again, with a delay that doubles, and the record ends as failed', async () => {
    const book = job('book');
    const error = new Error('down');
    const t = await running([book], [{ error }, { error }, { error }]);
    book.end.resolve('ABC');
    const began = t.clock.now() + 50;
    await t.clock.advance(60_000);
    const taken = t.records.flatMap((record) => (record.type === 'delivery_taken' ? [record.at - began] : []));
    expect(taken).toEqual([0, 1000, 3000]);
    expect(receipts(t)).toEqual(['call_1_final failed']);
    expect(t.session.history.toArray().some((item) => item.kind === 'record' && item.id === 'call_1_final')).toBe(true);
    t.model.assertComplete();
  });

  test('S3.4 S3.5 a model that fails in the middle has told nothing: it is at tail still', async () => {
    const book = job('book');
    const t = await running([book], [{ text: 'Your flight is booked.', failAfter: 2 }, 'Your flight is booked.']);
    book.end.resolve('ABC');
    await t.clock.advance(5000);
    expect(endOf(t, 2)).toContain(atTail);
    expect(t.heard).toEqual(['Your flight', 'Your flight is booked.']);
    expect(receipts(t)).toEqual(['call_1_final completed']);
    t.model.assertComplete();
  });

  test.each(['', ' ', '\n'])('S3.5 an empty answer at tail (%j) is a failed attempt', async (text) => {
    const book = job('book');
    const t = await running([book], [text, 'Your flight is booked.']);
    book.end.resolve('ABC');
    await t.clock.advance(1049);
    expect(t.model.remaining).toBe(1);
    await t.clock.advance(1000);
    expect(receipts(t)).toEqual(['call_1_final completed']);
    t.model.assertComplete();
  });

  test('S3.4 an output that fails has told nothing, and is not asked without a pause', async () => {
    const book = job('book');
    const broken: SpeechOutput = {
      open: () => ({
        write: () => undefined,
        end: () => Promise.reject(new Error('no loudspeaker')),
        clear: () => undefined,
      }),
    };
    const words = 'Your flight is booked.';
    const t = await running([book], [words, words, words], { output: broken });
    book.end.resolve('ABC');
    await t.clock.advance(60_000);
    expect(receipts(t)).toEqual(['call_1_final failed']);
    t.model.assertComplete();
  });

  test('S3.4 a handoff that cuts its telling loses nothing: the next agent tells the rest', async () => {
    const book = job('book');
    const t = await running([book], ['Your flight is booked under ABC.', 'Booked under ABC.']);
    book.end.resolve('ABC');
    await t.clock.advance(50 + 250);
    await Promise.all([
      t.session.updateAgent(new Agent({ name: 'next', instructions: 'Go on.' }), { cut: true }),
      t.clock.advance(2000),
    ]);
    expect(t.heard).toEqual(['Your flight—', 'Booked under ABC.']);
    expect(receipts(t)).toEqual(['call_1_final completed']);
    t.model.assertComplete();
  });

  test('S3.4 S8.7 what is told while the session drains has its receipt; what is cut by the close is dropped', async () => {
    const told = async (close: { drain?: boolean }) => {
      const book = job('book');
      const t = await running([book], ['Your flight is booked.']);
      book.end.resolve('ABC');
      await t.clock.advance(250);
      await t.clock.runUntil(t.session.close(close));
      return receipts(t);
    };
    expect(await told({ drain: true })).toEqual(['call_1_final completed']);
    expect(await told({})).toEqual(['call_1_final dropped']);
  });

  test('S3.4 what is untold at a close is dropped, with a reason', async () => {
    const book = job('book');
    const t = await running([book], ['Your flight is booked.']);
    book.end.resolve('ABC');
    await t.clock.advance(150);
    await t.session.close();
    const ended = t.events
      .filter((event): event is SessionEvent<'delivery_ended'> => event.type === 'delivery_ended')
      .at(-1);
    expect(ended).toMatchObject({ id: 'call_1_final', receipt: 'dropped', reason: 'closed' });
    expect(t.clock.pending()).toEqual([]);
  });
});

describe('one reply', () => {
  test('S3.2 tools of two toolsets that end within the window are told in one reply', async () => {
    const [flight, hotel] = [job('flight'), job('hotel')];
    const toolsets = [flight, hotel].map((each, n) => new AsyncToolset({ id: `set_${String(n)}`, tools: [each.tool] }));
    const t = await speak([call('flight', 'hotel'), 'Both are booked.'], { tools: toolsets });
    await say(t, 'Go', 1000);
    flight.end.resolve('LH 1');
    await t.clock.advance(49);
    hotel.end.resolve('Ritz');
    await t.clock.advance(1000);
    expect(t.heard).toEqual(['Both are booked.']);
    expect(receipts(t)).toEqual(['call_1_final completed', 'call_2_final completed']);
    t.model.assertComplete();
  });

  test('S3.2 what comes while a reply is spoken is told behind it, all together', async () => {
    const jobs = [job('a'), job('b'), job('c')];
    const t = await running(jobs, ['The first one is done.', 'So are the others.']);
    jobs[0]?.end.resolve('A');
    await t.clock.advance(150);
    jobs[2]?.end.resolve('C');
    await t.clock.advance(200);
    jobs[1]?.end.resolve('B');
    await t.clock.advance(2000);
    const taken = t.records.flatMap((record) => (record.type === 'delivery_taken' ? [record.ids] : []));
    expect(taken).toEqual([['call_1_final'], ['call_3_final', 'call_2_final']]);
    expect(endOf(t, 2)).toContain(atTail);
    t.model.assertComplete();
  });

  test('S3.3 a record that is made while the reply begins is in the next', async () => {
    const [a, b] = [job('a'), job('b')];
    const t = await running([a, b], ['The first one is done.', 'The second is under way.']);
    const stop = t.session.on('speech_created', () => {
      stop();
      b.update('Under way.');
    });
    a.end.resolve('A');
    await t.clock.advance(2000);
    expect(t.heard).toEqual(['The first one is done.', 'The second is under way.']);
    expect(receipts(t)).toEqual(['call_1_final completed', 'call_2_update_1 completed']);
    t.model.assertComplete();
  });

  test('S3.3 between the taking of records and the request for their reply nothing else is recorded', async () => {
    const [a, b] = [job('a'), job('b')];
    const t = await running([a, b], ['Done.', 'Done.']);
    a.end.resolve('A');
    b.end.resolve('B');
    await t.clock.advance(1000);
    const types = t.records.map((record) => record.type);
    const from = types.indexOf('delivery_taken');
    expect(types.slice(from, from + 3)).toEqual(['delivery_taken', 'speech_opened', 'request_made']);
  });

  test('S3.8 nothing is said while the user speaks, and then all of it at once', async () => {
    const jobs = [job('a'), job('b'), job('c')];
    const t = await running(jobs, ['All three are done.'], { quietMs: 400 });
    t.session.userStartedSpeaking();
    for (const each of jobs) {
      await t.clock.advance(5000);
      each.end.resolve('Done');
    }
    await t.clock.advance(5000);
    expect(t.heard).toEqual([]);
    t.session.userStoppedSpeaking();
    await t.clock.advance(399);
    expect(t.model.remaining).toBe(1);
    await t.clock.advance(1000);
    expect(t.heard).toEqual(['All three are done.']);
    t.model.assertComplete();
  });

  test('S3.8 what came while the user was being answered is not told again on top of the answer', async () => {
    const book = job('book');
    const t = await running([book], ['Your flight is booked, and it is sunny.', '']);
    t.session.userStartedSpeaking();
    book.end.resolve('ABC');
    await t.clock.advance(100);
    t.session.userStoppedSpeaking();
    await say(t, 'How is the weather?', 3000);
    expect(t.heard).toEqual(['Your flight is booked, and it is sunny.']);
    expect(receipts(t)).toEqual(['call_1_final skipped']);
    t.model.assertComplete();
  });
});

describe('modes', () => {
  const long = 'This is a long sentence about something else entirely.';

  test('S3.1 interrupt cuts what the agent says, and what was heard of it stays', async () => {
    const alarm = job('alarm', { deliver: 'interrupt' });
    const t = await running([alarm], [long, 'Your house is on fire.']);
    await say(t, 'Tell me something', 100);
    alarm.update('Fire');
    await t.clock.advance(2000);
    expect(t.heard).toEqual(['This—', 'Your house is on fire.']);
    const cut = t.session.history.toArray().filter((item) => item.kind === 'message' && item.cut === true);
    expect(cut.map((item) => item.kind === 'message' && messageText(item))).toEqual(['This']);
    expect(endOf(t, 2)).toContain(atTail);
    t.model.assertComplete();
  });

  const own = [
    ['silent', 'when_idle', [long, 'Fire.']],
    ['when_idle', 'interrupt', ['This is a—', 'Fire.']],
    ['interrupt', 'when_idle', [long, 'Fire.']],
  ] as const;
  test.each(own)('S3.1 S2.1 of a tool that is told %s an update may be told %s', async (deliver, how, heard) => {
    const alarm = job('alarm', { deliver });
    const t = await running([alarm], [long, 'Fire.']);
    await say(t, 'Tell me something', 340);
    alarm.update('Fire', { deliver: how });
    await t.clock.advance(2000);
    expect(t.heard).toEqual(heard);
    t.model.assertComplete();
  });

  test('S3.1 S5.6 an answer that was cut unheard for it is told behind it', async () => {
    const alarm = job('alarm', { deliver: 'interrupt' });
    const weather = tool({ name: 'weather', parameters: none, execute: () => 'Sunny' });
    const t = await speak(
      [
        call('alarm'),
        { text: 'Well.', ...call('weather') },
        'It is sunny.',
        'Your house is on fire.',
        'And it is sunny.',
      ],
      {
        tools: [alarm.tool, weather],
      },
    );
    await say(t, 'Go', 1000);
    await say(t, 'Weather?', 110);
    alarm.update('Fire');
    await t.clock.advance(5000);
    expect(t.heard).toEqual(['Well.', '—', 'Your house is on fire.', 'And it is sunny.']);
    expect(receipts(t)).toEqual(['call_1_update_1 completed', 'call_2 completed']);
    expect(endOf(t, 4)).toContain(maybeCovered);
    t.model.assertComplete();
  });

  test('S3.1 interrupt does not cut a reply whose request held the record', async () => {
    const alarm = job('alarm', { deliver: 'interrupt' });
    const t = await running([alarm], [long, '']);
    t.session.userStartedSpeaking();
    alarm.update('Fire');
    await t.clock.advance(100);
    t.session.userStoppedSpeaking();
    await say(t, 'Tell me something', 3000);
    expect(t.heard).toEqual([long]);
    expect(receipts(t)).toEqual(['call_1_update_1 skipped']);
    t.model.assertComplete();
  });

  test('S3.1 S2.3 nor the step of a turn whose request held it, though the step before had not', async () => {
    const alarm = job('alarm', { deliver: 'interrupt' });
    const seen = byHand();
    const look = tool({
      name: 'look',
      parameters: none,
      execute: async () => {
        await seen.promise;
        alarm.update('Fire');
        return 'Nothing';
      },
    });
    const t = await speak([call('alarm'), { text: 'Let me see.', ...call('look') }, long, ''], {
      tools: [alarm.tool, look],
    });
    await say(t, 'Go', 1000);
    await say(t, 'Is anything wrong?', 1000);
    seen.resolve();
    await t.clock.advance(3000);
    expect(t.heard).toEqual(['Let me see.', long]);
    expect(receipts(t)).toEqual(['call_1_update_1 skipped']);
  });

  test('S3.1 interrupt does not cut words that disallow interruptions', async () => {
    const alarm = job('alarm', { deliver: 'interrupt' });
    const t = await running([alarm], ['Your house is on fire.']);
    t.session.say(long, { allowInterruptions: false });
    alarm.update('Fire');
    await t.clock.advance(3000);
    expect(t.heard).toEqual([long, 'Your house is on fire.']);
    t.model.assertComplete();
  });

  test('S3.1 interrupt waits for a lease to be given back', async () => {
    const alarm = job('alarm', { deliver: 'interrupt' });
    const inside = byHand();
    const form = tool({
      name: 'form',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.update('Began.', { deliver: 'silent' });
        await ctx.foreground(() => inside.promise);
        return undefined;
      },
    });
    const t = await speak([call('alarm', 'form'), 'Your house is on fire.'], { tools: [alarm.tool, form] });
    await say(t, 'Go', 1000);
    alarm.update('Fire');
    await t.clock.advance(10_000);
    expect(t.heard).toEqual([]);
    inside.resolve();
    await t.clock.advance(1000);
    expect(t.heard).toEqual(['Your house is on fire.']);
    t.model.assertComplete();
  });

  test('S3.1 after maxHoldMs it goes between two speeches, in front of what queues', async () => {
    const news = job('news', { maxHoldMs: 500 });
    const t = await running([news], ['There is news.']);
    t.session.say('One two three.');
    t.session.say('Four five six.');
    t.session.say('Seven eight nine.');
    news.update('News');
    await t.clock.advance(5000);
    expect(t.heard).toEqual(['One two three.', 'Four five six.', 'There is news.', 'Seven eight nine.']);
    t.model.assertComplete();
  });

  test('S3.1 after maxHoldMs it does not wait for a call that blocks, but still for the user', async () => {
    const news = job('news', { maxHoldMs: 2000 });
    const search = byHand<string>();
    const blocking = tool({ name: 'blocking', parameters: none, execute: () => search.promise });
    const t = await speak([call('news'), { text: 'Let me see.', ...call('blocking') }, 'There is news.', 'Found it.'], {
      tools: [news.tool, blocking],
    });
    await say(t, 'Go', 1000);
    await say(t, 'Search', 1000);
    news.update('News');
    await t.clock.advance(1999);
    expect(t.heard).toEqual(['Let me see.']);
    t.session.userStartedSpeaking();
    await t.clock.advance(2000);
    t.session.userStoppedSpeaking();
    await t.clock.advance(1000);
    expect(t.heard).toEqual(['Let me see.', 'There is news.']);
    search.resolve('It');
    await t.clock.advance(1000);
    expect(t.heard.at(-1)).toBe('Found it.');
    t.model.assertComplete();
  });

  test('S3.1 S2.3 a record may be told while the step of its own call is still open', async () => {
    const news = job('news', { maxHoldMs: 500 });
    const search = byHand<string>();
    const blocking = tool({ name: 'blocking', parameters: none, execute: () => search.promise });
    const t = await speak([call('news', 'blocking'), 'There is news.', 'Found it.'], { tools: [news.tool, blocking] });
    await say(t, 'Go', 1000);
    news.update('The sun is up');
    await t.clock.advance(2000);
    expect(t.heard).toEqual(['There is news.']);
    expect(JSON.stringify(t.model.prompts.at(-1))).toContain('The sun is up');
    search.resolve('It');
    await t.clock.advance(2000);
    expect(t.heard).toEqual(['There is news.', 'Found it.']);
    expect(receipts(t)).toEqual(['call_1_update_1 completed']);
    const ids = [...t.session.contextOf(t.session.currentAgent ?? new Agent({ instructions: '' }))].flatMap((item) =>
      item.kind === 'record' ? [item.id] : item.kind === 'batch' ? item.calls.map((each) => each.callId) : [],
    );
    expect(ids.toSorted()).toEqual(['call_1', 'call_1_update_1', 'call_2']);
    t.model.assertComplete();
  });

  test.each([{ deliver: 'interrupt' as const }, { maxHoldMs: 0 }])(
    'S3.1 S3.8 a pause of the user is not yet his end: %o waits for quietMs too',
    async (options) => {
      const alarm = job('alarm', options);
      const t = await running([alarm], ['Your house is on fire.'], { quietMs: 400 });
      t.session.userStartedSpeaking();
      alarm.update('Fire');
      await t.clock.advance(1000);
      t.session.userStoppedSpeaking();
      await t.clock.advance(300);
      t.session.userStartedSpeaking();
      await t.clock.advance(1000);
      expect(t.model.remaining).toBe(1);
      t.session.userStoppedSpeaking();
      await t.clock.advance(400);
      expect(t.model.remaining).toBe(0);
    },
  );

  test('S3.1 after expiresMs it is not told, and stays in the context', async () => {
    const news = job('news');
    const t = await running([news], ['I see.']);
    t.session.userStartedSpeaking();
    news.update('The sun is up', { expiresMs: 1000 });
    await t.clock.advance(1000);
    t.session.userStoppedSpeaking();
    await t.clock.advance(1000);
    expect(receipts(t)).toEqual(['call_1_update_1 expired']);
    await say(t, 'Well', 1000);
    expect(JSON.stringify(t.model.prompts.at(-1))).toContain('The sun is up');
    t.model.assertComplete();
  });

  test('S3.1 silent is in the context only, and as first update wants no reply', async () => {
    const news = job('news');
    const t = await running([news], ['I see.']);
    news.update('The sun is up', { deliver: 'silent' });
    await t.clock.advance(10_000);
    expect(t.heard).toEqual([]);
    const all = t.events.flatMap((event) => (event.type === 'delivery_ended' ? [`${event.id} ${event.receipt}`] : []));
    expect(all).toEqual(['call_1_update_1 silent']);
    await say(t, 'Well', 1000);
    expect(JSON.stringify(t.model.prompts.at(-1))).toContain('The sun is up');
    t.model.assertComplete();
  });

  test('S3.1 an update may have no limit where its tool has one', async () => {
    const news = job('news', { expiresMs: 1000 });
    const t = await running([news], ['There is news.']);
    t.session.userStartedSpeaking();
    news.update('News', { expiresMs: Infinity });
    await t.clock.advance(10_000);
    t.session.userStoppedSpeaking();
    await t.clock.advance(1000);
    expect(t.heard).toEqual(['There is news.']);
    t.model.assertComplete();
  });

  test('S3.1 an update with terms that are none is refused, and records nothing', async () => {
    const refused: unknown[] = [];
    const end = byHand();
    const news = tool({
      name: 'news',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.update('Began.', { deliver: 'silent' });
        for (const terms of [{ deliver: 'loud' as 'silent' }, { maxHoldMs: NaN }, { expiresMs: -1 }]) {
          await ctx.update('News', terms).catch((error: unknown) => refused.push(error));
        }
        await end.promise;
      },
    });
    const t = await speak([call('news')], { tools: [news] });
    await say(t, 'Go', 1000);
    expect(refused).toMatchObject(Array(3).fill({ code: 'invalid_option' }));
    expect(t.session.history.toArray().filter((item) => item.kind === 'record')).toEqual([]);
  });

  test('S3.1 S5.6 a first update whose turn was cut is told on its own terms', async () => {
    const go = byHand();
    const news = tool({
      name: 'news',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.update('The sun is up', { expiresMs: 1000 });
        await go.promise;
      },
    });
    const hang = byHand();
    const t = await speak(
      [call('news'), { text: 'The sun is up.', hang: hang.promise }, { text: 'Yes?', failAfter: 0 }],
      { tools: [news] },
    );
    await say(t, 'Go', 100);
    t.session.userStartedSpeaking();
    await say(t, 'Wait', 5000);
    t.session.userStoppedSpeaking();
    await t.clock.advance(5000);
    expect(receipts(t)).toEqual(['call_1 expired']);
    t.model.assertComplete();
  });
});

describe('covered', () => {
  test('S3.5 the request counts, not the speech: what came while it was spoken is at tail', async () => {
    const book = job('book');
    const t = await running([book], ['It is sunny everywhere today.', 'Your flight is booked.']);
    await say(t, 'Weather?', 250);
    book.end.resolve('ABC');
    await t.clock.advance(2000);
    expect(endOf(t, 2)).toContain(atTail);
    expect(receipts(t)).toEqual(['call_1_final completed']);
    t.model.assertComplete();
  });

  test('S3.5 words of the application cover nothing', async () => {
    const book = job('book');
    const t = await running([book], ['Your flight is booked.']);
    t.session.userStartedSpeaking();
    book.end.resolve('ABC');
    await t.clock.advance(100);
    t.session.say('Please hold the line.');
    t.session.userStoppedSpeaking();
    await t.clock.advance(2000);
    expect(t.heard).toEqual(['Please hold the line.', 'Your flight is booked.']);
    expect(endOf(t, 1)).toContain(atTail);
    t.model.assertComplete();
  });

  test('S3.5 fillers cover nothing', async () => {
    const book = job('book');
    const wait = byHand();
    const slow = tool({
      name: 'slow',
      parameters: none,
      execute: async (_args, { ctx }) => {
        await ctx.update('Began.', { deliver: 'silent' });
        await ctx.filler('Still at it.', { delayMs: 100 }, () => wait.promise);
        return undefined;
      },
    });
    const t = await speak([call('book'), call('slow'), 'Your flight is booked.'], {
      tools: [book.tool, slow],
      quietMs: 1000,
    });
    await say(t, 'Go', 500);
    t.session.userStartedSpeaking();
    book.end.resolve('ABC');
    await t.clock.advance(100);
    t.session.userStoppedSpeaking();
    await say(t, 'And slow', 5000);
    expect(t.heard).toEqual(['Still at it.', 'Your flight is booked.']);
    expect(endOf(t, 2)).toContain(atTail);
    t.model.assertComplete();
  });

  test('S3.5 a turn that only called tools covers nothing', async () => {
    const book = job('book');
    const note = tool({ name: 'note', parameters: none, execute: () => undefined });
    const t = await speak([call('book'), call('note'), 'Your flight is booked.'], { tools: [book.tool, note] });
    await say(t, 'Go', 1000);
    t.session.userStartedSpeaking();
    book.end.resolve('ABC');
    await t.clock.advance(100);
    t.session.userStoppedSpeaking();
    await say(t, 'Note this', 2000);
    expect(t.heard).toEqual(['Your flight is booked.']);
    expect(endOf(t, 2)).toContain(atTail);
    t.model.assertComplete();
  });

  test('S3.5 a turn that failed covers nothing, though something of it was heard', async () => {
    const book = job('book');
    const t = await running([book], [{ text: 'Well, about the weather.', failAfter: 2 }, 'Your flight is booked.']);
    t.session.userStartedSpeaking();
    book.end.resolve('ABC');
    await t.clock.advance(100);
    t.session.userStoppedSpeaking();
    await say(t, 'Weather?', 2000);
    expect(t.heard).toEqual(['Well, about', 'Your flight is booked.']);
    expect(endOf(t, 2)).toContain(atTail);
    t.model.assertComplete();
  });

  test('S3.5 a reply over both names the new ones', async () => {
    const [a, b] = [job('a'), job('b')];
    const t = await running([a, b], ['The first one is done, it seems.', 'The second one too.']);
    t.session.userStartedSpeaking();
    a.end.resolve('A');
    await t.clock.advance(100);
    t.session.userStoppedSpeaking();
    await say(t, 'Well?', 100);
    b.end.resolve('B');
    await t.clock.advance(3000);
    expect(endOf(t, 2)).toContain('Not told yet: call_2_final.');
    expect(receipts(t)).toEqual(['call_1_final completed', 'call_2_final completed']);
    t.model.assertComplete();
  });
});

describe('superseded', () => {
  test('S3.6 of what was recorded while the user spoke only the last is told', async () => {
    const book = job('book');
    const t = await running([book], ['Your flight is booked.']);
    t.session.userStartedSpeaking();
    for (const message of ['One', 'Two']) {
      book.update(message);
      await t.clock.advance(1000);
    }
    book.end.resolve('ABC');
    await t.clock.advance(1000);
    t.session.userStoppedSpeaking();
    await t.clock.advance(1000);
    expect(receipts(t)).toEqual(['call_1_update_1 superseded', 'call_1_update_2 superseded', 'call_1_final completed']);
    t.model.assertComplete();
  });

  test('S3.6 with a supersedeKey of the arguments only the latest search for a place is told', async () => {
    const ends = new Map<string, PromiseWithResolvers<string>>();
    const search = tool({
      name: 'search',
      parameters: z.object({ place: z.string(), max: z.number() }),
      supersedeKey: ({ place }) => place,
      execute: async ({ place, max }, { ctx }) => {
        await ctx.update('Began.', { deliver: 'silent' });
        const end = byHand<string>();
        ends.set(`${place} ${String(max)}`, end);
        return await end.promise;
      },
    });
    const searches = [
      ['Rome', 1],
      ['Rome', 2],
      ['Oslo', 1],
    ].map(([place, max]) => ({ name: 'search', args: { place, max } }));
    const t = await speak([{ calls: searches }, 'Here they are.'], { tools: [search] });
    await say(t, 'Go', 1000);
    for (const end of ends.values()) end.resolve('Done');
    await t.clock.advance(1000);
    expect(receipts(t)).toEqual(['call_1_final superseded', 'call_2_final completed', 'call_3_final completed']);
    t.model.assertComplete();
  });

  test('S3.6 a cancelled task is not told of, and nothing that it had recorded', async () => {
    const book = job('book');
    const t = await running([book], []);
    t.session.userStartedSpeaking();
    book.update('Half way');
    await t.clock.advance(100);
    void t.session.tasks.cancel('call_1');
    t.session.userStoppedSpeaking();
    await t.clock.advance(5000);
    expect(receipts(t)).toEqual(['call_1_update_1 dropped']);
    expect(t.heard).toEqual([]);
  });
});

describe('the request', () => {
  test('S3.7 progress may call no tools, a final may, and a repeat of a reply that called one may not', async () => {
    const book = job('book');
    const look = tool({ name: 'look', parameters: none, execute: () => 'Nothing there.' });
    const t = await speak(
      [
        call('book'),
        'I am half way.',
        { text: 'It is booked. Let me see.', ...call('look') },
        'There is nothing to be seen.',
        'Yes?',
        'That was all.',
      ],
      { tools: [book.tool, look] },
    );
    await say(t, 'Go', 1000);
    book.update('Half way');
    await t.clock.advance(1000);
    book.end.resolve('ABC');
    await t.clock.advance(50 + 600 + 150);
    await say(t, 'Wait', 3000);
    expect(t.model.calls.map((request) => request.toolChoice?.type)).toEqual([
      'auto',
      'none',
      'auto',
      'auto',
      'auto',
      'none',
    ]);
    expect(t.heard.slice(2)).toEqual(['There—', 'Yes?', 'That was all.']);
    expect(receipts(t)).toEqual(['call_1_update_1 completed', 'call_1_final completed']);
    t.model.assertComplete();
  });

  test('S3.7 nor may a repeat of one that called a tool and then failed', async () => {
    const look = tool({ name: 'look', parameters: none, execute: () => 'Nothing' });
    const book = job('book');
    const failing = [call('look'), { error: new Error('no') }];
    const t = await speak([call('book'), ...failing, 'There is nothing to be seen.', 'It is booked.'], {
      tools: [book.tool, look],
    });
    await say(t, 'Go', 1000);
    book.end.resolve('ABC');
    await t.clock.advance(5000);
    expect(receipts(t)).toEqual(['call_2 completed', 'call_1_final completed']);
    const choices = t.model.calls.map((request) => request.toolChoice?.type);
    expect(choices).toEqual(['auto', 'auto', 'auto', 'auto', 'none']);
  });

  test('S3.7 one that carries only a question may call no tools', async () => {
    const go = byHand();
    const book = tool({
      name: 'book',
      parameters: none,
      asks: true,
      execute: async (_args, { ctx }) => {
        await ctx.update('Began.', { deliver: 'silent' });
        await go.promise;
        await ctx.ask({ message: 'Window or aisle?' });
      },
    });
    const t = await speak([call('book'), 'Window or aisle?'], { tools: [book] });
    await say(t, 'Go', 1000);
    go.resolve();
    await t.clock.advance(1000);
    expect(t.heard).toEqual(['Window or aisle?']);
    expect(t.model.calls.at(-1)?.toolChoice?.type).toBe('none');
  });

  test('S3.7 deliveryToolChoice overrides', async () => {
    const [book, news] = [job('book', { deliveryToolChoice: 'none' }), job('news', { deliveryToolChoice: 'auto' })];
    const t = await running([book, news], ['Half way.', 'Booked.']);
    news.update('Half way');
    await t.clock.advance(1000);
    book.end.resolve('ABC');
    await t.clock.advance(1000);
    expect(t.model.calls.map((request) => request.toolChoice?.type)).toEqual(['auto', 'auto', 'none']);
    t.model.assertComplete();
  });

  test('S3.7 an agent that calls no tools calls none when it tells a final', async () => {
    const book = job('book');
    const t = await running([book], ['Booked.']);
    await t.session.updateAgent(new Agent({ instructions: 'Only talk.', toolChoice: 'none' }));
    book.end.resolve('ABC');
    await t.clock.advance(1000);
    expect(t.model.calls.map((request) => request.toolChoice?.type)).toEqual(['auto', 'none']);
    t.model.assertComplete();
  });

  test('S3.7 a call in a reply that may not call is not run', async () => {
    const book = job('book');
    const t = await running([book], [{ text: 'Half way.', ...call('book') }]);
    book.update('Half way');
    await t.clock.advance(1000);
    expect(t.events.filter((event) => event.type === 'task_started')).toHaveLength(1);
    expect(t.events.filter((event) => event.type === 'call_answered')).toMatchObject([{ reason: 'refused' }]);
    expect(receipts(t)).toEqual(['call_1_update_1 completed']);
    t.model.assertComplete();
  });

  test('S3.7 its instructions stand at the end and are not kept; the system prompt stays byte-identical', async () => {
    const book = job('book');
    const t = await running([book], ['Half way.', 'Booked.', 'Hello.']);
    book.update('Half way');
    await t.clock.advance(1000);
    book.end.resolve('ABC');
    await t.clock.advance(1000);
    await say(t, 'Hi', 1000);
    expect([endOf(t, 1), endOf(t, 2)].every((end) => end.includes(atTail))).toBe(true);
    const kept = t.model.prompts.map((prompt) => JSON.stringify(prompt.slice(0, -1)));
    expect(kept.some((prompt) => prompt.includes(atTail))).toBe(false);
    expect(JSON.stringify(t.model.prompts.at(-1))).not.toContain(atTail);
    expect(new Set(t.model.prompts.map((prompt) => JSON.stringify(prompt[0]))).size).toBe(1);
    expect(JSON.stringify([...t.session.history])).not.toContain(atTail);
    t.model.assertComplete();
  });
});

describe('many', () => {
  test('S3.2 a thousand that end at once are told in one reply', async () => {
    const ends: PromiseWithResolvers<string>[] = [];
    const many = tool({
      name: 'many',
      parameters: z.object({ n: z.number() }),
      execute: async (_args, { ctx }) => {
        await ctx.update('Began.', { deliver: 'silent' });
        const end = byHand<string>();
        ends.push(end);
        return await end.promise;
      },
    });
    const clock = createVirtualClock();
    const calls = Array.from({ length: 1000 }, (_, n) => ({ name: 'many', args: { n } }));
    const model = scriptedModel([{ calls }, 'They are all done.'], { clock });
    const output = createPlayback(clock);
    // Without the comparison of fold and state after each record, which is what would take its time here.
    const session = new AgentSession({ llm: model, tools: [many], clock, output, userAwayMs: Infinity });
    await session.start({ agent: new Agent({ instructions: 'You are an agent.' }) });
    void session.sendMessage('Go');
    await clock.advance(1000);
    const { deliveries } = session.state.tasks;
    let steps = 0;
    const values = deliveries.values.bind(deliveries);
    deliveries.values = () => {
      steps += deliveries.size;
      return values();
    };
    for (const end of ends) end.resolve('Done');
    await clock.advance(1000);
    expect(output.heard).toEqual(['They are all done.']);
    expect(deliveries.size).toBe(0);
    expect(steps).toBeLessThan(20_000);
    model.assertComplete();
    await session.close();
    expect(clock.pending()).toEqual([]);
  });
});
