/** A call: a session with ears and a mouth on the virtual clock. */
import { Agent, AgentSession, type SessionEvent, type Tool } from 'meanwhile';
import { createVirtualClock, scriptedModel, type ScriptedStep } from 'meanwhile/testing';
import { createVoice, type VoiceEvent, type VoiceOptions } from 'meanwhile/voice';
import { onTestFinished } from 'vitest';
import { historyOf } from './history.ts';
import { createLoudspeaker, createMicrophone, createTone, loudness } from './sound.ts';

export type Call = Awaited<ReturnType<typeof call>>;

export interface CallOptions extends Partial<VoiceOptions> {
  readonly tools?: readonly Tool[];
  readonly agent?: Agent;
  readonly recognitionMs?: number;
}

export async function call(steps: readonly ScriptedStep[], options: CallOptions = {}) {
  const {
    tools = [],
    agent = new Agent({ instructions: 'You are a travel agent.' }),
    recognitionMs = 50,
    ...given
  } = options;
  const clock = createVirtualClock();
  const microphone = createMicrophone(clock, { recognitionMs });
  const loudspeaker = createLoudspeaker(clock);
  const tts = createTone(clock);
  const voice = createVoice({ stt: microphone.stt, tts, vad: loudness, clock, ...given });
  const events: (VoiceEvent | SessionEvent)[] = [];
  const model = scriptedModel(steps, { clock });
  const session = new AgentSession({ llm: model, output: voice.output, clock, userAwayMs: Infinity, tools });
  session.on('*', (event) => events.push(event));
  voice.on('*', (event) => events.push(event));
  await session.start({ agent });
  const line = voice.connect(session, { input: microphone, output: loudspeaker });
  onTestFinished(async () => {
    microphone.end();
    line.close();
    await clock.runUntil(session.close());
    await line.done;
  });
  const history = (): string[] => historyOf(session).filter((line) => /^(user|assistant): /.test(line));
  return { clock, microphone, loudspeaker, tts, voice, session, events, history, line };
}
