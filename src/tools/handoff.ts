/** Handing the conversation over to another agent from a tool (S1.4, S8.5). */
import { MeanwhileError } from '../errors.ts';
import type { AgentRef } from './faces.ts';

const handoffBrand: unique symbol = Symbol.for('meanwhile.handoff');

/** What `handoff()` gives: returned by a tool, it switches agents. */
export interface Handoff {
  readonly [handoffBrand]: true;
  readonly agent: AgentRef;
  /** Told by the old agent before the switch. */
  readonly returns?: unknown;
}

/**
 * Ends a tool by handing the conversation over: `return handoff(billing, { returns: 'Putting you through.' })`.
 * `returns` is the call's result, told by the old agent first; without it nothing is said. A bare returned `Agent`
 * is the same as `handoff(agent)`. Both this form and `handoff({ agent, returns })`, LiveKit's, are accepted.
 *
 * Throws `invalid_value` when no agent is given.
 */
export function handoff(agent: AgentRef, options?: { readonly returns?: unknown }): Handoff;
export function handoff(options: { readonly agent: AgentRef; readonly returns?: unknown }): Handoff;
export function handoff(
  first: AgentRef | { readonly agent: AgentRef; readonly returns?: unknown },
  second?: { readonly returns?: unknown },
): Handoff {
  const named = 'kind' in Object(first) ? undefined : (first as { agent?: unknown; returns?: unknown } | undefined);
  const agent: unknown = named ? named.agent : first;
  if (!hasAgentFace(agent)) {
    throw new MeanwhileError('invalid_value', 'handoff: expected an Agent. Write handoff(agent, { returns }).');
  }
  const returns = named ? named.returns : second?.returns;
  return Object.freeze({ [handoffBrand]: true as const, agent, ...(returns === undefined ? {} : { returns }) });
}

export function isHandoff(value: unknown): value is Handoff {
  return typeof value === 'object' && value !== null && handoffBrand in value;
}

/** The handoff that a tool's result means: one made by `handoff()`, or a bare agent. Undefined for every other value. */
export function asHandoff(value: unknown): Handoff | undefined {
  if (isHandoff(value)) return value;
  return isAgentRef(value) ? handoff(value) : undefined;
}

/**
 * Is it an agent, by its own face? Only an instance of a class counts: a row of data may well be
 * `{ kind: 'agent', name: 'Smith' }`, and is then a value like any other.
 */
export function isAgentRef(value: unknown): value is AgentRef {
  if (!hasAgentFace(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== null && Object.getPrototypeOf(prototype) !== null;
}

/**
 * The first agent in a value, itself included, at any depth: through arrays, properties, maps and sets. A result with
 * an agent inside any other value is an error, and the agent is never serialised.
 */
export function findAgent(value: unknown): AgentRef | undefined {
  const seen = new Set<unknown>();
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    try {
      if (isAgentRef(next)) return next;
      for (const part of partsOf(next).reverse()) open.push(part);
    } catch {
      // A getter or a proxy that throws: what cannot be read holds nothing, and `toText` says why.
    }
  }
  return undefined;
}

function hasAgentFace(value: unknown): value is AgentRef {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, name } = value as { kind?: unknown; name?: unknown };
  return kind === 'agent' && typeof name === 'string';
}

function partsOf(value: object): unknown[] {
  if (ArrayBuffer.isView(value)) return [];
  if (isHandoff(value)) return [value.agent, value.returns];
  if (value instanceof Map) return [...value.keys(), ...value.values()];
  return value instanceof Set ? [...value] : Object.values(value);
}
