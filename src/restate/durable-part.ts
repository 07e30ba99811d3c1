/** What a worker needs to know of a durable tool. It stands on the tool itself, so that one module serves both sides. */
import type { Clock, Tool } from '../index.ts';
import type { WorkflowClient } from './ingress.ts';

const brand: unique symbol = Symbol.for('meanwhile.restate.durable');

export interface DurablePart {
  /** The tool whose body a worker runs. */
  readonly tool: Tool;
  readonly toolName: string;
  readonly service: string;
  readonly retentionMs: number;
  readonly clock: Clock;
  /** To the workflow of a call, for a worker that asks from the outside. */
  clientOf(key: string): WorkflowClient;
}

export function withPart<T extends object>(tool: T, part: DurablePart): T {
  return { ...tool, [brand]: part };
}

/** Undefined for what is no durable tool. */
export function durablePartOf(value: unknown): DurablePart | undefined {
  if (typeof value !== 'object' || value === null || !(brand in value)) return undefined;
  return value[brand] as DurablePart;
}
