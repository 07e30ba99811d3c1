/** `meanwhile chat FILE`: a conversation with the agent a file exports, on a terminal or a pipe. */
import { parseArgs } from 'node:util';
import { systemClock } from '../index.ts';
import { CliFailure } from './failure.ts';
import type { Io } from './io.ts';
import { loadTalk } from './load.ts';
import { openTalk } from './open.ts';

export async function chat(argv: readonly string[], io: Io): Promise<number> {
  const { file, plain } = readArguments(argv);
  const world = { ...io, clock: io.clock ?? systemClock };
  const talk = openTalk(await loadTalk(file, io.cwd), world);
  if (plain || !isScreen(io)) {
    const { play } = await import('./play.ts');
    return play(talk, world);
  }
  const { converse } = await import('./terminal/converse.ts');
  return converse(talk, world);
}

const options = { plain: { type: 'boolean', short: 'p' } } as const;

/** Not strict: what is wrong is said here, in our own words. */
function readArguments(argv: readonly string[]): { file: string; plain: boolean } {
  const { positionals, tokens } = parseArgs({
    args: [...argv],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const given = tokens.filter((token) => token.kind === 'option');
  for (const { name, rawName, value } of given) {
    if (!Object.hasOwn(options, name))
      throw new CliFailure(`chat: there is no option "${rawName}"; the only one is --plain.`, 2);
    if (value !== undefined) throw new CliFailure(`chat: ${rawName} takes no value, got "${value}".`, 2);
  }
  const [file, second] = positionals;
  if (file === undefined) throw new CliFailure('chat: expected a file, got none; write meanwhile chat FILE.', 2);
  if (second !== undefined) throw new CliFailure(`chat: expected one file, got also "${second}".`, 2);
  return { file, plain: given.length > 0 };
}

/** A terminal on both sides, and one that can move its cursor. */
function isScreen({ stdin, stdout, env }: Io): boolean {
  return stdin.isTTY === true && stdout.isTTY === true && env['TERM'] !== 'dumb';
}
