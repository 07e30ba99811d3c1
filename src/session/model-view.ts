/** The request an activity's model is sent: its context through the view, its tools, its settings. */
import type { LanguageModelV4, LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { PromptView } from '../chat/view.ts';
import { wireProfile } from '../chat/wire-profile.ts';
import type { ModelRef } from '../chat/items.ts';
import { viewTexts, type Wording } from '../tools/prompts.ts';
import type { Activity } from './activity.ts';
import type { Core } from './core.ts';
import { describeError } from '../errors.ts';
import type { DeclaredTool } from './toolbox.ts';

export interface RequestPlan {
  /** Appended at the end of this prompt and never kept. */
  readonly late?: string;
  readonly toolChoice: 'auto' | 'none' | 'required';
}

export interface MadeRequest {
  readonly model: LanguageModelV4;
  readonly options: LanguageModelV4CallOptions;
  /** The context's items it holds: `from` inclusive, `to` exclusive. */
  readonly from: number;
  readonly to: number;
}

export class ModelView {
  readonly #core: Core;
  readonly #activity: Activity;
  #view: PromptView | undefined;
  #system: string | undefined;

  constructor(core: Core, activity: Activity) {
    this.#core = core;
    this.#activity = activity;
  }

  get model(): LanguageModelV4 {
    return this.#activity.agent.options.llm ?? this.#core.options.llm;
  }

  get ref(): ModelRef {
    return { provider: this.model.provider, modelId: this.model.modelId };
  }

  request(plan: RequestPlan): MadeRequest {
    const items = this.#activity.state?.context.items ?? [];
    const to = items.length;
    const from = this.#from(to);
    this.#view ??= this.#createView();
    this.#view.sync(items, to);
    const late = plan.late === undefined ? {} : { late: plan.late };
    const { prompt, toolNames } = this.#view.request({ system: this.#systemPrompt(), from, ...late });
    const { modelSettings, providerOptions } = this.#activity.agent.options;
    const tools = this.#tools(toolNames);
    return {
      model: this.model,
      from,
      to,
      options: {
        ...modelSettings,
        prompt,
        ...(tools.length === 0 ? {} : { tools, toolChoice: { type: plan.toolChoice } }),
        ...(providerOptions === undefined ? {} : { providerOptions }),
      },
    };
  }

  #createView(): PromptView {
    const { providerOptions, modelSettings } = this.#activity.agent.options;
    const settings = { providerOptions, reasoning: modelSettings?.reasoning };
    return new PromptView({
      profile: wireProfile(this.ref, this.#core.options.wire, settings),
      model: this.ref,
      texts: viewTexts(this.#text),
    });
  }

  /** Byte-identical from the agent's start to its end (S3.7): the policy is part of it whether tools run or not. */
  #systemPrompt(): string {
    this.#system ??= [this.#activity.agent.instructions, this.#text('deliveryPolicy', {})]
      .filter((text) => text !== '')
      .join('\n\n');
    return this.#system;
  }

  get #text(): Wording {
    return this.#core.wording(this.#activity.agent);
  }

  #from(to: number): number {
    const limit = this.#core.options.contextLimit;
    if (limit === undefined) return 0;
    if (typeof limit === 'number') return Math.max(0, to - limit);
    try {
      const from = limit({ chatCtx: this.#core.session.contextOf(this.#activity.agent), usage: this.#core.usage.sum });
      return Number.isInteger(from) ? Math.min(Math.max(0, from), to) : 0;
    } catch (error) {
      this.#core.logger.error(`contextLimit threw: ${describeError(error)}`);
      this.#core.events.emit('error', { source: 'hook', error });
      return 0;
    }
  }

  /** Declared tools, and a stub for each that is gone while a call of it is in view. */
  #tools(inView: ReadonlySet<string>): DeclaredTool[] {
    const declared = this.#activity.toolbox.declared;
    const missing = [...inView].filter((name) => !this.#activity.toolbox.has(name));
    if (missing.length === 0) return [...declared];
    return [
      ...declared,
      ...missing.map((name) => ({
        type: 'function' as const,
        name,
        description: this.#text('goneTool', {}),
        inputSchema: { type: 'object' as const, properties: {} },
      })),
    ];
  }
}
