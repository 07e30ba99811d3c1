/**
 * The line the user types: Node's line editor (history, word keys, completion) with its own drawing switched off, so
 * that the screen draws the line where it belongs.
 */
import { createInterface, type Interface, type Key } from 'node:readline';
import { Writable } from 'node:stream';
import type { InputStream } from '../io.ts';

export interface EditorOptions {
  readonly stdin: InputStream;
  readonly onLine: (line: string) => void;
  /** The line or the cursor in it has changed. */
  readonly onChange: () => void;
  readonly onInterrupt: () => void;
  readonly onClear: () => void;
  /** No more input: end of file, or the terminal is gone. */
  readonly onEnd: () => void;
  /** What a word may be completed to. */
  readonly complete: (line: string) => readonly string[];
}

export class Editor {
  readonly #readline: Interface;
  readonly #options: EditorOptions;
  readonly #onKey: (text: string | undefined, key: Key) => void;
  readonly #onError = (): void => this.#options.onEnd();

  constructor(options: EditorOptions) {
    this.#options = options;
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    const complete = (line: string): [string[], string] => [
      options.complete(line).filter((word) => word.startsWith(line)),
      line,
    ];
    this.#readline = createInterface({
      input: options.stdin,
      output: nowhere,
      terminal: true,
      prompt: '',
      completer: complete,
    });
    this.#readline.on('line', options.onLine);
    this.#readline.on('SIGINT', options.onInterrupt);
    // Ctrl-Z would stop this process and not the ones it was started by: the terminal would hang.
    this.#readline.on('SIGTSTP', () => undefined);
    this.#readline.on('close', options.onEnd);
    this.#onKey = (_text, key) => (key.ctrl && key.name === 'l' ? options.onClear() : options.onChange());
    // After the line editor's own listener: what is drawn is what the key has done.
    options.stdin.on('keypress', this.#onKey);
    options.stdin.on('error', this.#onError);
  }

  get text(): string {
    return this.#readline.line;
  }

  /** In UTF-16 units from the start of the text. */
  get cursor(): number {
    return this.#readline.cursor;
  }

  /** Forgets what was typed. */
  empty(): void {
    this.#readline.write(null, { ctrl: true, name: 'e' });
    this.#readline.write(null, { ctrl: true, name: 'u' });
  }

  close(): void {
    this.#options.stdin.off('keypress', this.#onKey);
    this.#readline.off('close', this.#options.onEnd);
    this.#readline.close();
  }
}
