/**
 * What the adapter uses of `@livekit/agents`, as shapes: the package itself is not imported, so that who does not use it
 * need not have it. That the real types fit is checked where the package is installed (`bench/`).
 */
import type { JsonObject } from '../../index.ts';

/** A `voice.AgentSession`. Times of its events are not used: everything is timed by the adapter's clock. */
export interface LiveKitSession {
  readonly agentState: string;
  readonly userState: string;
  /** Throws until the session runs. */
  readonly currentAgent: LiveKitAgent;
  readonly history: LiveKitChatContext;
  readonly input: { readonly audio: unknown };
  /** Of all that is used here the one thing LiveKit does not document: no event says that a session begins to close. */
  readonly _closing?: boolean;
  /** Throws where none was given. */
  readonly userData: unknown;
  on(event: 'speech_created', listener: (event: SpeechCreated) => void): unknown;
  on(event: 'conversation_item_added', listener: (event: ItemAdded) => void): unknown;
  on(event: 'function_tools_executed', listener: (event: ToolsExecuted) => void): unknown;
  on(event: 'error', listener: (event: { readonly error: unknown }) => void): unknown;
  on(event: 'metrics_collected', listener: (event: { readonly metrics: object }) => void): unknown;
  on(event: PlainEvent, listener: () => void): unknown;
  generateReply(options?: ReplyOptions): LiveKitSpeech;
  say(text: string, options?: { addToChatCtx?: boolean; allowInterruptions?: boolean }): LiveKitSpeech;
  updateAgent(agent: LiveKitAgent): void;
}

/** Events of which only the moment matters: what has changed is read off the session. */
export type PlainEvent =
  | 'agent_state_changed'
  | 'user_state_changed'
  | 'user_input_transcribed'
  | 'user_transcription_timeout'
  | 'close';

export interface SpeechCreated {
  readonly source: string;
  readonly speechHandle: LiveKitSpeech;
}

export interface ItemAdded {
  readonly item: LiveKitItem;
}

export interface ToolsExecuted {
  readonly functionCallOutputs: readonly { readonly callId: string; readonly isError: boolean; output: string }[];
}

interface ReplyOptions {
  chatCtx?: LiveKitChatContext;
  instructions?: unknown;
  toolChoice?: unknown;
}

/** A `SpeechHandle`. */
export interface LiveKitSpeech {
  readonly id: string;
  readonly interrupted: boolean;
  /** Can be set while it is not interrupted. */
  allowInterruptions: boolean;
  /** 1 in its first step. */
  readonly numSteps: number;
  readonly chatItems: readonly LiveKitItem[];
  done(): boolean;
  interrupt(): unknown;
  waitForPlayout(): Promise<void>;
  /** Resolves with all of them, or with the interruption. */
  waitIfNotInterrupted(waited: Promise<unknown>[]): Promise<void>;
  addDoneCallback(callback: () => void): void;
}

/** A `voice.Agent`. */
export interface LiveKitAgent {
  readonly id: string;
  readonly chatCtx: LiveKitChatContext;
  readonly toolCtx: { hasTool(name: string): boolean };
  updateChatCtx(chatCtx: LiveKitChatContext): Promise<void>;
  /** Throws while the agent is in no session. */
  getActivityOrThrow(): { readonly schedulingPaused: boolean; readonly llm: unknown };
}

/** A `llm.ChatContext`. */
export interface LiveKitChatContext {
  readonly items: readonly LiveKitItem[];
  copy(): LiveKitChatContext;
  insert(items: LiveKitItem | LiveKitItem[]): void;
}

/** Any item of a chat context; which fields it has depends on its type. */
export interface LiveKitItem {
  readonly id: string;
  readonly type: string;
  readonly role?: string;
  readonly callId?: string;
  readonly textContent?: string | undefined;
  readonly interrupted?: boolean;
  readonly newAgentId?: string | undefined;
}

/** The module `llm` of `@livekit/agents`: items and tools are made by the very copy of the package that the session is of. */
export interface LiveKitLlm {
  tool(definition: LiveKitToolDefinition): unknown;
  readonly ToolError: new (message: string) => Error;
  readonly FunctionCall: { create(item: { id: string; callId: string; name: string; args: string }): LiveKitItem };
  readonly FunctionCallOutput: {
    create(item: { id: string; callId: string; name: string; output: string; isError: boolean }): LiveKitItem;
  };
  readonly ChatMessage: { create(item: { id?: string; role: 'user' | 'system'; content: string }): LiveKitItem };
}

/** What `llm.tool()` makes of a definition with a name: the first of its two signatures. */
export type LiveKitTool<Llm extends LiveKitLlm> = Llm['tool'] extends {
  (definition: infer _Named): infer Tool;
  (definition: infer _Anonymous): unknown;
}
  ? Tool
  : unknown;

export interface LiveKitToolDefinition {
  name: string;
  description: string;
  parameters: JsonObject;
  execute(args: Readonly<Record<string, unknown>>, options: LiveKitToolOptions): Promise<unknown>;
}

/** What LiveKit gives a tool's body. */
export interface LiveKitToolOptions {
  readonly toolCallId: string;
  readonly ctx: {
    readonly speechHandle: LiveKitSpeech;
    readonly functionCall: { readonly args: string };
    /** Resolves when what this step says was heard or cut. */
    waitForPlayout(): Promise<unknown>;
  };
}
