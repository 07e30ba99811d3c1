/** A voice: each word takes its time, a cut falls between two of them, and every promise it gives goes through the pool. */
import type { Heard, SpeechOutput, SpeechSink, SpokenInfo } from 'meanwhile';
import type { ShuffledClock } from './clock.ts';
import type { Output } from './plan.ts';
import type { Shuffle } from './shuffle.ts';

const msPerWord = 100;

export interface VoicePorts {
  readonly clock: ShuffledClock;
  readonly shuffle: Shuffle;
  /** Does `write` ask its writer to wait? */
  readonly slow: boolean;
  readonly onOpen: (speech: SpokenInfo) => void;
  /** Words that reach the output. */
  readonly onWrite: (speech: SpokenInfo) => void;
}

export class Voice implements SpeechOutput {
  how: Output = 'works';
  readonly #ports: VoicePorts;

  constructor(ports: VoicePorts) {
    this.#ports = ports;
  }

  open(speech: SpokenInfo): SpeechSink {
    this.#ports.onOpen(speech);
    if (this.how === 'does not open') throw new Error('The loudspeaker is unplugged.');
    return new Stretch(this.#ports, this.how, speech);
  }
}

class Stretch implements SpeechSink {
  readonly #ports: VoicePorts;
  readonly #how: Output;
  readonly #speech: SpokenInfo;
  readonly #words: string[] = [];
  readonly #over = Promise.withResolvers<void>();
  #heard = '';
  #ended = false;
  #cleared = false;
  #timer: object | undefined;

  constructor(ports: VoicePorts, how: Output, speech: SpokenInfo) {
    this.#ports = ports;
    this.#how = how;
    this.#speech = speech;
  }

  write(text: string): void | Promise<void> {
    this.#ports.onWrite(this.#speech);
    if (this.#how === 'does not write') throw new Error('The line is dead.');
    if (!this.#cleared) this.#words.push(text);
    this.#play();
    if (this.#ports.slow) return this.#ports.shuffle.pass('write');
  }

  async end(): Promise<Heard> {
    this.#ended = true;
    if (!this.#timer) this.#over.resolve();
    await this.#over.promise;
    await this.#ports.shuffle.pass('heard');
    if (this.#how === 'does not end') throw new Error('Nobody knows what was heard.');
    return { text: this.#how === 'hears nothing' ? '' : this.#heard };
  }

  clear(): void {
    this.#cleared = true;
    this.#words.length = 0;
    this.#ports.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#over.resolve();
  }

  #play(): void {
    if (this.#timer) return;
    const word = this.#words.shift();
    if (word === undefined) {
      if (this.#ended) this.#over.resolve();
      return;
    }
    this.#timer = this.#ports.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#heard += word;
      this.#play();
    }, msPerWord);
  }
}
