/**
 * What differs between the APIs a prompt is sent to, as data by provider and model id (`docs/design/wire.md`).
 *
 * The provider packages convert nearly everything and leave the refusing to the API, so these rows are the only place
 * that knows. When in doubt the careful form: it is accepted everywhere, it only reads less well.
 */
import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import type { ModelRef } from './items.ts';

export interface WireProfile {
  /** The instruction of one request: a system message, folded into the last user or tool message, a marked user message. */
  readonly late: 'system' | 'fold' | 'user';
  /** A system message of the context: where it stands, or as a marked user message. */
  readonly systemItems: 'system' | 'user';
  /** What a background task told: a call with its output, or a marked note in a user message. */
  readonly background: 'calls' | 'notes';
  /** Calls of a turn that did not start with the model's own reasoning: budget thinking refuses them. */
  readonly unreasonedCalls: 'calls' | 'notes';
  /** The model's own reasoning: `first` opens its assistant message, with nothing of other steps in front. */
  readonly reasoning: 'first' | 'inline' | 'none';
  /** Reasoning and metadata go back to the provider that made them, or only to the very model. */
  readonly metadataOf: 'provider' | 'model';
  /** A signature may come on an empty text, and is wanted back on one. */
  readonly signedEmptyText: boolean;
  /** One assistant message per turn, or one per step. */
  readonly merge: 'turn' | 'step';
  /** Does the package glue the texts of an assistant message together? Then a blank line goes between two items. */
  readonly texts: 'parts' | 'joined';
  /** The first message, and the one before a late instruction, may be the assistant's. */
  readonly assistantFirst: boolean;
  /**
   * Chat templates that demand user and assistant in turn: the user's messages become one string, and an assistant
   * message stands between a tool's output and the user.
   */
  readonly alternate: boolean;
  /** Call ids that are accepted. Nine alphanumerics must be among them: that is what is made of all others. */
  readonly idPattern: RegExp;
  readonly idMax: number;
  /** Errors have a field of their own, or are text behind a prefix. */
  readonly errors: 'field' | 'prefix';
}

/** The settings of an agent's model calls that change the form of its prompts. */
export interface WireSettings {
  readonly providerOptions?: LanguageModelV4CallOptions['providerOptions'] | undefined;
  readonly reasoning?: LanguageModelV4CallOptions['reasoning'] | undefined;
}

const idPattern = /^[A-Za-z0-9_-]+$/;

/** An API nothing is known of: any server behind an OpenAI-compatible door, with any template. */
const unknown: WireProfile = {
  late: 'fold',
  systemItems: 'user',
  background: 'notes',
  unreasonedCalls: 'calls',
  reasoning: 'inline',
  metadataOf: 'provider',
  signedEmptyText: false,
  merge: 'turn',
  texts: 'joined',
  assistantFirst: false,
  alternate: true,
  idPattern,
  idMax: 40,
  errors: 'prefix',
};

/** Refuses fields it does not know, reasoning among them. */
const mistral: WireProfile = { ...unknown, reasoning: 'none', idPattern: /^[A-Za-z0-9]{9}$/, idMax: 9 };

const openaiChat: WireProfile = {
  ...unknown,
  late: 'system',
  systemItems: 'system',
  background: 'calls',
  reasoning: 'none',
  assistantFirst: true,
  alternate: false,
  errors: 'field',
};

/** Items are checked one by one, and a message that is sent as a reference needs the reasoning of its own step. */
const openaiResponses: WireProfile = {
  ...openaiChat,
  reasoning: 'inline',
  merge: 'step',
  texts: 'parts',
  idMax: 64,
};

/** Signatures are the model's own: another one's are refused. */
const anthropic: WireProfile = {
  ...unknown,
  late: 'user',
  background: 'calls',
  reasoning: 'first',
  metadataOf: 'model',
  texts: 'parts',
  alternate: false,
  idMax: 64,
  errors: 'field',
};

const google: WireProfile = { ...anthropic, reasoning: 'inline', signedEmptyText: true };

interface Row {
  readonly provider: RegExp;
  readonly modelId: RegExp;
  readonly profile: WireProfile;
}

const any = /^/;
const openaiModel = /^(ft:)?(gpt-|chatgpt-|o\d|codex|computer-use)/;

/** The first match wins. */
const rows: readonly Row[] = [
  {
    provider: any,
    modelId: /(^|\/|\.|-)(mistral|mixtral|ministral|magistral|devstral|codestral|pixtral|voxtral)/i,
    profile: mistral,
  },
  { provider: /^mistral\b/, modelId: any, profile: mistral },
  { provider: /anthropic/, modelId: any, profile: anthropic },
  // Error flags are not known to survive these doors.
  { provider: /^(amazon-)?bedrock|^gateway$/, modelId: /claude/, profile: { ...anthropic, errors: 'prefix' } },
  { provider: /^google\b|^googleVertex\b|^vertex\b/, modelId: any, profile: google },
  { provider: /^gateway$/, modelId: /^google\/gemini/, profile: google },
  // An Azure deployment may have any name.
  { provider: /^openai\.responses$/, modelId: openaiModel, profile: openaiResponses },
  { provider: /^azure\.responses$/, modelId: any, profile: openaiResponses },
  { provider: /^openai\.chat$/, modelId: openaiModel, profile: openaiChat },
  { provider: /^azure\.chat$/, modelId: any, profile: openaiChat },
];

/** The form of the prompts for a model, chosen once for an agent and its model, so that the prefix stays (S2.2). */
export function wireProfile(
  model: ModelRef,
  overrides: Partial<WireProfile> = {},
  settings: WireSettings = {},
): WireProfile {
  const row = rows.find(({ provider, modelId }) => provider.test(model.provider) && modelId.test(model.modelId));
  const profile = row?.profile ?? unknown;
  return { ...profile, ...(profile.reasoning === 'first' ? claude(model, settings) : {}), ...overrides };
}

/** Act on a system message behind the first; Anthropic's own API only. Others refuse it or, Sonnet 5, ignore it. */
const takesLateSystem = /^claude-(opus-4-8|opus-5|fable-5|mythos-5)/;

/** Think as they see fit; older ones think by a budget. */
const thinksAdaptively = /claude-(opus|sonnet)-4-([6-9]|\d\d)(?!\d)|claude-[a-z]+-([5-9]|\d\d)(?!\d)/;

/**
 * Their thinking is bound to the very prompt it was made for ("preserved thinking"): given back after a prompt whose
 * late instruction was not kept it is refused, unless such blocks may be dropped.
 */
const bindsThinking = /claude-[a-z]+-(5-[1-9]|[6-9]|\d\d)(?!\d)/;

function claude({ provider, modelId }: ModelRef, settings: WireSettings): Partial<WireProfile> {
  return {
    ...(/^anthropic\b/.test(provider) && takesLateSystem.test(modelId) ? { late: 'system' } : {}),
    ...(thinksByBudget(modelId, settings) ? { background: 'notes', unreasonedCalls: 'notes' } : {}),
    ...(bindsThinking.test(modelId) && !dropsBlocks(settings) ? { reasoning: 'none' } : {}),
  };
}

function thinksByBudget(modelId: string, { providerOptions, reasoning }: WireSettings): boolean {
  const type = field(providerOptions?.['anthropic']?.['thinking'], 'type');
  if (type === 'enabled' || field(providerOptions?.['bedrock']?.['reasoningConfig'], 'type') === 'enabled') return true;
  // The package turns a plain `reasoning` setting into a budget where the model knows nothing else.
  const asked = reasoning !== undefined && reasoning !== 'none' && reasoning !== 'provider-default';
  return asked && type === undefined && !thinksAdaptively.test(modelId);
}

function dropsBlocks({ providerOptions }: WireSettings): boolean {
  const binding = field(providerOptions?.['anthropic']?.['thinking'], 'blockBinding');
  return field(binding, 'prefixMismatchBehavior') === 'drop_block';
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}
