/**
 * Other bodies for tools, scoped and never process-wide: what tests of an application stand on (S10.1).
 *
 * The model still sees the real schema and all policies apply; only what runs is another function. A scope follows the
 * asynchronous work begun in it, and the sessions made in it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { MeanwhileError } from '../errors.ts';
import { isRecord, show } from '../tools/options.ts';
import type { ToolOptions } from '../tools/tool.ts';
import type { AgentSession } from './agent-session.ts';
import { Agent } from './agent.ts';

export type ToolBody = (args: never, options: ToolOptions<never>) => unknown;
export type ToolBodies = Readonly<Record<string, ToolBody>>;

/** Agents of a class and its subclasses, one agent, or whoever speaks in one session. */
export type OverrideTarget = Agent | AgentSession | (abstract new (...args: never[]) => Agent);

export interface Override {
  readonly target: OverrideTarget;
  readonly bodies: ToolBodies;
  active: boolean;
}

const scope = new AsyncLocalStorage<readonly Override[]>();

/** The overrides in force where this is called, outermost first. */
export function overridesHere(): readonly Override[] {
  return scope.getStore() ?? [];
}

/**
 * Runs `fn` with other bodies for the target's tools; nested scopes merge by name and the inner wins. Without `fn`, for
 * a session or an agent, they hold until the result is disposed of. Throws MeanwhileError `invalid_option` when a name
 * is no tool of the target, or the target is none; for a class that is found out when an agent of it enters.
 */
export function overrideTools<T>(target: OverrideTarget, bodies: ToolBodies, fn: () => T): T;
export function overrideTools(target: Agent | AgentSession, bodies: ToolBodies): Disposable;
export function overrideTools<T>(target: OverrideTarget, bodies: ToolBodies, fn?: () => T): T | Disposable {
  check(target, bodies, fn);
  for (const [name, body] of Object.entries(bodies)) {
    if (typeof body !== 'function') throw invalid(`expected ${name} to be a function, got ${typeof body}.`);
  }
  const override: Override = { target, bodies, active: true };
  if (typeof target === 'object') target.addOverride(override);
  const end = (): void => {
    override.active = false;
    if (typeof target === 'object') target.removeOverride(override);
  };
  if (!fn) {
    if (typeof target === 'object') return { [Symbol.dispose]: end };
    throw invalid(
      `expected a function as third argument for the class ${target.name}. Write mockTools(${target.name}, { … }, async () => { … }).`,
    );
  }
  let result: T;
  try {
    result = scope.run([...overridesHere(), override], fn);
  } catch (error) {
    end();
    throw error;
  }
  if (!(result instanceof Promise)) {
    end();
    return result;
  }
  return result.finally(end) as T;
}

function check(target: unknown, bodies: unknown, fn: unknown): void {
  const isClass = typeof target === 'function' && (target === Agent || target.prototype instanceof Agent);
  const isOne = typeof target === 'object' && target !== null && 'addOverride' in target;
  if (!isClass && !isOne) throw invalid(`expected an agent, a class of agents or a session, got ${show(target)}.`);
  if (!isRecord(bodies))
    throw invalid(`expected the mocks as an object, got ${show(bodies)}. Write { book_flight: () => 'ABC123' }.`);
  if (fn !== undefined && typeof fn !== 'function')
    throw invalid(`expected a function as third argument, got ${show(fn)}.`);
}

/** The body to run instead, from the innermost override that has one. */
export function overrideFor(overrides: readonly Override[], agent: Agent, name: string): ToolBody | undefined {
  return overrides.findLast((each) => each.active && concerns(each.target, agent) && Object.hasOwn(each.bodies, name))
    ?.bodies[name];
}

/** Throws when an override for this agent names what is no tool. */
export function checkOverrides(overrides: readonly Override[], agent: Agent, names: Iterable<string>): void {
  const known = new Set(names);
  for (const each of overrides) {
    if (!each.active || !concerns(each.target, agent)) continue;
    const unknown = Object.keys(each.bodies).find((name) => !known.has(name));
    if (unknown !== undefined) throw unknownTool(unknown, agent.name, known);
  }
}

export function unknownTool(name: string, of: string, known: Iterable<string>): MeanwhileError {
  return invalid(`"${name}" is no tool of ${of}. Its tools: ${[...known].join(', ') || 'none'}.`);
}

function concerns(target: OverrideTarget, agent: Agent): boolean {
  if (target instanceof Agent) return target === agent;
  return typeof target === 'function' ? agent instanceof target : true;
}

function invalid(what: string): MeanwhileError {
  return new MeanwhileError('invalid_option', `mockTools: ${what}`);
}
