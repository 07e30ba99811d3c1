/** The process itself as the outside world of a command. */
import type { Io, OutputStream, StopSignal } from './io.ts';

const signals: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** For output on its way to a slow reader. */
const graceMs = 500;

export function processIo(): Io {
  const { stdin, stdout, stderr } = process;
  return {
    stdin,
    stdout: direct(stdout),
    stderr: direct(stderr),
    env: process.env,
    cwd: process.cwd(),
    onSignal: (listener) => {
      for (const signal of signals) process.on(signal, listener);
      return () => {
        for (const signal of signals) process.off(signal, listener);
      };
    },
    onStarved: (listener) => {
      process.on('beforeExit', listener);
      return () => process.off('beforeExit', listener);
    },
    onCrash: (listener) => {
      process.on('uncaughtExceptionMonitor', listener);
      return () => process.off('uncaughtExceptionMonitor', listener);
    },
    leave: (exitCode) => {
      setTimeout(() => process.exit(exitCode), graceMs).unref();
    },
    capture: (listener) => {
      const stops = [stdout, stderr].map((stream) => captureWrites(stream, listener));
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}

/** The stream with a `write` of its own, which `capture` leaves alone. */
function direct(stream: NodeJS.WriteStream): OutputStream {
  const write = stream.write.bind(stream);
  return new Proxy(stream, {
    get: (target, key) => {
      if (key === 'write') return write;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

function captureWrites(stream: NodeJS.WriteStream, listener: (text: string) => void): () => void {
  const write = stream.write.bind(stream);
  stream.write = (chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
    listener(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
    const callback = typeof encoding === 'function' ? encoding : done;
    if (typeof callback === 'function') queueMicrotask(callback as () => void);
    return true;
  };
  return () => {
    stream.write = write;
  };
}
