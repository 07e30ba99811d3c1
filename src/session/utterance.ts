/** One stretch of words of a speech, from the model or the application to the user's ear. */
import { describeError } from '../errors.ts';
import type { Core } from './core.ts';
import type { Heard, SpeechSink } from './output.ts';
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

  write(text: string): void | Promise<void> {
    if (text === '' || this.#cut) return;
    if (!this.#sink) {
      this.#sink = this.#core.output.open({ speechId: this.#speech.id, kind: this.#speech.kind, agent: this.#agent });
      this.#core.speaking.spoke();
    }
    this.#text += text;
    return this.#sink.write(text);
  }

  cut(): void {
    if (this.#cut) return;
    this.#cut = true;
    this.#sink?.clear();
  }

  /** `whole`: all that was to be said has been written. */
  async finish(whole: boolean): Promise<Spoken> {
    const heard = await this.#heard();
    return { text: this.#text, heard, cut: !whole || heard.trim() !== this.#text.trim() };
  }

  async #heard(): Promise<string> {
    if (!this.#sink) return '';
    try {
      const heard: Heard = await this.#sink.end();
      return heard.text;
    } catch (error) {
      this.#core.logger.error(`The output failed: ${describeError(error)}`);
      this.#core.events.emit('error', { source: 'listener', error });
      return '';
    }
  }
}
