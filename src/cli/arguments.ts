/** The arguments of a command. Not strict in Node's way: what is wrong is said here, in our own words. */
import { parseArgs, type ParseArgsOptionDescriptor } from 'node:util';
import { CliFailure } from './failure.ts';

type Options = Readonly<Record<string, ParseArgsOptionDescriptor>>;

export interface CommandLine {
  /** The one argument that is no option. */
  readonly file: string | undefined;
  /** Of an option that takes a value and was given none: true. */
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
}

/** Throws a CliFailure with exit code 2 for an option that there is not, a value too many, and a second file. */
export function readCommandLine(command: string, options: Options, argv: readonly string[]): CommandLine {
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
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (!option) throw wrong(command, `there is no option "${rawName}"; there are ${listed(Object.keys(options))}`);
    if (option.type === 'boolean' && value !== undefined)
      throw wrong(command, `${rawName} takes no value, got "${value}"`);
  }
  const [file, second] = positionals;
  if (second !== undefined) throw wrong(command, `expected one file, got also "${second}"`);
  return { file, values };
}

/** 0 lets the system choose. */
export function readPort(command: string, given: string | boolean | undefined, usual: number): number {
  if (given === undefined) return usual;
  const port = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : NaN;
  if (port >= 0 && port <= 65_535) return port;
  const got = typeof given === 'string' ? JSON.stringify(given) : 'none';
  throw wrong(command, `expected a port from 0 to 65535, got ${got}; write --port ${String(usual)}`);
}

export function requireFile(command: string, file: string | undefined): string {
  if (file !== undefined) return file;
  throw wrong(command, `expected a file, got none; write meanwhile ${command} FILE`);
}

export function wrong(command: string, sentence: string): CliFailure {
  return new CliFailure(`${command}: ${sentence}.`, 2);
}

function listed(names: readonly string[]): string {
  const flags = names.map((name) => `--${name}`);
  return flags.length < 2 ? flags.join('') : `${flags.slice(0, -1).join(', ')} and ${flags.at(-1) ?? ''}`;
}
