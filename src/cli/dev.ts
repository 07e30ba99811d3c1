/** `meanwhile dev FILE`: a page on this machine where one talks to the agent a file exports and watches its tasks. */
import { systemClock } from '../index.ts';
import { startDev } from './dev/start.ts';
import { readCommandLine, readPort, requireFile } from './arguments.ts';
import type { Io } from './io.ts';
import { readStore } from './kept.ts';

const options = {
  port: { type: 'string', short: 'P' },
  'no-voice': { type: 'boolean' },
  store: { type: 'string', short: 's' },
} as const;

/** `page`: where the built page is, if not in the package. */
export async function dev(argv: readonly string[], io: Io, page?: string): Promise<number> {
  const world = { ...io, clock: io.clock ?? systemClock };
  const running = await startDev({ ...readArguments(argv), world, ...(page === undefined ? {} : { page }) });
  await new Promise<void>((resolve) => {
    const stop = io.onSignal(() => {
      stop();
      resolve();
    });
  });
  await running.close();
  return 0;
}

interface Arguments {
  readonly file: string;
  readonly port: number;
  readonly voice: boolean;
  readonly store?: string;
}

function readArguments(argv: readonly string[]): Arguments {
  const { file, values } = readCommandLine('dev', options, argv);
  const store = readStore('dev', values['store']);
  return {
    file: requireFile('dev', file),
    port: readPort('dev', values['port'], 4680),
    voice: values['no-voice'] !== true,
    ...(store === undefined ? {} : { store }),
  };
}
