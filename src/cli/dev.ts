/** `meanwhile dev FILE`: a page on this machine where one talks to the agent a file exports and watches its tasks. */
import { parseArgs } from 'node:util';
import { systemClock } from '../index.ts';
import { startDev } from './dev/start.ts';
import { CliFailure } from './failure.ts';
import type { Io } from './io.ts';

const options = { port: { type: 'string', short: 'P' }, 'no-voice': { type: 'boolean' } } as const;

export async function dev(argv: readonly string[], io: Io): Promise<number> {
  const { file, port, voice } = readArguments(argv);
  const running = await startDev({ file, port, voice, world: { ...io, clock: io.clock ?? systemClock } });
  await new Promise<void>((resolve) => {
    const stop = io.onSignal(() => {
      stop();
      resolve();
    });
  });
  await running.close();
  return 0;
}

function readArguments(argv: readonly string[]): { file: string; port: number; voice: boolean } {
  const { positionals, values, tokens } = parseArgs({
    args: [...argv],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind !== 'option' || Object.hasOwn(options, token.name)) continue;
    throw new CliFailure(`dev: there is no option "${token.rawName}"; there are --port and --no-voice.`, 2);
  }
  const [file, second] = positionals;
  if (file === undefined) throw new CliFailure('dev: expected a file, got none; write meanwhile dev FILE.', 2);
  if (second !== undefined) throw new CliFailure(`dev: expected one file, got also "${second}".`, 2);
  return { file, port: readPort(values.port), voice: values['no-voice'] !== true };
}

/** Default: 4680. 0 lets the system choose. */
function readPort(given: string | boolean | undefined): number {
  if (given === undefined) return 4680;
  const port = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw new CliFailure(`dev: expected a port from 0 to 65535, got ${JSON.stringify(given)}; write --port 4680.`, 2);
}
