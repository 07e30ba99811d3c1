/**
 * A conversation without a model and without a voice, in the hands of whoever tests: the smallest host on which the
 * engine does all it can, made of the public entry alone. Read it together with docs/guide/hosts.md to write your own.
 */
import { createEngine, type Capabilities, type Conversation, type Engine } from '../../index.ts';
import type { ConformanceHost, ConformanceTalk, ModelRequest } from './host.ts';
import { ScriptedConversation } from './scripted-conversation.ts';

/** What it can do, and what stands in between. */
export interface ScriptedHostOptions {
  /** Default: it decides itself when to speak, and can do everything. */
  readonly capabilities?: Partial<Capabilities>;
  /** Stands between the engine and the conversation: a fault to see the cases find, say. */
  readonly wrapConversation?: (conversation: Conversation) => Conversation;
  /** Stands between the conversation and the engine. */
  readonly wrapEngine?: (engine: Engine) => Engine;
}

/** The host that the cases were written with: one model, one user, no voice. */
export function createScriptedHost(options: ScriptedHostOptions = {}): ConformanceHost {
  const { wrapConversation = (it) => it, wrapEngine = (it) => it } = options;
  const capabilities: Capabilities = {
    turns: 'runtime',
    interrupt: true,
    silentAppend: true,
    toolChoice: true,
    heard: 'exact',
    ...options.capabilities,
  };
  return {
    capabilities,
    refusesAppends: true,
    open: async ({ clock, tools: source, ...rest }) => {
      const conversation = new ScriptedConversation(clock, capabilities);
      const engine = createEngine({
        ...rest,
        clock,
        conversation: wrapConversation(conversation),
        // Once the running code has come to its end.
        onChange: () => queueMicrotask(() => conversation.look()),
      });
      const tools = await engine.tools(source);
      conversation.start(wrapEngine(engine), tools);
      return createTalk(conversation, engine, (ms) => clock.advance(ms));
    },
  };
}

function createTalk(
  conversation: ScriptedConversation,
  engine: Engine,
  advance: (ms: number) => Promise<void>,
): ConformanceTalk {
  const after = async (step: () => void): Promise<void> => {
    step();
    await advance(0);
  };
  const toRequest = (asked: ScriptedConversation['asked'][number]): ModelRequest => ({
    prompt: asked.prompt,
    toolChoice: asked.toolChoice,
    says: (text) => after(() => conversation.says(asked, text)),
    calls: (toolName, args = {}) => after(() => conversation.calls(asked, toolName, JSON.stringify(args))),
    saysNothing: () => after(() => conversation.saysNothing(asked)),
    fails: (error) => after(() => conversation.fails(asked, error)),
  });
  return {
    tasks: engine.tasks,
    get asks() {
      return conversation.asked.map(toRequest);
    },
    get saying() {
      return conversation.saying;
    },
    get heard() {
      return conversation.heard;
    },
    advance,
    userSays: (text) => after(() => conversation.userSays(text)),
    userStartsSpeaking: () => after(() => conversation.userSpeaks(true)),
    userStopsSpeaking: () => after(() => conversation.userSpeaks(false)),
    userInterrupts: () => after(() => conversation.interrupt()),
    hears: (text) => after(() => conversation.hears(text)),
    ends: () => after(() => conversation.ends()),
    refuseAppends: (times) => conversation.refuseAppends(times),
    close: async () => {
      conversation.close();
      // What became of the reply that was cut is known.
      await advance(0);
      const closed = engine.close();
      await advance(0);
      // A body that does not stop is not waited for for ever.
      while (engine.state.status !== 'closed') await advance(1000);
      await closed;
    },
  };
}
