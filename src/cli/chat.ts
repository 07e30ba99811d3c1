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

function readArguments(argv: readonly string[]): { file: string; plain: boolean } {
  const { values, positionals } = parse(argv);
  const [file, second] = positionals;
  if (file === undefined) throw new CliFailure('chat: expected a file, got none; write meanwhile chat FILE.', 2);
  if (second !== undefined) throw new CliFailure(`chat: expected one file, got also "${second}".`, 2);
  return { file, plain: values.plain ?? false };
}

function parse(argv: readonly string[]) {
  const options = { plain: { type: 'boolean', short: 'p' } } as const;
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (error) {
    const given = error instanceof Error ? /'(-[^' ]*)/.exec(error.message)?.[1] : undefined;
    const fact = given === undefined ? 'the options cannot be read' : `there is no option "${given}"`;
    throw new CliFailure(
      `chat: ${fact}; the only one is --plain. A file whose name begins with "-" is written ./-name.`,
      2,
    );
  }
}

/** A terminal on both sides, and one that can move its cursor. */
function isScreen({ stdin, stdout, env }: Io): boolean {
  return stdin.isTTY === true && stdout.isTTY === true && env['TERM'] !== 'dumb';
}
