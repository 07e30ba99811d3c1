/** A terminal without a screen: what is written to it is interpreted, so that a test sees what a person would see. */
import { PassThrough, Writable } from 'node:stream';
import xterm from '@xterm/headless';
import type { Clock } from 'meanwhile';
import type { StopSignal, World } from '../../src/cli/io.ts';

export interface TestTerminal {
  readonly world: World;
  /** Keys, as a terminal sends them. */
  type(keys: string): void;
  /** All rows that were ever printed, and the panel; trailing spaces and empty rows at the end are gone. */
  rows(): Promise<string[]>;
  cursor(): Promise<{ row: number; column: number }>;
  resize(columns: number, rows: number): Promise<void>;
  /** What was written, escape sequences and all. */
  readonly written: string[];
  signal(signal: StopSignal): void;
  /** Somebody else writes to the process's output. */
  write(text: string): void;
  /** How the command has left, once it has. */
  readonly errors: string[];
}

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Record<string, string>;
}

export const keys = {
  enter: '\r',
  interrupt: '\u0003',
  end: '\u0004',
  clear: '\u000C',
  tab: '\t',
  left: '\u001B[D',
  up: '\u001B[A',
};

export function createTerminal(
  clock: Clock,
  { columns = 80, rows = 24, env = {} }: TerminalOptions = {},
): TestTerminal {
  const terminal = new xterm.Terminal({ cols: columns, rows, scrollback: 1000, allowProposedApi: true });
  const written: string[] = [];
  const errors: string[] = [];
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => stdin });
  const sink = (lines: string[], show: (text: string) => void): Writable =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        lines.push(chunk.toString());
        show(chunk.toString());
        done();
      },
    });
  const stdout = Object.assign(
    sink(written, (text) => terminal.write(text)),
    { isTTY: true, columns, rows },
  );
  const signals = new Set<(signal: StopSignal) => void>();
  const captures = new Set<(text: string) => void>();
  const listen = <T>(listeners: Set<T>, listener: T): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const flushed = (): Promise<void> => new Promise((resolve) => terminal.write('', resolve));
  return {
    world: {
      stdin,
      stdout,
      stderr: sink(errors, () => undefined),
      env,
      cwd: '/',
      clock,
      onSignal: (listener) => listen(signals, listener),
      onStarved: () => () => undefined,
      onCrash: () => () => undefined,
      capture: (listener) => listen(captures, listener),
      leave: () => undefined,
    },
    written,
    errors,
    type: (text) => void stdin.write(text),
    signal: (signal) => signals.forEach((listener) => listener(signal)),
    write: (text) => captures.forEach((listener) => listener(text)),
    rows: async () => {
      await flushed();
      const { active } = terminal.buffer;
      const all = Array.from({ length: active.length }, (_, row) =>
        (active.getLine(row)?.translateToString(true) ?? '').trimEnd(),
      );
      return all.slice(0, all.findLastIndex((row) => row !== '') + 1);
    },
    cursor: async () => {
      await flushed();
      const { active } = terminal.buffer;
      return { row: active.baseY + active.cursorY, column: active.cursorX };
    },
    resize: async (width, height) => {
      await flushed();
      terminal.resize(width, height);
      Object.assign(stdout, { columns: width, rows: height });
      stdout.emit('resize');
    },
  };
}
