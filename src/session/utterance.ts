/**
 * One stretch of words of a speech, from the model or the application to the user's ear. An output that fails is an
 * event, and one that was cut is waited for at most `stopTimeoutMs` (S2.3, S5.6).
 */
import { OutputError } from '../errors.ts';
import { bounded } from '../engine/bounded.ts';
import type { Core } from './core.ts';
import { fellShort, type SpeechSink } from './output.ts';
import type { SpeechHandle } from './speech-handle.ts';

export interface Spoken {
  /** What was meant to be said. */
  readonly text: string;
  readonly heard: string;
  /** Not all of it was heard. */
  readonly cut: boolean;
}

export class Utterance {
  readonly #core: Core;
  readonly #speech: SpeechHandle;
  readonly #agent: string;
  readonly #whenCut = Promise.withResolvers<void>();
  #sink: SpeechSink | undefined;
  #text = '';
  #cut = false;

  constructor(core: Core, speech: SpeechHandle, agent: string) {
    this.#core = core;
    this.#speech = speech;
    this.#agent = agent;
  }

  get text(): string {
    return this.#text;
  }

  get hasBegun(): boolean {
    return this.#sink !== undefined;
  }

  /**
   * Throws, or rejects with, an OutputError. A cut ends the wait for an output that takes its time. The first sound waits
   * until a store has kept all that led to it.
   */
  write(text: string): void | Promise<void> {
    const kept = this.#sink ? undefined : this.#core.keeper?.whenKept();
    if (kept && !this.#cut) return Promise.race([kept, this.#whenCut.promise]).then(() => this.#write(text));
    return this.#write(text);
  }

  #write(text: string): void | Promise<void> {
    if (text === '' || this.#cut) return;
    let written: unknown;
    try {
      written = this.#open().write(text);
    } catch (error) {
      throw new OutputError(error);
    }
    this.#text += text;
    if (written instanceof Promise) return Promise.race([written.catch(failed), this.#whenCut.promise]);
  }

  cut(): void {
    if (this.#cut) return;
    this.#cut = true;
    try {
      this.#sink?.clear();
    } catch (error) {
      this.#report(error);
    }
    this.#whenCut.resolve();
  }

  /** `whole`: all that was to be said has been written. */
  async finish(whole: boolean): Promise<Spoken> {
    const text = this.#text;
    const heard = this.#sink ? await this.#heard(this.#sink) : '';
    return { text, heard, cut: !whole || fellShort(text, heard, this.#cut) };
  }

  async #heard(sink: SpeechSink): Promise<string> {
    try {
      const ended = (async () => await sink.end())();
      await Promise.race([ended, this.#whenCut.promise]);
      const { options, clock, stage } = this.#core;
      const { stopTimeoutMs } = options;
      if (this.#cut && !(await bounded(ended, stopTimeoutMs, clock, stage))) {
        throw new Error(`It did not say within ${String(stopTimeoutMs)} ms what had been heard when it was cut.`);
      }
      const heard = await ended;
      if (heard?.error !== undefined) this.#report(heard.error);
      const text: unknown = heard?.text;
      if (typeof text === 'string') return text;
      throw new TypeError(`Expected end() to give { text }, the words that were heard, got text ${typeof text}.`);
    } catch (error) {
      this.#report(error);
      return '';
    }
  }

  #open(): SpeechSink {
    if (this.#sink) return this.#sink;
    const speech = this.#speech;
    this.#sink = this.#core.output.open({
      speechId: speech.id,
      kind: speech.kind,
      agent: this.#agent,
      get allowInterruptions() {
        return speech.allowInterruptions;
      },
    });
    this.#core.speaking.spoke(this.#speech);
    return this.#sink;
  }

  #report(cause: unknown): void {
    const error = new OutputError(cause);
    this.#core.logger.error(error.message);
    this.#core.events.emit('error', { source: 'output', error });
  }
}

function failed(error: unknown): never {
  throw new OutputError(error);
}
