/** Shows the agent's words to whoever watches, on their way to the output (S2.3: what counts is what was heard). */
import {
  fellShort,
  type Heard,
  type SpeechOutput,
  type SpeechSink,
  type SpokenInfo,
  type TextListener,
} from './output.ts';

export class Transcript implements SpeechOutput {
  readonly #output: SpeechOutput;
  #watchers: readonly { readonly listener: TextListener }[] = [];

  constructor(output: SpeechOutput) {
    this.#output = output;
  }

  watch(listener: TextListener): () => void {
    const watcher = { listener };
    this.#watchers = [...this.#watchers, watcher];
    return () => {
      this.#watchers = this.#watchers.filter((other) => other !== watcher);
    };
  }

  open(speech: SpokenInfo): SpeechSink {
    const sink = this.#output.open(speech);
    let written = '';
    let cleared = false;
    return {
      write: (text) => {
        if (!cleared) {
          written += text;
          this.#tell((listener) => listener.onText?.(text, speech));
        }
        return sink.write(text);
      },
      end: async () => {
        let heard: Heard | undefined;
        try {
          heard = await sink.end();
          return heard;
        } finally {
          const cut = cleared || fellShort(written, typeof heard?.text === 'string' ? heard.text : '', false);
          this.#tell((listener) => listener.onEnd?.(speech, cut));
        }
      },
      clear: () => {
        cleared = true;
        sink.clear();
      },
    };
  }

  /** A listener that throws harms nobody. */
  #tell(call: (listener: TextListener) => void): void {
    for (const { listener } of this.#watchers) {
      try {
        call(listener);
      } catch {
        // The words were put out all the same.
      }
    }
  }
}
