/**
 * One life of a toolset in one place (S8.6): set up, used, and closed after the last task of its tools. Its functions
 * are the application's, and may wait for the conversation: then that does not wait for them (S6.8).
 */
import type { Owner } from '../chat/records.ts';
import { describeError } from '../errors.ts';
import type { Toolset, ToolSource } from '../tools/toolset.ts';
import { runAs } from './ambient.ts';
import type { Core } from './core.ts';

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
  readonly #core: Core;
  readonly #ports: LifePorts;
  readonly #setUp: Promise<void>;
  #isReady = false;
  #end: Promise<void> | undefined;

  /** `after`: its life before this one, in the same place. */
  constructor(core: Core, toolset: Toolset, ports: LifePorts, after: Promise<void> | undefined) {
    this.#core = core;
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
    const { session } = this.#core;
    const context = { session, updateTools: (tools: ToolSource) => this.#ports.updateTools(toolset, tools) };
    try {
      await runAs({ session, letGo }, async () => await toolset.setup(context));
      this.#isReady = true;
      this.#ports.onReady();
    } catch (error) {
      this.#report(`The setup of toolset "${toolset.id}" failed; its tools are not offered`, error);
    }
  }

  async #close(): Promise<void> {
    await this.#setUp;
    if (!this.#isReady) return;
    await Promise.all(this.#tasks().map((task) => task.whenOver));
    const { promise: letGo, resolve } = Promise.withResolvers<void>();
    const closed = runAs(
      { session: this.#core.session, letGo: () => resolve() },
      async () => await this.toolset.close(),
    );
    try {
      await Promise.race([closed, letGo]);
    } catch (error) {
      this.#report(`Closing toolset "${this.toolset.id}" failed`, error);
    }
  }

  #tasks() {
    const { owner } = this.#ports;
    return [...this.#core.executor.live].filter(
      ({ tool }) => tool.owner === owner && tool.toolsets?.includes(this.toolset),
    );
  }

  #report(what: string, error: unknown): void {
    this.#core.logger.error(`${what}: ${describeError(error)}`);
    this.#core.events.emit('error', { source: 'toolset', error });
  }
}
