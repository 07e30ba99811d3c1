/** One speech of the agent, as others hold it: they may wait for it (S6.8), and cut it where it allows that (S5.6). */
import { add, emptySet, remove } from '../chat/tables.ts';
import { MeanwhileError } from '../errors.ts';
import type { SpeechRef } from '../tools/faces.ts';
import { requireLiveBody, whoRuns } from './ambient.ts';

export type SpeechKind = 'reply' | 'say' | 'filler';

/** `tools`: its words are out and its calls run. Then it is silent as long as one of them has not settled. */
export type SpeechPhase = 'queued' | 'speaking' | 'tools' | 'done';

/** The user, or the application by `interrupt()`; or the session on its own account: for a delivery, a handoff, a close. */
export type CutBy = 'user' | 'session';

export type SpeechResult =
  | { readonly type: 'completed'; readonly heard: string; readonly toolsCalled: boolean }
  | { readonly type: 'nothing_said'; readonly toolsCalled: boolean }
  | { readonly type: 'interrupted'; readonly heard: string; readonly toolsCalled: boolean }
  | { readonly type: 'failed'; readonly error: unknown; readonly toolsCalled: boolean };

export class SpeechHandle implements SpeechRef {
  readonly id: string;
  readonly kind: SpeechKind;
  /** The step of its turn that it is at. */
  step = 0;
  /** Resolves when the speech is over: its words heard or cut, its calls answered, its items in the context. */
  readonly done: Promise<SpeechResult>;
  readonly #settle: (result: SpeechResult) => void;
  #onInterrupt: ReadonlySet<(by: CutBy) => void> = emptySet();
  #phase: SpeechPhase = 'queued';
  /** Made when somebody waits. */
  #phaseChanged: PromiseWithResolvers<void> | undefined;
  #cutBy: CutBy | undefined;
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
    this.#phaseChanged?.resolve();
    this.#phaseChanged = undefined;
  }

  /** Resolves when the phase is another than now. */
  get nextPhase(): Promise<void> {
    this.#phaseChanged ??= Promise.withResolvers();
    return this.#phaseChanged.promise;
  }

  get interrupted(): boolean {
    return this.#cutBy !== undefined;
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
   * be interrupted; for a body that was cancelled, its signal's reason.
   */
  interrupt(): void {
    requireLiveBody();
    if (this.phase === 'done' || this.#cutBy) return;
    if (!this.#allowInterruptions) {
      throw new MeanwhileError(
        'session_state',
        `Speech ${this.id} does not allow interruptions. Wait for it with waitForPlayout().`,
      );
    }
    this.cut('user');
  }

  /** Stops it, whatever it allows. */
  cut(by: CutBy): void {
    if (this.phase === 'done' || this.#cutBy) return;
    this.#cutBy = by;
    for (const listener of [...this.#onInterrupt]) listener(by);
  }

  onInterrupt(listener: (by: CutBy) => void): () => void {
    if (this.#cutBy) listener(this.#cutBy);
    this.#onInterrupt = add(this.#onInterrupt, listener);
    return () => remove(this.#onInterrupt, listener);
  }

  /**
   * Resolves when it was heard or cut. Rejects with MeanwhileError `circular_wait` when a call of this very speech
   * waits for it while it blocks it (S6.8).
   */
  async waitForPlayout(): Promise<void> {
    const running = whoRuns();
    const body = running?.body;
    if (body?.speechId === this.id && body.isBlocking()) {
      throw new MeanwhileError(
        'circular_wait',
        `Tool ${body.toolName} waits for speech ${this.id}, which waits for the tool. Use ctx.waitForPlayout(), or ctx.update() first.`,
      );
    }
    const goOn = running?.waits?.();
    try {
      await this.done;
    } finally {
      goOn?.();
    }
  }

  finish(result: SpeechResult): void {
    if (this.#result) return;
    this.#result = result;
    this.phase = 'done';
    this.#onInterrupt = emptySet();
    this.#settle(result);
  }
}
