/** One speech of the agent, as others hold it (S3, S6). */
import { MeanwhileError } from '../errors.ts';
import type { SpeechRef } from '../tools/faces.ts';
import { whoRuns } from './ambient.ts';

export type SpeechKind = 'reply' | 'say' | 'filler';

/** `tools`: its words are out and its calls run. Then it is silent as long as one of them has not settled. */
export type SpeechPhase = 'queued' | 'speaking' | 'tools' | 'done';

export type SpeechResult =
  | { readonly type: 'completed'; readonly heard: string; readonly toolsCalled: boolean }
  | { readonly type: 'nothing_said'; readonly toolsCalled: boolean }
  | { readonly type: 'interrupted'; readonly heard: string; readonly toolsCalled: boolean }
  | { readonly type: 'failed'; readonly error: unknown; readonly toolsCalled: boolean };

export class SpeechHandle implements SpeechRef {
  readonly id: string;
  readonly kind: SpeechKind;
  /** Resolves when the speech is over: its words heard or cut, its calls answered, its items in the context. */
  readonly done: Promise<SpeechResult>;
  readonly #settle: (result: SpeechResult) => void;
  readonly #onInterrupt = new Set<() => void>();
  #phase: SpeechPhase = 'queued';
  #phaseChanged = Promise.withResolvers<void>();
  #interrupted = false;
  #allowInterruptions = true;
  #result: SpeechResult | undefined;

  constructor(id: string, kind: SpeechKind) {
    this.id = id;
    this.kind = kind;
    const { promise, resolve } = Promise.withResolvers<SpeechResult>();
    this.done = promise;
    this.#settle = resolve;
  }

  get phase(): SpeechPhase {
    return this.#phase;
  }

  set phase(phase: SpeechPhase) {
    if (phase === this.#phase) return;
    this.#phase = phase;
    const changed = this.#phaseChanged;
    this.#phaseChanged = Promise.withResolvers();
    changed.resolve();
  }

  /** Resolves when the phase is another than now. */
  get nextPhase(): Promise<void> {
    return this.#phaseChanged.promise;
  }

  get interrupted(): boolean {
    return this.#interrupted;
  }

  get allowInterruptions(): boolean {
    return this.#allowInterruptions;
  }

  get result(): SpeechResult | undefined {
    return this.#result;
  }

  disallowInterruptions(): void {
    this.#allowInterruptions = false;
  }

  /**
   * Stops it: its words are cut, its calls go to the background. Throws MeanwhileError `session_state` when it may not
   * be interrupted.
   */
  interrupt(): void {
    if (this.phase === 'done' || this.#interrupted) return;
    if (!this.#allowInterruptions) {
      throw new MeanwhileError('session_state', `Speech ${this.id} does not allow interruptions. Wait for it with waitForPlayout().`);
    }
    this.cut();
  }

  /** Interrupts, whatever it allows: for a close. */
  cut(): void {
    if (this.phase === 'done' || this.#interrupted) return;
    this.#interrupted = true;
    for (const listener of [...this.#onInterrupt]) listener();
  }

  onInterrupt(listener: () => void): () => void {
    if (this.#interrupted) listener();
    this.#onInterrupt.add(listener);
    return () => this.#onInterrupt.delete(listener);
  }

  /**
   * Resolves when it was heard or cut. Rejects with MeanwhileError `circular_wait` when a call of this very speech
   * waits for it while it blocks it (S6.8).
   */
  async waitForPlayout(): Promise<void> {
    const body = whoRuns()?.body;
    if (body?.speechId === this.id && body.isBlocking()) {
      throw new MeanwhileError(
        'circular_wait',
        `Tool ${body.toolName} waits for speech ${this.id}, which waits for the tool. Use ctx.waitForPlayout(), or ctx.update() first.`,
      );
    }
    await this.done;
  }

  finish(result: SpeechResult): void {
    if (this.#result) return;
    this.#result = result;
    this.phase = 'done';
    this.#onInterrupt.clear();
    this.#settle(result);
  }
}
