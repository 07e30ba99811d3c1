/**
 * An agent: instructions, tools, hooks and model settings. It holds no conversation; its activity does.
 *
 * The shape and the names are LiveKit Agents'.
 */
import type { LanguageModelV4, LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { MeanwhileError } from '../errors.ts';
import { ChatContext } from '../chat/chat-context.ts';
import type { MessagePart, ProviderMetadata } from '../chat/items.ts';
import type { AgentRef } from '../tools/faces.ts';
import { checkEach, checkNames, flag, oneOf, record, text, typed, type Check } from '../tools/options.ts';
import type { Prompts } from '../tools/prompts.ts';
import { checkPrompts, type ToolSource } from '../tools/toolset.ts';
import { flattenTools } from '../tools/flatten.ts';
import type { AgentSession } from './agent-session.ts';
import { checkModel } from './options.ts';
import { checkOverrides, type Override } from './overrides.ts';

export type ModelSettings = Pick<
  LanguageModelV4CallOptions,
  | 'temperature'
  | 'maxOutputTokens'
  | 'topP'
  | 'topK'
  | 'presencePenalty'
  | 'frequencyPenalty'
  | 'stopSequences'
  | 'seed'
  | 'headers'
  | 'reasoning'
>;

/** What the user said, before it is answered. */
export interface UserMessage {
  readonly text: string;
  readonly parts: readonly MessagePart[];
}

export interface AgentOptions {
  /** How logs, events and records name it. Default: the class's name. */
  readonly name?: string;
  readonly instructions: string;
  /** A list or a record of tools and toolsets. Their tasks belong to this agent's activity (S8.1). */
  readonly tools?: ToolSource;
  /** Default: the session's. */
  readonly llm?: LanguageModelV4;
  /** What it starts with: what was said so far, nothing, or an explicit context (S8.8). Default `'inherit'`, for an AgentTask `'empty'`. */
  readonly chatCtx?: 'inherit' | 'empty' | ChatContext;
  readonly prompts?: Partial<Prompts>;
  readonly modelSettings?: ModelSettings;
  readonly providerOptions?: ProviderMetadata;
  readonly toolChoice?: 'auto' | 'none' | 'required';
  /** May its speeches be interrupted? Default true. */
  readonly allowInterruptions?: boolean;
  readonly onEnter?: () => void | Promise<void>;
  readonly onExit?: () => void | Promise<void>;
  readonly onUserTurnCompleted?: (chatCtx: ChatContext, message: UserMessage) => void | string | Promise<void | string>;
}

const fn = typed('a function', (value) => typeof value === 'function');

const checks: Readonly<Record<Exclude<keyof AgentOptions, 'tools' | 'llm'>, Check>> = {
  name: text,
  instructions: text,
  chatCtx: typed(
    `'inherit', 'empty' or a ChatContext of items`,
    (it) => it === 'inherit' || it === 'empty' || (it instanceof ChatContext && isSound(it)),
  ),
  prompts: record,
  modelSettings: record,
  providerOptions: record,
  toolChoice: oneOf('auto', 'none', 'required'),
  allowInterruptions: flag,
  onEnter: fn,
  onExit: fn,
  onUserTurnCompleted: fn,
};

const kinds: readonly unknown[] = ['message', 'batch', 'record'];

function isSound(chatCtx: ChatContext): boolean {
  return [...chatCtx].every((item) => kinds.includes((item as { kind?: unknown }).kind));
}

const settings: readonly (keyof ModelSettings)[] = [
  'temperature',
  'maxOutputTokens',
  'topP',
  'topK',
  'presencePenalty',
  'frequencyPenalty',
  'stopSequences',
  'seed',
  'headers',
  'reasoning',
];

const remedies = {
  model: 'Use llm.',
  system: 'Use instructions.',
  tellsDeliveries: 'Only an AgentTask has it.',
  keepToolCalls: 'Only an AgentTask has it.',
};

/** Throws MeanwhileError `invalid_definition`. `own`: the options of a kind of agent. */
function checkAgent(kind: string, options: AgentOptions, own: Readonly<Record<string, Check>>): void {
  const what = typeof options.name === 'string' ? `${kind} "${options.name}"` : kind;
  checkNames(what, options, ['tools', 'llm', ...Object.keys(checks), ...Object.keys(own)], remedies);
  checkEach(what, { ...options }, { ...checks, ...own });
  if (options.llm !== undefined) checkModel(options.llm);
  if (options.prompts) checkPrompts(what, options.prompts);
  if (options.modelSettings) checkNames(`${what}, modelSettings`, options.modelSettings, settings);
  flattenTools(options.tools);
}

export class Agent implements AgentRef {
  readonly kind = 'agent' as const;
  readonly name: string;
  readonly options: AgentOptions;
  #session: AgentSession | undefined;
  readonly #overrides: Override[] = [];

  /** @internal What a kind of agent takes beside an agent's options. */
  static readonly ownOptions: Readonly<Record<string, Check>> = {};

  /** Throws MeanwhileError `invalid_definition` without instructions and for wrong options, `unsupported_model` for such an `llm`. */
  constructor(options: AgentOptions) {
    if (typeof options?.instructions !== 'string') {
      throw new MeanwhileError(
        'invalid_definition',
        `Agent: expected instructions to be a string, got ${typeof options?.instructions}. Write new Agent({ instructions: '…' }).`,
      );
    }
    checkAgent(new.target.name, options, new.target.ownOptions);
    this.options = options;
    this.name = options.name ?? this.constructor.name;
  }

  get instructions(): string {
    return this.options.instructions;
  }

  /** The session it speaks in. Throws MeanwhileError `session_state` before it was entered. */
  get session(): AgentSession {
    if (this.#session) return this.#session;
    throw new MeanwhileError('session_state', `Agent "${this.name}" is in no session yet. Use it from onEnter on.`);
  }

  /** What has been said in it, as of now. */
  get chatCtx(): ChatContext {
    return this.session.contextOf(this);
  }

  /** It has become current. */
  onEnter(): void | Promise<void> {
    return this.options.onEnter?.call(this);
  }

  /** It is about to be left; bounded by `closeTimeoutMs`. */
  onExit(): void | Promise<void> {
    return this.options.onExit?.call(this);
  }

  /** The user has said something, not yet answered. Throw StopResponse for no answer; a returned string replaces his words. */
  onUserTurnCompleted(chatCtx: ChatContext, message: UserMessage): void | string | Promise<void | string> {
    return this.options.onUserTurnCompleted?.call(this, chatCtx, message);
  }

  /** @internal Other bodies for its tools, in a test. */
  get overrides(): readonly Override[] {
    return this.#overrides;
  }

  /** @internal */
  addOverride(override: Override): void {
    checkOverrides(
      [override],
      this,
      flattenTools(this.options.tools).map((tool) => tool.name),
    );
    this.#overrides.push(override);
  }

  /** @internal */
  removeOverride(override: Override): void {
    this.#overrides.splice(this.#overrides.indexOf(override), 1);
  }

  /** @internal */
  enterSession(session: AgentSession): void {
    this.#session = session;
  }
}
