/** A process of a test: what it prints, and a way to wait for it. Whoever starts it kills it. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const flags = ['--conditions=meanwhile-source', '--disable-warning=ExperimentalWarning'];

export interface Child {
  readonly process: ChildProcessWithoutNullStreams;
  /** All it has printed. */
  out(): string;
  errors(): string;
  /** Resolves with what matches, when there is one. Rejects where it ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** The same of its errors. */
  complained(pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<number | null>;
  /** Without a warning. */
  kill(): Promise<void>;
}

export function startChild(args: readonly string[], env: Record<string, string> = {}): Child {
  const child = spawn(process.execPath, [...flags, ...args], { cwd: root, env: { ...process.env, ...env } });
  let [out, errors, isOver] = ['', '', false];
  let changed = Promise.withResolvers<void>();
  const tell = (): void => {
    const { resolve } = changed;
    changed = Promise.withResolvers();
    resolve();
  };
  child.stdout.on('data', (data: Buffer) => {
    out += data.toString();
    tell();
  });
  child.stderr.on('data', (data: Buffer) => {
    errors += data.toString();
    tell();
  });
  const ended = once(child, 'close').then(([code]) => {
    isOver = true;
    tell();
    return code as number | null;
  });
  const kill = async (): Promise<void> => {
    if (!isOver) child.kill('SIGKILL');
    await ended;
  };
  const matching = async (pattern: RegExp, text: () => string): Promise<RegExpExecArray> => {
    for (;;) {
      const found = pattern.exec(text());
      if (found) return found;
      if (isOver) throw new Error(`It ended before it printed ${String(pattern)}: ${out}${errors}`);
      await changed.promise;
    }
  };
  return {
    process: child,
    out: () => out,
    errors: () => errors,
    ended,
    kill,
    printed: (pattern) => matching(pattern, () => out),
    complained: (pattern) => matching(pattern, () => errors),
  };
}
