/** Everything of the outside world that a command touches, so that a test can stand in for it. */
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../index.ts';

export interface InputStream extends Readable {
  readonly isTTY?: boolean;
}

export interface OutputStream extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

export interface Io {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Default: the system's. Left to the command, so that one that needs no time loads none of it. */
  readonly clock?: Clock;
  /** Calls `listener` for each signal instead of dying of it; returns the way to stop. */
  onSignal(listener: (signal: StopSignal) => void): () => void;
  /** Calls `listener` when nothing is left that could ever happen; returns the way to stop. */
  onStarved(listener: () => void): () => void;
  /** Calls `listener` right before the process dies of an error nobody caught; returns the way to stop. */
  onCrash(listener: () => void): () => void;
  /** Gives `listener` what others write to stdout and stderr, instead of the terminal; returns the way to stop. */
  capture(listener: (text: string) => void): () => void;
  /** The command is over: what still runs must not keep the process. */
  leave(exitCode: number): void;
}

/** The same as a conversation is given it. */
export interface World extends Io {
  readonly clock: Clock;
}
