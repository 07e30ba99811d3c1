/**
 * The tools of one activity: what its model is declared, and what the engine runs (S8.1, S8.6, S5.4).
 *
 * A tool given to the session belongs to the session, one given to the agent to its activity. Of two with one name the
 * agent's holds. Toolsets are kept by `toolset-care.ts`.
 */
import type { LanguageModelV4FunctionTool, LanguageModelV4ProviderTool } from '@ai-sdk/provider';
import { offerTools, type ToolDeclaration } from '../engine/offer.ts';
import type { EngineTool } from '../engine/seam.ts';
import { ToolsetCare } from '../engine/toolset-care.ts';
import type { ToolSource } from '../tools/toolset.ts';
import type { Agent } from './agent.ts';
import type { Core } from './core.ts';
import { SessionToolsetHost } from './host.ts';
import { checkOverrides, overrideFor } from './overrides.ts';

/** A tool as a model is told of it. */
export type DeclaredTool = LanguageModelV4FunctionTool | LanguageModelV4ProviderTool;

interface Offered {
  readonly declared: readonly DeclaredTool[];
  readonly engineTools: ReadonlyMap<string, EngineTool>;
}

export class Toolbox {
  readonly #core: Core;
  readonly #agent: Agent;
  readonly #activityId: string;
  readonly care: ToolsetCare;
  #offered: (Offered & { readonly version: string }) | undefined;

  constructor(core: Core, agent: Agent, activityId: string) {
    this.#core = core;
    this.#agent = agent;
    this.#activityId = activityId;
    this.care = new ToolsetCare(new SessionToolsetHost(core), activityId, () => {
      this.#offered = undefined;
    });
  }

  get declared(): readonly DeclaredTool[] {
    return this.#offer().declared;
  }

  get engineTools(): ReadonlyMap<string, EngineTool> {
    return this.#offer().engineTools;
  }

  /** Of the application's tools: the companions are not among them. */
  get names(): string[] {
    return [...this.engineTools.values()].filter((each) => !each.companion).map((each) => each.name);
  }

  has(name: string): boolean {
    return this.engineTools.has(name);
  }

  /** Sets up what is new and lets go of what is gone; running tasks of it go on (S8.6). */
  async update(source: ToolSource | undefined): Promise<void> {
    await this.care.update(source);
  }

  release(): void {
    void this.care.close();
  }

  #offer(): Offered {
    const { companions, sharedTools } = this.#core.session;
    const version = `${[...companions].join(' ')} ${String(sharedTools.version)}`;
    if (this.#offered?.version !== version) this.#offered = { ...this.#build(), version };
    return this.#offered;
  }

  #build(): Offered {
    const { session } = this.#core;
    const { declared, engineTools } = offerTools(
      [
        { owner: this.#activityId, tools: this.care.usable },
        { owner: 'session', tools: session.sharedTools.tools },
      ],
      {
        directory: session.directory,
        companions: session.companions,
        wording: (prompts) => this.#core.wording(this.#agent, prompts),
        instead: (name) => overrideFor(session.overridesOf(this.#agent), this.#agent, name),
      },
    );
    return { declared: declared.map(toModelTool), engineTools };
  }
}

function toModelTool({ provider, inputExamples, ...tool }: ToolDeclaration): DeclaredTool {
  if (provider) return { type: 'provider', name: tool.name, id: provider.id, args: { ...provider.args } };
  return {
    type: 'function',
    ...tool,
    ...(inputExamples === undefined
      ? {}
      : { inputExamples: inputExamples as NonNullable<LanguageModelV4FunctionTool['inputExamples']> }),
  };
}

export async function createToolbox(core: Core, agent: Agent, activityId: string): Promise<Toolbox> {
  const toolbox = new Toolbox(core, agent, activityId);
  try {
    await toolbox.update(agent.options.tools);
    checkOverrides(
      core.session.overridesOf(agent).filter((each) => typeof each.target === 'function'),
      agent,
      toolbox.names,
    );
    return toolbox;
  } catch (error) {
    toolbox.release();
    throw error;
  }
}
