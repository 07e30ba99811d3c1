/** Words of the application's own: `say` and fillers. They cover no record (S3.5). */
import { describeError, OutputError } from '../errors.ts';
import type { Message } from '../chat/items.ts';
import type { Activity } from './activity.ts';
import type { Core } from './core.ts';
import type { SpeechHandle, SpeechResult } from './speech-handle.ts';
import { Utterance } from './utterance.ts';

export interface SayPlan {
  readonly text: string | AsyncIterable<string>;
  readonly addToChatCtx: boolean;
}

/** Never rejects. */
export async function runSay(core: Core, activity: Activity, speech: SpeechHandle, plan: SayPlan): Promise<void> {
  const granted = core.mouth.acquire(speech);
  if (granted !== true && !(await granted))
    return end(core, activity, speech, { type: 'interrupted', heard: '', toolsCalled: false });
  speech.phase = 'speaking';
  core.floor.changed();
  const utterance = new Utterance(core, speech, activity.agent.name);
  const stop = speech.onInterrupt(() => utterance.cut());
  const written = await write(plan.text, utterance, speech);
  const spoken = await utterance.finish(written.type === 'whole');
  stop();
  if (spoken.heard.trim() !== '' && plan.addToChatCtx && !core.stage.isClosed) {
    const message: Message = {
      kind: 'message',
      id: core.newId('item'),
      role: 'assistant',
      parts: [{ type: 'text', text: spoken.cut ? spoken.heard : spoken.text }],
      at: core.clock.now(),
      ...(spoken.cut ? { cut: true } : {}),
      speechId: speech.id,
    };
    core.log.commit({ type: 'message_added', activityId: activity.id, message });
  }
  const failure = written.type === 'failed' ? written : undefined;
  if (failure) {
    core.logger.error(`say failed: ${describeError(failure.error)}`);
    core.events.emit('error', {
      source: failure.error instanceof OutputError ? 'output' : 'hook',
      error: failure.error,
    });
  }
  end(core, activity, speech, resultOf(spoken, speech, failure));
}

type Written = { readonly type: 'whole' | 'interrupted' } | { readonly type: 'failed'; readonly error: unknown };

async function write(text: SayPlan['text'], utterance: Utterance, speech: SpeechHandle): Promise<Written> {
  try {
    if (typeof text !== 'string') return await writeEach(text, utterance, speech);
    await utterance.write(text);
    return { type: 'whole' };
  } catch (error) {
    return { type: 'failed', error };
  }
}

async function writeEach(texts: AsyncIterable<string>, utterance: Utterance, speech: SpeechHandle): Promise<Written> {
  const iterator = texts[Symbol.asyncIterator]();
  const { promise: interrupted, resolve } = Promise.withResolvers<undefined>();
  const stop = speech.onInterrupt(() => resolve(undefined));
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), interrupted]);
      if (!next) return { type: 'interrupted' };
      if (next.done) return { type: 'whole' };
      if (typeof next.value !== 'string')
        throw new TypeError(`say: expected the iterable to give strings, got ${typeof next.value}.`);
      await utterance.write(next.value);
    }
  } finally {
    stop();
    // Not awaited: a source that does not stop must not hold the conversation.
    void (async () => await iterator.return?.())().catch(() => undefined);
  }
}

function resultOf(
  spoken: { heard: string; cut: boolean },
  speech: SpeechHandle,
  failure: { error: unknown } | undefined,
): SpeechResult {
  const { heard, cut } = spoken;
  if (failure) return { type: 'failed', error: failure.error, toolsCalled: false };
  if (cut || (speech.interrupted && heard === '')) return { type: 'interrupted', heard, toolsCalled: false };
  return heard === '' ? { type: 'nothing_said', toolsCalled: false } : { type: 'completed', heard, toolsCalled: false };
}

function end(core: Core, activity: Activity, speech: SpeechHandle, result: SpeechResult): void {
  if (!core.stage.isClosed) core.log.commit({ type: 'speech_closed', speechId: speech.id, outcome: result.type });
  activity.speeches.delete(speech);
  core.speeches.delete(speech);
  core.mouth.release(speech);
  speech.finish(result);
  core.floor.changed();
}
