/**
 * One life of a toolset in one place (S8.6): set up, used, and closed after the last task of its tools. Its functions
 * are the application's, and may wait for the conversation: then that does not wait for them (S6.8).
 */
import type { Owner } from '../chat/records.ts';
import type { ToolSession } from '../tools/faces.ts';
import type { Toolset, ToolSource } from '../tools/toolset.ts';
import type { Task } from './task.ts';

/** Where toolsets live. */
export interface ToolsetHost {
  /** What a `setup` is given. */
  readonly session: ToolSession;
  /** Tasks whose bodies run or are stopping. */
  live(): Iterable<Task>;
  /** Runs a toolset's own code; `letGo` when that is about to wait for the conversation. */
  run<T>(fn: () => T, letGo: () => void): T;
  failed(fact: string, error: unknown): void;
}

export interface LifePorts {
  /** The place: the session, or an activity. */
  readonly owner: Owner;
  readonly updateTools: (toolset: Toolset, tools: ToolSource) => void;
  readonly onReady: () => void;
}

export class ToolsetLife {
  readonly toolset: Toolset;
  /** Settles when its setup has ended, or waits for the conversation. Never rejects. */
  readonly begun: Promise<void>;
  readonly #host: ToolsetHost;
  readonly #ports: LifePorts;
  readonly #setUp: Promise<void>;
  #isReady = false;
  #end: Promise<void> | undefined;

  /** `after`: its life before this one, in the same place. */
  constructor(host: ToolsetHost, toolset: Toolset, ports: LifePorts, after: Promise<void> | undefined) {
    this.#host = host;
    this.toolset = toolset;
    this.#ports = ports;
    const { promise: letGo, resolve } = Promise.withResolvers<void>();
    // Not before whoever makes it knows it: a setup may change the session's tools itself.
    this.#setUp = Promise.resolve(after).then(() => this.#start(resolve));
    this.begun = Promise.race([this.#setUp, letGo]);
  }

  get isReady(): boolean {
    return this.#isReady && this.#end === undefined;
  }

  /** Its tools are not offered any more. Resolves when it is closed. */
  end(): Promise<void> {
    this.#end ??= this.#close();
    return this.#end;
  }

  async #start(letGo: () => void): Promise<void> {
    const { toolset } = this;
    const host = this.#host;
    const context = {
      get session() {
        return host.session;
      },
      updateTools: (tools: ToolSource) => this.#ports.updateTools(toolset, tools),
    };
    try {
      await host.run(async () => await toolset.setup(context), letGo);
      this.#isReady = true;
      this.#ports.onReady();
    } catch (error) {
      host.failed(`The setup of toolset "${toolset.id}" failed; its tools are not offered`, error);
    }
  }

  async #close(): Promise<void> {
    await this.#setUp;
    if (!this.#isReady) return;
    await Promise.all(this.#tasks().map((task) => task.whenOver));
    const { promise: letGo, resolve } = Promise.withResolvers<void>();
    const closed = this.#host.run(async () => await this.toolset.close(), resolve);
    try {
      await Promise.race([closed, letGo]);
    } catch (error) {
      this.#host.failed(`Closing toolset "${this.toolset.id}" failed`, error);
    }
  }

  #tasks() {
    const { owner } = this.#ports;
    return [...this.#host.live()].filter(({ tool }) => tool.owner === owner && tool.toolsets?.includes(this.toolset));
  }
}
