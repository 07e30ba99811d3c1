/** Whatever a user, a line and a page do in whatever order: what is in the history was heard, and the call comes to rest. */
import * as fc from 'fast-check';
import { Agent, AgentSession, tool, type SpeechOutput } from 'meanwhile';
import { createVirtualClock, scriptedModel, type VirtualClock } from 'meanwhile/testing';
import { createVoice, type VoiceConnection } from 'meanwhile/voice';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { historyOf } from '../support/history.ts';
import { createLoudspeaker, createMicrophone, createTone, loudness, type Loudspeaker } from '../support/sound.ts';

const names = ['wait', 'speak', 'cough', 'write', 'interrupt', 'drop', 'return', 'off', 'on', 'fail', 'work'] as const;
const plans = fc.record({
  steps: fc.array(fc.record({ name: fc.constantFrom('wait', ...names), ms: fc.integer({ min: 50, max: 1_500 }) }), {
    maxLength: 16,
  }),
  clearMs: fc.constantFrom(0, 40, 250),
  recognitionMs: fc.constantFrom(0, 50, 900),
  closesAtOnce: fc.boolean(),
});
type Plan = typeof plans extends fc.Arbitrary<infer T> ? T : never;

const msPerLetter = 50;
/** The longest word and its space. */
const wordMs = 7 * msPerLetter;
const said = 'One two three four. Five six seven eight nine. Ten is more than all.';

/** A loudspeaker that plays on for `clearMs` when it is told to stop, and says truly what it played. */
function slowly(speaker: Loudspeaker, clearMs: number, clock: VirtualClock): Loudspeaker {
  if (clearMs === 0) return speaker;
  return new Proxy(speaker, {
    get: (target, name) =>
      name === 'clear'
        ? async () => {
            await new Promise<void>((resolve) => clock.setTimeout(resolve, clearMs));
            return target.clear();
          }
        : (Reflect.get(target, name) as unknown),
  });
}

/** One stretch at a time: the next is opened when it is known what was heard of the one before. */
function oneAtATime(output: SpeechOutput): { output: SpeechOutput; faults: string[]; count: () => number } {
  const faults: string[] = [];
  let [open, count] = [false, 0];
  const wrapped: SpeechOutput = {
    ...output,
    open(speech) {
      if (open) faults.push('two stretches at once');
      open = true;
      count += 1;
      const sink = output.open(speech);
      return {
        write: (text) => sink.write(text),
        clear: () => sink.clear(),
        end: () =>
          Promise.resolve(sink.end()).finally(() => {
            open = false;
          }),
      };
    },
  };
  return { output: wrapped, faults, count: () => count };
}

async function run({ steps, clearMs, recognitionMs, closesAtOnce }: Plan): Promise<void> {
  const clock = createVirtualClock();
  const microphone = createMicrophone(clock, { recognitionMs });
  const tts = createTone(clock, { msPerLetter });
  const voice = createVoice({ stt: microphone.stt, tts, vad: loudness, clock });
  const { output, faults, count } = oneAtATime(voice.output);
  const work = tool({
    name: 'work',
    description: 'Works.',
    parameters: z.object({}),
    execute: async (_args, { ctx }) => {
      await ctx.update('Working');
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 2_000));
      return 'done';
    },
  });
  const answers = Array.from({ length: 60 }, (_none, index) =>
    index % 5 === 3 ? { calls: [{ name: 'work', args: {} }] } : { text: said },
  );
  const ignore = (): void => undefined;
  const session = new AgentSession({
    llm: scriptedModel(answers, { clock }),
    output,
    clock,
    userAwayMs: Infinity,
    tools: [work],
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  });
  await session.start({ agent: new Agent({ instructions: 'You count.' }) });
  const loudspeakers: Loudspeaker[] = [];
  let line: VoiceConnection | undefined;
  const connect = (): void => {
    const loudspeaker = createLoudspeaker(clock);
    loudspeakers.push(loudspeaker);
    line = voice.connect(session, { input: microphone, output: slowly(loudspeaker, clearMs, clock) });
  };
  const play: Record<Plan['steps'][number]['name'], (ms: number) => unknown> = {
    wait: (ms) => clock.advance(ms),
    speak: (ms) => microphone.speak('Count again.', ms),
    cough: (ms) => microphone.speak('', ms / 2),
    write: () => session.sendMessage('Count.').catch(ignore),
    work: () => session.sendMessage('Work.').catch(ignore),
    interrupt: () => session.interrupt().catch(ignore),
    drop: () => line?.close(),
    return: connect,
    off: () => (voice.speaks = false),
    on: () => (voice.speaks = true),
    fail: () => (tts.failOn = tts.failOn === undefined ? 'Ten' : undefined),
  };
  connect();
  for (const { name, ms } of steps) {
    const done = play[name](ms);
    if (name === 'wait') await done;
  }
  if (!closesAtOnce) {
    connect();
    await clock.advance(40_000);
    expect([session.agentState, session.userState]).toEqual(['listening', 'listening']);
    await clock.runUntil(session.waitForIdle());
  }
  microphone.end();
  line?.close();
  await clock.runUntil(session.close());
  await clock.advance(20_000);
  expect(clock.pending()).toEqual([]);
  expect(faults).toEqual([]);

  const heard = historyOf(session).flatMap((each) =>
    each.startsWith('assistant: ') ? [each.slice('assistant: '.length).replace(/—$/, '')] : [],
  );
  for (const text of heard) expect(said.startsWith(text)).toBe(true);
  if (steps.some(({ name }) => name === 'off')) return;
  const heardMs = heard.reduce((sum, { length }) => sum + length * msPerLetter, 0);
  const playedMs = loudspeakers.reduce((sum, loudspeaker) => sum + loudspeaker.playedMs, 0);
  // What was played and is not in the history are the words that were not finished.
  expect(heardMs - playedMs).toBeLessThan(20 * (1 + count()));
  // A loudspeaker that is put away is not waited for: it plays on until it has stopped.
  const changes = 1 + steps.filter(({ name }) => name === 'return' || name === 'drop').length;
  expect(playedMs - heardMs).toBeLessThanOrEqual(count() * wordMs + changes * (clearMs + 50));
}

test('S2.3 S3.8 what is in the history was heard, one stretch at a time, and a call comes to rest', async () => {
  await fc.assert(fc.asyncProperty(plans, run), { numRuns: 40, seed: 4 });
});
