/** The command line: finds the command, runs it, and says in one sentence what went wrong. */
import { readFileSync } from 'node:fs';
import { CliFailure } from './failure.ts';
import type { Io } from './io.ts';
import { processIo } from './process-io.ts';

type Command = (argv: readonly string[], io: Io) => Promise<number>;

/** Loaded when asked for: help and errors come at once. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  chat: async () => (await import('./chat.ts')).chat,
  dev: async () => (await import('./dev.ts')).dev,
  worker: async () => (await import('./worker.ts')).worker,
};

const usage = `Usage: meanwhile dev FILE
       meanwhile chat FILE
       meanwhile worker [FILE]

Talks to the agent that FILE exports: as its default export, as \`agent\` or as
\`session\`, the thing itself or a function that makes it.

dev serves a page on this machine, where you write or talk and see each task.
When FILE is changed, the page begins anew with it.

  -P, --port PORT  serve it there; default 4680, 0 for any that is free
      --no-voice   text only
  -s, --store FILE keep the conversation in this SQLite file, and go on with it
                   when it is started again

chat is for the terminal. With input or output on a pipe, each line of the input
is one turn, and the conversation is printed as a timeline.

  -p, --plain      print the timeline on a terminal, too
  -s, --store FILE as for dev; /quit ends the conversation for good

worker serves the durable tools that FILE exports to a Restate, and what keeps
sessions there (restateStore), until it is stopped.

      --port PORT  listen there; default 9080, 0 for any that is free
      --host HOST  at this address of the machine; default 127.0.0.1
      --admin URL  Restate's admin address; default http://127.0.0.1:9070
      --uri URL    where Restate finds this worker; default http://HOST:PORT
      --no-register  tell Restate nothing

  -h, --help       print this
  -v, --version    print the version
`;

/** Runs `meanwhile ...argv` and resolves with its exit code: 0, 1 for a failure, 2 for a wrong command line. */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  try {
    const [name, ...rest] = argv;
    const printed = fixedAnswer(argv);
    if (printed !== undefined) {
      io.stdout.write(printed);
      return 0;
    }
    const load = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!load) throw new CliFailure(unknown(name), 2);
    const exitCode = await (await load())(rest, io);
    io.leave(exitCode);
    return exitCode;
  } catch (error) {
    if (!(error instanceof CliFailure)) throw error;
    io.stderr.write(`meanwhile: ${error.message}\n`);
    io.leave(error.exitCode);
    return error.exitCode;
  }
}

function fixedAnswer(argv: readonly string[]): string | undefined {
  const words = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length);
  if (words.includes('-h') || words.includes('--help') || words[0] === 'help') return usage;
  if (words[0] === '-v' || words[0] === '--version') return `${version()}\n`;
  return undefined;
}

function unknown(name: string | undefined): string {
  const known = `write meanwhile dev FILE, or meanwhile --help`;
  if (name === undefined) return `expected a command, got none; ${known}.`;
  return `there is no ${name.startsWith('-') ? 'option' : 'command'} "${name}"; ${known}.`;
}

/** The package's own: two folders up from here, in the source as in what is built. */
function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version;
}
