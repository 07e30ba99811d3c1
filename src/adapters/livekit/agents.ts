/** LiveKit's agents as the engine knows them: what a tool may hand over to, and the activity that a call was made in. */
import { handoff, StopResponse, ToolError, type AgentRef, type EngineTool } from '../../index.ts';
import type { LiveKitAgent } from './surface.ts';

/** A LiveKit agent that a tool hands over to. */
export class LiveKitAgentRef implements AgentRef {
  readonly kind = 'agent';
  readonly agent: LiveKitAgent;

  constructor(agent: LiveKitAgent) {
    this.agent = agent;
  }

  get name(): string {
    return this.agent.id;
  }
}

/** Two agents may have one id: each gets a name of its own. */
export class ActivityIds {
  readonly #ids = new WeakMap<LiveKitAgent, string>();
  #count = 0;

  of(agent: LiveKitAgent): string {
    const known = this.#ids.get(agent);
    if (known !== undefined) return known;
    const id = `${agent.id}_${String((this.#count += 1))}`;
    this.#ids.set(agent, id);
    return id;
  }
}

export function isAgentTask(agent: LiveKitAgent): boolean {
  return typeof (agent as { complete?: unknown }).complete === 'function';
}

/** The tool with LiveKit's own ways to end understood as ours: a returned agent or handoff, its ToolError and StopResponse. */
export function withLiveKitEndings(tool: EngineTool): EngineTool {
  return {
    ...tool,
    run: (value, options) => {
      let result: unknown;
      try {
        result = tool.run(value, options);
      } catch (error) {
        throw toOurError(error);
      }
      return result instanceof Promise ? result.then(toOurResult, rethrow) : toOurResult(result);
    },
  };
}

function rethrow(error: unknown): never {
  throw toOurError(error);
}

function toOurResult(result: unknown): unknown {
  if (isAgent(result)) return handoff(new LiveKitAgentRef(result));
  if (result instanceof Error) return toOurError(result);
  const { agent, returns } = Object(result) as { agent?: unknown; returns?: unknown };
  if (!isAgent(agent) || !hasSymbol(result, 'handoff')) return result;
  return handoff(new LiveKitAgentRef(agent), returns === undefined ? {} : { returns });
}

function toOurError(error: unknown): unknown {
  if (hasSymbol(error, 'tool_error')) return new ToolError((error as Error).message);
  return hasSymbol(error, 'StopResponse') ? new StopResponse() : error;
}

function isAgent(value: unknown): value is LiveKitAgent {
  return typeof (Object(value) as { getActivityOrThrow?: unknown }).getActivityOrThrow === 'function';
}

/** LiveKit marks what is its own with symbols that it does not export. */
export function hasSymbol(value: unknown, description: string): boolean {
  return Object.getOwnPropertySymbols(Object(value)).some((each) => each.description === description);
}
