/**
 * What a task tells: its words for the model (S1.4), the terms on which they are told (S3.1), and how far it says it
 * is (S2.1). Pure functions; who records it is `task.ts`.
 */
import type { Output } from '../chat/items.ts';
import type { DeliveryMode, DeliveryTerms, ProgressState } from '../chat/records.ts';
import type { Progress } from '../tools/faces.ts';
import type { Wording } from '../tools/prompts.ts';
import { toJson } from '../tools/text.ts';
import type { Told } from './ending.ts';
import type { ToolPolicy } from './seam.ts';

export interface Delivering {
  readonly deliver?: DeliveryMode | undefined;
  readonly maxHoldMs?: number | undefined;
  readonly expiresMs?: number | undefined;
}

/** A handoff that does not happen, and why. */
export interface Refusal {
  readonly agent: string;
  readonly reason: string;
}

/** The output of an ending, with the reason behind it where its handoff is refused (S8.5). */
export function outputOf(
  told: Told,
  names: { functionName: string; callId: string },
  wording: Wording,
  refusal?: Refusal,
): Output {
  if (!refusal) return wordsOf(told, names, wording);
  const { type, text } = isNothing(told) ? { type: 'text' as const, text: '' } : wordsOf(told, names, wording);
  const reason = wording('handoffRefused', refusal);
  return { type, text: text === '' ? reason : `${text}\n${reason}` };
}

/** It ended without a value. */
export function isNothing(told: Told): boolean {
  return 'prompt' in told && told.prompt === 'finished';
}

function wordsOf(
  told: Told,
  { functionName, callId }: { functionName: string; callId: string },
  wording: Wording,
): Output {
  if ('output' in told) return told.output;
  switch (told.prompt) {
    case 'finished':
    case 'cancelled':
    case 'declined':
      return { type: 'text', text: wording(told.prompt, { functionName, callId }) };
    case 'genericError':
      return { type: 'error', text: wording('genericError', { functionName }) };
    case 'timedOut':
    case 'noProgress':
      return { type: 'error', text: wording(told.prompt, { functionName, limitMs: String(told.limitMs) }) };
    case 'badValue':
      return { type: 'error', text: wording('badValue', { functionName, reason: told.reason }) };
  }
}

/** Absolute times from now. Errors, timeouts and questions are never silent (S3.1). */
export function termsOf(policy: ToolPolicy, how: Delivering, now: number, neverSilent: boolean): DeliveryTerms {
  const wanted = how.deliver ?? policy.deliver;
  const maxHoldMs = how.maxHoldMs ?? policy.maxHoldMs;
  const expiresMs = how.expiresMs ?? policy.expiresMs;
  return {
    mode: neverSilent && wanted === 'silent' ? 'when_idle' : wanted,
    ...(isLimit(maxHoldMs) ? { holdUntil: now + maxHoldMs } : {}),
    ...(isLimit(expiresMs) ? { expiresAt: now + expiresMs } : {}),
  };
}

/** `Infinity` is how an update says "none" against its tool's policy; a record could not hold it. */
function isLimit(durationMs: number | undefined): durationMs is number {
  return durationMs !== undefined && durationMs < Infinity;
}

/** What of it a record can hold: data that JSON cannot say is for observers of this process only. */
export function progressOf(said: Progress | undefined): { progress?: ProgressState } {
  if (!said) return {};
  const { progress, total, data } = said;
  const json = toJson(data);
  const known: ProgressState = {
    ...(progress === undefined ? {} : { progress }),
    ...(total === undefined ? {} : { total }),
    ...(json.ok && json.json !== undefined ? { data: json.json } : {}),
  };
  return Object.keys(known).length === 0 ? {} : { progress: known };
}
