/** Why a module could not be loaded, in one sentence with the place where Node knows it. */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CliFailure, describeFailure } from './failure.ts';

export function loadFailure(error: unknown, path: string, shown: string, cwd: string): CliFailure {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return new CliFailure(`${shown} is no module: expected a file that ends in .ts, .mts, .js or .mjs.`);
  }
  const place = placeOf(error, cwd);
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    return new CliFailure(
      `${place ?? shown}: ${describeFailure(error)}; Node runs only TypeScript whose types can be taken away.`,
    );
  }
  if (error instanceof SyntaxError && !error.message.startsWith('The requested module')) {
    const where = place ?? `${shown}, or a file it imports,`;
    return new CliFailure(`${where} has a syntax error: ${describeFailure(error).replace(/\.$/, '')}.`);
  }
  if (code === 'ERR_MODULE_NOT_FOUND')
    return new CliFailure(`${shown} cannot be loaded: ${notFound(error, path, cwd)}.`);
  return new CliFailure(
    `${shown} failed while it was loaded: ${describeFailure(error)}${place === undefined ? '' : ` (${place})`}`,
  );
}

/** `src/a.ts:3`: what Node puts in front of the stack, or the first frame in a file. */
function placeOf(error: unknown, cwd: string): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const [, url, line] = /(file:\/\/\/[^\s)]+?):(\d+)/.exec(stack) ?? [];
  return url === undefined || line === undefined ? undefined : `${shorten(fileURLToPath(url), cwd)}:${line}`;
}

function shorten(path: string, cwd: string): string {
  const inside = relative(cwd, path);
  return inside.startsWith('..') ? path : inside;
}

function notFound(error: unknown, path: string, cwd: string): string {
  const text = describeFailure(error).replaceAll(`${cwd}/`, '');
  const inPackage = /^Cannot find package '([^']+)'/.exec(text)?.[1];
  const said = text.replace(` imported from ${shorten(path, cwd)}`, '').replace(/^C/, 'c');
  return inPackage === undefined ? said : `${said}; run npm install ${inPackage}`;
}
