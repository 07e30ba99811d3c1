/**
 * A LiveKit session with the adapter, as the conformance cases want a host: its model in their hands, its own timers
 * (LiveKit uses the global ones) on a clock that only lets pending work run, the adapter's on the case's.
 */
import { llm, voice } from '@livekit/agents';
import { attachMeanwhile } from 'meanwhile/adapters/livekit';
import type { ConformanceHost, ConformanceOptions, ConformanceTalk } from 'meanwhile/testing';
import { vi } from 'vitest';
import { HandLLM } from './hand-llm.ts';

/** An agent whose context can be made to refuse a change, as a realtime model's may. */
class Refusing extends voice.Agent {
  refusals = 0;

  override async updateChatCtx(chatCtx: llm.ChatContext): Promise<void> {
    if (this.refusals > 0) {
      this.refusals -= 1;
      throw new Error('The model did not take the context.');
    }
    await super.updateChatCtx(chatCtx);
  }
}

export const livekitHost: ConformanceHost = {
  capabilities: { turns: 'runtime', interrupt: true, silentAppend: true, toolChoice: true, heard: 'estimate' },
  refusesAppends: true,
  open,
};

async function open({ clock, tools, ...settings }: ConformanceOptions): Promise<ConformanceTalk> {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate', 'Date'],
  });
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) {
      await vi.advanceTimersByTimeAsync(1);
      await clock.settle();
    }
  };
  const model = new HandLLM(settle);
  const session = new voice.AgentSession({ llm: model });
  const meanwhile = await attachMeanwhile(session, { llm, tools, clock, ...settings });
  const agent = new Refusing({ instructions: 'You are asked things.', tools: meanwhile.tools });
  const heard: string[] = [];
  session.on(voice.AgentSessionEventTypes.ConversationItemAdded, ({ item }) => {
    if (item.type === 'message' && item.role === 'assistant') heard.push((item.textContent ?? '').trim());
  });
  // LiveKit reads on until the words stop, or for two seconds: a real model's go on, this one's stop.
  session.on(voice.AgentSessionEventTypes.SpeechCreated, ({ speechHandle }) => {
    void speechHandle.waitIfNotInterrupted([new Promise(() => undefined)]).then(() => model.voice?.stops());
  });
  await session.start({ agent });
  await settle();

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    let closed = false;
    void session
      .close()
      .then(() => meanwhile.close())
      .then(() => (closed = true));
    for (let ms = 0; !closed && ms < 20_000; ms += 100) {
      await vi.advanceTimersByTimeAsync(100);
      await clock.advance(100);
    }
    if (!closed) throw new Error('The session did not close.');
  };
  return {
    tasks: meanwhile.tasks,
    get asks() {
      return model.asks;
    },
    get saying() {
      return model.voice?.saying;
    },
    heard,
    advance: async (ms) => {
      const end = clock.now() + ms;
      await settle();
      for (let next = clock.pending()[0]; next && next.at <= end; next = clock.pending()[0]) {
        await clock.advance(next.at - clock.now());
        await settle();
      }
      await clock.advance(end - clock.now());
      await settle();
    },
    userSays: async (text) => {
      session.interrupt();
      session.generateReply({ userInput: text });
      await settle();
    },
    userStartsSpeaking: async () => {
      // What its voice activity detection calls; without audio there is no other way.
      session._updateUserState('speaking');
      await settle();
    },
    userStopsSpeaking: async () => {
      session._updateUserState('listening');
      await settle();
    },
    userInterrupts: async () => {
      session.interrupt();
      await settle();
    },
    hears: async (text) => {
      model.voice?.hears(text);
      await settle();
    },
    ends: async () => {
      model.voice?.ends();
      await settle();
    },
    refuseAppends: (times) => {
      agent.refusals = times;
    },
    close: () => (closing ??= close()),
  };
}
