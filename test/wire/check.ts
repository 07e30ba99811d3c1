/** Sends a prompt through a real provider package and tells whether the API behind it would take it. */
import { APICallError, type LanguageModelV4, type LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { createExchange, exchangeFetch, readRefusal } from './exchange.ts';
import { validatePrompt } from './prompt-rule.ts';
import { type Target, targets } from './providers.ts';
import type { Violation } from './rule.ts';
import type { WireServer } from './server.ts';

export interface CheckOptions {
  readonly targetId: string;
  readonly callOptions: LanguageModelV4CallOptions;
  /** Default: in process, without sockets. */
  readonly server?: WireServer;
}

/** The rule of a prompt that the provider package itself refused to convert. */
export const packageRule = 'package';

export class RefusedPrompt extends Error {
  readonly targetId: string;
  readonly violation: Violation;

  constructor(targetId: string, violation: Violation, { prompt, tools, toolChoice }: LanguageModelV4CallOptions) {
    const asked = { prompt, tools: tools?.map(({ name }) => name), toolChoice };
    const { rule, status, message } = violation;
    super(`${targetId} refuses the prompt: ${rule}\n${status} ${message}\n${JSON.stringify(asked, null, 2)}`);
    this.name = 'RefusedPrompt';
    this.targetId = targetId;
    this.violation = violation;
  }
}

/** Throws `RefusedPrompt` with the rule, the real API's message and the prompt when the target does not take it. */
export async function checkPrompt({ targetId, callOptions, server }: CheckOptions): Promise<void> {
  const target = targetOf(targetId);
  const violation = validatePrompt(callOptions.prompt) ?? (await send(target, callOptions, server));
  if (violation) throw new RefusedPrompt(targetId, violation, callOptions);
}

async function send(
  target: Target,
  callOptions: LanguageModelV4CallOptions,
  server: WireServer | undefined,
): Promise<Violation | undefined> {
  try {
    await readAll(modelOf(target, server), withTargetOptions(target, callOptions));
    return undefined;
  } catch (error) {
    return violationOf(error);
  }
}

function modelOf(target: Target, server: WireServer | undefined): LanguageModelV4 {
  return server ? target.create(server.baseURL) : target.create('http://wire', exchangeFetch(createExchange()));
}

/** Adds what makes the target another one than its model's plain form; the call's own options win, key by key. */
export function withTargetOptions(
  { providerOptions = {} }: Target,
  callOptions: LanguageModelV4CallOptions,
): LanguageModelV4CallOptions {
  const merged = { ...callOptions.providerOptions };
  for (const [provider, options] of Object.entries(providerOptions)) {
    merged[provider] = { ...options, ...merged[provider] };
  }
  return { ...callOptions, providerOptions: merged };
}

async function readAll(model: LanguageModelV4, callOptions: LanguageModelV4CallOptions): Promise<void> {
  const { stream } = await model.doStream(callOptions);
  for await (const part of stream) {
    if (part.type === 'error') throw part.error;
  }
}

function violationOf(error: unknown): Violation {
  const refused = APICallError.isInstance(error) ? readRefusal(error.statusCode, error.responseHeaders) : undefined;
  return refused ?? { status: 0, message: error instanceof Error ? error.message : String(error), rule: packageRule };
}

export function targetOf(targetId: string): Target {
  const target = targets.find(({ id }) => id === targetId);
  if (!target) throw new Error(`No target ${targetId}; there are: ${targets.map(({ id }) => id).join(', ')}`);
  return target;
}
