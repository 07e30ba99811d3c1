/** The session's own tools: set up once, whatever agents come and go (S8.6). */
import { ToolsetCare } from '../engine/toolset-care.ts';
import { flattenTools, type ResolvedTool } from '../tools/flatten.ts';
import type { ToolSource } from '../tools/toolset.ts';
import type { Core } from './core.ts';
import { SessionToolsetHost } from './host.ts';

export class SharedTools {
  readonly #core: Core;
  readonly #care: ToolsetCare;
  #source: ToolSource | undefined;
  /** Counts changes of what is offered. */
  version = 0;

  constructor(core: Core, source: ToolSource | undefined) {
    this.#core = core;
    this.#source = source;
    this.#care = new ToolsetCare(new SessionToolsetHost(core), 'session', () => {
      this.version += 1;
    });
  }

  /** Of all its tools, whether they are ready or not. */
  get names(): string[] {
    return flattenTools(this.#source).map((tool) => tool.name);
  }

  get tools(): ResolvedTool[] {
    return this.#care.usable;
  }

  async setUp(): Promise<void> {
    await this.update(this.#source);
  }

  async update(source: ToolSource | undefined): Promise<void> {
    flattenTools(source);
    this.#source = source;
    await this.#care.update(source);
  }

  /**
   * At the end of the session: its toolsets and those of the agents that are still there. Resolves when they are closed, but
   * for those that are `inUse`.
   */
  async close(inUse: readonly object[] = []): Promise<void> {
    const activities = this.#core.stage.stack.map((activity) => activity.toolbox.care.close(inUse));
    await Promise.all([this.#care.close(inUse), ...activities]);
  }
}
