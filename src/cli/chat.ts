/** `meanwhile chat FILE`: a conversation with the agent a file exports, on a terminal or a pipe. */
import { systemClock } from '../index.ts';
import { readCommandLine, requireFile } from './arguments.ts';
import type { Io, World } from './io.ts';
import { beginKept, idsIn, openStore, readStore, resumeKept, type Keeping } from './kept.ts';
import { loadTalk, type LoadedTalk } from './load.ts';
import { openTalk, type Talk } from './open.ts';

export async function chat(argv: readonly string[], io: Io): Promise<number> {
  const { file, plain, store } = readArguments(argv);
  const world = { ...io, clock: io.clock ?? systemClock };
  const show = await front(plain || !isScreen(io));
  const loaded = await loadTalk(file, io.cwd);
  const keeping = await openStore(loaded, store, io.cwd);
  try {
    return await show(keeping ? await openNewest(loaded, world, keeping) : openTalk(loaded, world), world);
  } finally {
    await keeping?.close();
  }
}

async function front(isPlain: boolean): Promise<(talk: Talk, world: World) => Promise<number>> {
  return isPlain ? (await import('./play.ts')).play : (await import('./terminal/converse.ts')).converse;
}

/** The last conversation with this file, where it was left open. */
async function openNewest(loaded: LoadedTalk, world: World, keeping: Keeping): Promise<Talk> {
  const [sessionId] = await idsIn(keeping);
  const last = sessionId === undefined ? undefined : await resumeKept(loaded, world, keeping, { sessionId });
  return last ?? beginKept(loaded, world, keeping);
}

const options = {
  plain: { type: 'boolean', short: 'p' },
  store: { type: 'string', short: 's' },
} as const;

function readArguments(argv: readonly string[]): { file: string; plain: boolean; store: string | undefined } {
  const { file, values } = readCommandLine('chat', options, argv);
  const store = readStore('chat', values['store']);
  return { file: requireFile('chat', file), plain: values['plain'] === true, store };
}

/** A terminal on both sides, and one that can move its cursor. */
function isScreen({ stdin, stdout, env }: Io): boolean {
  return stdin.isTTY === true && stdout.isTTY === true && env['TERM'] !== 'dumb';
}
