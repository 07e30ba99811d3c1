/**
 * What is given to a session's methods, checked before anything changes: messages, words, options. Each error has the
 * fact, the value and the remedy.
 */
import { MeanwhileError } from '../errors.ts';
import type { ReplyOptions, SayOptions } from '../tools/faces.ts';
import { checkEach, checkNames, flag, isRecord, oneOf, show, text, type Check } from '../tools/options.ts';
import { Agent } from './agent.ts';
import { AgentTask } from './agent-task.ts';
import type { UserContent } from './users.ts';

const wrong = (problem: string): MeanwhileError => new MeanwhileError('invalid_value', problem);

/** Why nobody can hand over to it, as a sentence. */
export function agentRefusal(agent: unknown): string | undefined {
  if (agent instanceof AgentTask) return `"${agent.name}" is an AgentTask: run it from a tool or a hook with run().`;
  return agent instanceof Agent ? undefined : `expected an Agent of this library, got ${show(agent)}.`;
}

/** Throws `invalid_value`. */
export function checkContent(what: string, content: UserContent): void {
  if (typeof content === 'string') return;
  if (!Array.isArray(content) || content.length === 0) {
    const got = Array.isArray(content) ? 'an empty list' : show(content);
    throw wrong(
      `${what}: expected a string or a list of parts, got ${got}. Write ${what}('…') or [{ type: 'text', text: '…' }].`,
    );
  }
  for (const [index, part] of content.entries()) {
    const problem = problemOf(part);
    if (problem !== undefined) throw wrong(`${what}: part ${String(index)}: ${problem}`);
  }
}

function problemOf(part: unknown): string | undefined {
  if (!isRecord(part))
    return `expected { type: 'text', text } or { type: 'image', mediaType, url }, got ${show(part)}.`;
  switch (part['type']) {
    case 'text':
    case 'reasoning':
      if (typeof part['text'] !== 'string') return `expected text to be a string, got ${show(part['text'])}.`;
      return part['providerMetadata'] === undefined || isRecord(part['providerMetadata'])
        ? undefined
        : `expected providerMetadata to be an object, got ${show(part['providerMetadata'])}.`;
    case 'image':
      return problemOfImage(part);
    default:
      return `expected type to be "text" or "image", got ${show(part['type'])}.`;
  }
}

function problemOfImage({ mediaType, url, data }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof mediaType !== 'string')
    return `expected mediaType to be a string such as "image/png", got ${show(mediaType)}.`;
  if ((url === undefined) === (data === undefined)) return 'expected an image to have either url or data (base64).';
  if (data !== undefined)
    return typeof data === 'string' ? undefined : `expected data to be a base64 string, got ${show(data)}.`;
  return typeof url === 'string' && URL.canParse(url)
    ? undefined
    : `expected url to be an absolute URL, got ${show(url)}.`;
}

const actions: readonly unknown[] = ['accept', 'decline', 'cancel'];

/** Throws `invalid_value`. */
export function checkAction(action: unknown): void {
  if (!actions.includes(action))
    throw wrong(`tasks.answer: expected action to be "accept", "decline" or "cancel", got ${show(action)}.`);
}

/** Throws `invalid_value` for what cannot be said, `invalid_option` for options that are none. */
export function checkSay(said: unknown, options: SayOptions): void {
  const isIterable = typeof said === 'object' && said !== null && Symbol.asyncIterator in said;
  if (typeof said !== 'string' && !isIterable)
    throw wrong(`say: expected a string or an async iterable of strings, got ${show(said)}.`);
  checkOptions('say', options, { allowInterruptions: flag, addToChatCtx: flag });
}

/** Throws `invalid_option`. */
export function checkReply(options: ReplyOptions): void {
  const toolChoice = oneOf('auto', 'none', 'required');
  checkOptions('generateReply', options, { instructions: text, userInput: text, toolChoice, allowInterruptions: flag });
}

export function checkOptions(what: string, options: unknown, checks: Readonly<Record<string, Check>>): void {
  if (!isRecord(options)) {
    throw new MeanwhileError(
      'invalid_option',
      `${what}: expected an object with ${Object.keys(checks).join(', ')}, got ${show(options)}.`,
    );
  }
  checkNames(what, options, Object.keys(checks), {}, 'invalid_option');
  checkEach(what, options, checks, 'invalid_option');
}
