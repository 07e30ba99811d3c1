/**
 * The first thing in a call's way: its arguments (S1.3). The calls of one step go on in the model's order without a
 * yield between; only a validation that is itself asynchronous makes the next ones wait (S4.6).
 */
import { describeError } from '../errors.ts';
import type { Call } from './call.ts';
import type { EngineTool, Parsed } from './seam.ts';

export type OnRead = (call: Call, tool: EngineTool, parsed: Parsed) => void;

export class Reading {
  readonly #onRead: OnRead;
  /** By step: the last validation under way. Most sessions never have one. */
  #gates: Map<string, Promise<void>> | undefined;

  constructor(onRead: OnRead) {
    this.#onRead = onRead;
  }

  read(call: Call, tool: EngineTool): void {
    const gate = this.#gates?.get(stepOf(call));
    const parsed = parse(call, tool);
    if (!gate && !(parsed instanceof Promise)) return this.#onRead(call, tool, parsed);
    const step = stepOf(call);
    const gates = (this.#gates ??= new Map());
    const settled = Promise.resolve(parsed).catch(misfit);
    const next = Promise.resolve(gate).then(async () => {
      const result = await settled;
      if (gates.get(step) === next) gates.delete(step);
      this.#onRead(call, tool, result);
    });
    gates.set(step, next);
  }
}

function stepOf({ turn }: Call): string {
  return `${turn.speechId}/${String(turn.step)}`;
}

function parse(call: Call, tool: EngineTool): Parsed | Promise<Parsed> {
  try {
    return tool.parse(call.argumentsText, call.turn.cutOff?.() ?? false);
  } catch (error) {
    return misfit(error);
  }
}

function misfit(error: unknown): Parsed {
  return { ok: false, reasons: describeError(error) };
}
