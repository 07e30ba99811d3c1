/** The toolsets of one place, the session or an activity: set up when they come, closed when they go (S8.6). */
import type { Owner } from '../chat/records.ts';
import { emptyMap, put, remove } from '../chat/tables.ts';
import { collectToolsets, flattenTools, loadSchemas, type ResolvedTool } from '../tools/flatten.ts';
import type { Toolset, ToolSource } from '../tools/toolset.ts';
import { ToolsetLife, type ToolsetHost } from './toolset-life.ts';

export class ToolsetCare {
  readonly #host: ToolsetHost;
  readonly #owner: Owner;
  readonly #onChange: () => void;
  #lives: ReadonlyMap<Toolset, ToolsetLife> = emptyMap();
  #endings: ReadonlyMap<Toolset, Promise<void>> = emptyMap();
  #source: ToolSource | undefined;

  constructor(host: ToolsetHost, owner: Owner, onChange: () => void) {
    this.#host = host;
    this.#owner = owner;
    this.#onChange = onChange;
  }

  /** Those that can be offered: set up, and with their schema loaded. */
  get usable(): ResolvedTool[] {
    return flattenTools(this.#source).filter(
      (tool) =>
        tool.schema.jsonSchema !== undefined && tool.toolsets.every((toolset) => this.#lives.get(toolset)?.isReady),
    );
  }

  /** Throws `invalid_definition`, nothing being changed. Resolves when what is new can be offered. */
  async update(source: ToolSource | undefined): Promise<void> {
    const tools = flattenTools(source);
    const wanted = new Set(collectToolsets(source));
    this.#source = source;
    for (const toolset of [...this.#lives.keys()]) if (!wanted.has(toolset)) void this.#end(toolset);
    const begun = [...wanted].map((toolset) => this.#live(toolset).begun);
    this.#onChange();
    await Promise.all([this.#load(tools), ...begun]);
    this.#onChange();
  }

  /** All of them. Resolves when they are closed, but for those that are `inUse`. */
  async close(inUse: readonly object[] = []): Promise<void> {
    for (const toolset of [...this.#lives.keys()]) void this.#end(toolset);
    await Promise.all([...this.#endings].flatMap(([toolset, ended]) => (inUse.includes(toolset) ? [] : [ended])));
  }

  #live(toolset: Toolset): ToolsetLife {
    const known = this.#lives.get(toolset);
    if (known) return known;
    const ports = {
      owner: this.#owner,
      updateTools: (...update: [Toolset, ToolSource]) => this.#replace(...update),
      onReady: () => this.#onChange(),
    };
    const life = new ToolsetLife(this.#host, toolset, ports, this.#endings.get(toolset));
    this.#lives = put(this.#lives, toolset, life);
    return life;
  }

  #end(toolset: Toolset): Promise<void> | undefined {
    const ended = this.#lives.get(toolset)?.end();
    remove(this.#lives, toolset);
    if (!ended) return undefined;
    this.#endings = put(this.#endings, toolset, ended);
    void ended.then(() => {
      if (this.#endings.get(toolset) === ended) remove(this.#endings, toolset);
    });
    return ended;
  }

  /** Other tools in a toolset. What would clash with the tools beside it is refused, and changes nothing. */
  #replace(toolset: Toolset, tools: ToolSource): void {
    const before = toolset.tools;
    toolset.replaceTools(tools);
    try {
      flattenTools(this.#source);
    } catch (error) {
      toolset.replaceTools(before);
      throw error;
    }
    this.#onChange();
    void this.#load(flattenTools([toolset])).then(() => this.#onChange());
  }

  async #load(tools: readonly ResolvedTool[]): Promise<void> {
    await Promise.all(
      tools.map(async (tool) => {
        try {
          await loadSchemas([tool]);
        } catch (error) {
          this.#host.failed(`The schema of tool "${tool.name}" cannot be used`, error);
        }
      }),
    );
  }
}
