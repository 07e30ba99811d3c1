/**
 * Toolsets are set up once and closed once, and closed only after the last task of their tools (S8.6). A setup that
 * fails costs only the tools of that toolset.
 */
import { describeError } from '../errors.ts';
import { collectToolsets, flattenTools, loadSchemas, type ResolvedTool } from '../tools/flatten.ts';
import type { Toolset, ToolSource } from '../tools/toolset.ts';
import type { Core } from './core.ts';

export class ToolsetCare {
  readonly #core: Core;
  readonly #onChange: () => void;
  readonly #toolsets = new Map<Toolset, 'ready' | 'failed'>();
  readonly #names = new Map<Toolset, readonly string[]>();

  constructor(core: Core, onChange: () => void) {
    this.#core = core;
    this.#onChange = onChange;
  }

  usable(tools: readonly ResolvedTool[]): ResolvedTool[] {
    return tools.filter(
      (tool) => tool.schema.jsonSchema !== undefined && tool.toolsets.every((toolset) => this.#toolsets.get(toolset) === 'ready'),
    );
  }

  async update(source: ToolSource | undefined, tools: readonly ResolvedTool[]): Promise<void> {
    const wanted = new Set(collectToolsets(source));
    const gone = [...this.#toolsets].filter(([toolset]) => !wanted.has(toolset));
    const added = [...wanted].filter((toolset) => !this.#toolsets.has(toolset));
    for (const [toolset, state] of gone) {
      this.#toolsets.delete(toolset);
      if (state === 'ready') void this.#close(toolset);
    }
    for (const toolset of wanted) {
      this.#names.set(toolset, tools.filter((tool) => tool.toolsets.includes(toolset)).map((tool) => tool.name));
    }
    await Promise.all([this.#load(tools), ...added.map((toolset) => this.#setUp(toolset))]);
  }

  /** All of them, at the end of the session. */
  async close(): Promise<void> {
    const ready = [...this.#toolsets].filter(([, state]) => state === 'ready');
    this.#toolsets.clear();
    await Promise.all(ready.map(([toolset]) => this.#close(toolset)));
  }

  async #load(tools: readonly ResolvedTool[]): Promise<void> {
    await Promise.all(
      tools.map(async (tool) => {
        try {
          await loadSchemas([tool]);
        } catch (error) {
          this.#report(`The schema of tool "${tool.name}" cannot be used`, error);
        }
      }),
    );
  }

  async #setUp(toolset: Toolset): Promise<void> {
    try {
      await toolset.setup({
        session: this.#core.session,
        updateTools: (tools) => {
          toolset.replaceTools(tools);
          this.#onChange();
          void this.#load(flattenTools([toolset])).then(() => this.#onChange());
        },
      });
      this.#toolsets.set(toolset, 'ready');
    } catch (error) {
      this.#toolsets.set(toolset, 'failed');
      this.#report(`The setup of toolset "${toolset.id}" failed; its tools are not offered`, error);
    }
  }

  async #close(toolset: Toolset): Promise<void> {
    const names = this.#names.get(toolset) ?? [];
    this.#names.delete(toolset);
    const tasks = [...this.#core.executor.live].filter((task) => names.includes(task.tool.name));
    await Promise.all(tasks.map((task) => task.whenStopped));
    try {
      await toolset.close();
    } catch (error) {
      this.#report(`Closing toolset "${toolset.id}" failed`, error);
    }
  }

  #report(what: string, error: unknown): void {
    this.#core.logger.error(`${what}: ${describeError(error)}`);
    this.#core.events.emit('error', { source: 'toolset', error });
  }
}
