/** `meanwhile dev FILE`: a page on this machine where one talks to the agent a file exports and watches its tasks. */
import { parseArgs } from 'node:util';
import { systemClock } from '../index.ts';
import { startDev } from './dev/start.ts';
import { CliFailure } from './failure.ts';
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
  const { positionals, values, tokens } = parseArgs({
    args: [...argv],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    if (!Object.hasOwn(options, name))
      throw new CliFailure(`dev: there is no option "${rawName}"; there are --port, --no-voice and --store.`, 2);
    if (name === 'no-voice' && value !== undefined)
      throw new CliFailure(`dev: ${rawName} takes no value, got "${value}".`, 2);
  }
  const [file, second] = positionals;
  if (file === undefined) throw new CliFailure('dev: expected a file, got none; write meanwhile dev FILE.', 2);
  if (second !== undefined) throw new CliFailure(`dev: expected one file, got also "${second}".`, 2);
  const store = readStore('dev', values.store);
  return {
    file,
    port: readPort(values.port),
    voice: values['no-voice'] !== true,
    ...(store === undefined ? {} : { store }),
  };
}

/** Default: 4680. 0 lets the system choose. */
function readPort(given: string | boolean | undefined): number {
  if (given === undefined) return 4680;
  const port = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : NaN;
  if (port >= 0 && port <= 65_535) return port;
  const got = typeof given === 'string' ? JSON.stringify(given) : 'none';
  throw new CliFailure(`dev: expected a port from 0 to 65535, got ${got}; write --port 4680.`, 2);
}
