/**
 * Where the agent's words go. Text today, speech through the same interface: what counts is what was heard.
 */
import { checkEach, checkNames, record, typed } from '../tools/options.ts';

/** What reached the user. For text it is what was written, for speech what was played. */
export interface Heard {
  readonly text: string;
  /** What failed, where that is why the rest was not heard: it becomes an `error` event of source `output`. */
  readonly error?: unknown;
}

export interface SpokenInfo {
  readonly speechId: string;
  readonly kind: 'reply' | 'say' | 'filler';
  readonly agent: string;
  /** May it be cut? As of now: a tool's body can take the permission back while it is said. */
  readonly allowInterruptions: boolean;
}

/** One stretch of words on its way to the user. */
export interface SpeechSink {
  /** The next words. A promise asks the writer to wait (back-pressure). */
  write(text: string): void | Promise<void>;
  /** No more words: settles when playback has ended, or after `clear` with what had been heard by then. */
  end(): Heard | Promise<Heard>;
  /** Stops playback at once. `end` then settles; nothing written later is heard. */
  clear(): void;
}

export interface SpeechOutput {
  /** What a pause means in it: among spoken words one is part of talking (S6.1, `quietMs`). Default `'text'`. */
  readonly medium?: 'text' | 'voice';
  open(speech: SpokenInfo): SpeechSink;
}

/**
 * Is some of what was said missing in what was heard? Nobody having cut it, an output may name it in its own words
 * ("five" for "5"): then all was heard.
 */
export function fellShort(said: string, heard: string, cleared: boolean): boolean {
  const whole = said.trim();
  const reached = heard.trim();
  return reached !== whole && (cleared || whole.startsWith(reached));
}

export interface TextListener {
  /** Words as they come. */
  onText?(text: string, speech: SpokenInfo): void;
  /** The stretch is over, `cut` if the user did not get all of it. */
  onEnd?(speech: SpokenInfo, cut: boolean): void;
}

/** Throws MeanwhileError `invalid_option`. */
export function checkTextListener(what: string, listener: TextListener): void {
  const fn = typed('a function', (value) => typeof value === 'function');
  record(what, 'the listener', listener, 'invalid_option');
  checkNames(what, listener, ['onText', 'onEnd'], {}, 'invalid_option');
  checkEach(what, { ...listener }, { onText: fn, onEnd: fn }, 'invalid_option');
}

/** Text that counts as heard when it was written. A listener that throws harms nobody. */
export function createTextOutput(listener: TextListener = {}): SpeechOutput {
  checkTextListener('createTextOutput', listener);
  return {
    open(speech) {
      let text = '';
      let over = false;
      const finish = (cut: boolean): void => {
        if (over) return;
        over = true;
        safely(() => listener.onEnd?.(speech, cut));
      };
      return {
        write(delta) {
          if (over) return;
          text += delta;
          safely(() => listener.onText?.(delta, speech));
        },
        end() {
          finish(false);
          return { text };
        },
        clear() {
          finish(true);
        },
      };
    },
  };
}

function safely(fn: () => void): void {
  try {
    fn();
  } catch {
    // A listener's own fault: the words were written all the same.
  }
}
