/**
 * `attachMeanwhile`: the engine on a LiveKit session. The host's half of the seam is put together here from its parts:
 * who speaks (`speeches.ts`), who may (`floor.ts`), what the agents' models are shown (`contexts.ts`), the calls
 * (`calls.ts`), and what a body may do (`body.ts`).
 */
import {
  createEngine,
  systemClock,
  type CreateEngineOptions,
  type Engine,
  type EngineReport,
  type SessionRecord,
  type TaskDirectory,
} from '../../index.ts';
import { withLiveKitEndings } from './agents.ts';
import { createBody } from './body.ts';
import { fromLiveKitTools, mapTools, toLiveKitTools, type AttachedTools } from './calls.ts';
import { LiveKitHost } from './host.ts';
import type { LiveKitLlm, LiveKitSession, LiveKitTool } from './surface.ts';

/** Durations in ms. */
export interface AttachOptions<Llm extends LiveKitLlm>
  extends Pick<
    CreateEngineOptions,
    'clock' | 'prompts' | 'onRecord' | 'coalesceMs' | 'maxAttempts' | 'retryDelayMs' | 'stopTimeoutMs'
  > {
  /** `import { llm } from '@livekit/agents'`: tools and chat items are made with it; the adapter imports nothing itself. */
  readonly llm: Llm;
  /** Made by `tool()`, by LiveKit's `llm.tool()`, AI SDK tools, toolsets: a list or a record of names. */
  readonly tools: AttachedTools;
  /** Silence before something is told. Default 400 where the session hears audio, else 0. */
  readonly quietMs?: number;
  /** How long LiveKit may take, once the user has stopped speaking, to take his turn. Default 3,000, its longest delay. */
  readonly userTurnMs?: number;
}

/** What happens to a task and to what it tells (S7.2): the engine's records, and `report` for what is none. */
export type MeanwhileEvents = { readonly [Type in SessionRecord['type']]: Extract<SessionRecord, { type: Type }> } & {
  readonly report: EngineReport;
};

/** The engine on a LiveKit session. */
export interface Meanwhile<Tool> {
  /** For the agents: `new voice.Agent({ instructions, tools: meanwhile.tools })`. */
  readonly tools: Tool[];
  /** Belongs at the end of an agent's instructions: how to speak of work that goes on. */
  readonly policy: string;
  /** The running tasks: list them, cancel one, answer its question. */
  readonly tasks: TaskDirectory;
  readonly engine: Engine;
  /** Calls `listener` after each; returns the way to stop. */
  on<Name extends keyof MeanwhileEvents>(name: Name, listener: (event: MeanwhileEvents[Name]) => void): () => void;
  /** Ends all tasks as cancelled. Called when the session has closed. */
  close(): Promise<void>;
}

/**
 * Puts the engine on a LiveKit `voice.AgentSession`, through its public API. The session, its agents, speech and room
 * stay LiveKit's; calls of these tools are run by the engine: the first update answers the call, the body goes on in
 * the background, and what it tells is told once, when nobody speaks.
 *
 * ```ts
 * const session = new voice.AgentSession({ llm: model });
 * const meanwhile = await attachMeanwhile(session, { llm, tools: [bookFlight] });
 * await session.start({ agent: new voice.Agent({ instructions: `You are a travel agent. ${meanwhile.policy}`, tools: meanwhile.tools }) });
 * ```
 *
 * Throws MeanwhileError `invalid_definition`, `invalid_option`.
 */
export async function attachMeanwhile<Llm extends LiveKitLlm>(
  session: LiveKitSession,
  options: AttachOptions<Llm>,
): Promise<Meanwhile<LiveKitTool<Llm>>> {
  const { llm, tools, quietMs, userTurnMs = 3000, onRecord, ...settings } = options;
  const clock = settings.clock ?? systemClock;
  const listeners = new Set<(name: string, event: unknown) => void>();
  const tell = (name: string, event: unknown): void => {
    for (const listener of [...listeners]) {
      try {
        listener(name, event);
      } catch (error) {
        if (name !== 'report') tell('report', { type: 'observer_failed', error });
      }
    }
  };
  const host: LiveKitHost = new LiveKitHost({
    session,
    llm,
    clock,
    quietMs,
    userTurnMs,
    engine: () => engine,
    engineTools: () => mapTools(offered.engineTools, withLiveKitEndings),
    onContextFailed: (error) => tell('report', { type: 'append_failed', error }),
  });
  const engine: Engine = createEngine({
    ...settings,
    clock,
    conversation: host,
    body: createBody({ session, floor: host.floor, speeches: host.speeches, engine: () => engine }),
    onReport: (report) => tell('report', report),
    onChange: () => host.floor.changed(),
    ...(onRecord ? { onRecord } : {}),
  });
  engine.observe((record) => {
    if (record.type === 'delivery_ended') host.forget(record.id);
    tell(record.type, record);
  });
  const offered = await engine.tools(fromLiveKitTools(tools));
  const close = async (): Promise<void> => {
    host.close();
    await engine.whenTold();
    await engine.close('the session has closed');
  };
  session.on('close', () => void close());
  return {
    get tools() {
      return toLiveKitTools(llm, offered.declared, (...call) => host.answer(...call)) as LiveKitTool<Llm>[];
    },
    policy: engine.text('deliveryPolicy', {}),
    tasks: engine.tasks,
    engine,
    on: (name, listener) => {
      const each = (told: string, event: unknown): void => {
        if (told === name) listener(event as MeanwhileEvents[typeof name]);
      };
      listeners.add(each);
      return () => listeners.delete(each);
    },
    close,
  };
}
