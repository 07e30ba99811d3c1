/** The tarball of a package, from the registry that npm is set to use on this machine. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { promisify } from 'node:util';

/** `npm_config_registry` where npm started this process, else what npm says. */
export async function registryUrl(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const given = env['npm_config_registry'];
  if (given) return given;
  const { stdout } = await runNpm(['config', 'get', 'registry']);
  return stdout.trim();
}

/** Rejects when the registry cannot be reached or does not have it. */
export async function openTarball(
  { name, version }: { readonly name: string; readonly version: string },
  registry: string,
  abortSignal?: AbortSignal,
): Promise<Readable> {
  const base = registry.endsWith('/') ? registry : `${registry}/`;
  const signal = abortSignal ? { signal: abortSignal } : {};
  const about = await get(`${base}${name.replace('/', '%2f')}/${version}`, signal);
  const manifest = (await about.json()) as { readonly dist?: { readonly tarball?: string } };
  const tarball = manifest.dist?.tarball;
  if (!tarball) throw new Error(`Expected the registry to name the tarball of ${name}@${version}, got none.`);
  const { body } = await get(tarball, signal);
  if (!body) throw new Error(`Expected the tarball of ${name}@${version}, got an empty answer.`);
  return Readable.fromWeb(body as ReadableStream<Uint8Array>);
}

/**
 * The tarball by npm itself, which knows what `fetch` does not: certificates, proxies and tokens of its configuration. It
 * tells no progress. Its path in `directory`.
 */
export async function packTarball(
  { name, version }: { readonly name: string; readonly version: string },
  directory: string,
): Promise<string> {
  const { stdout } = await runNpm(['pack', `${name}@${version}`, '--pack-destination', directory, '--silent']);
  return join(directory, stdout.trim().split('\n').at(-1) ?? '');
}

/** npm is a script on Windows, which only a shell can start. */
function runNpm(args: readonly string[]): Promise<{ stdout: string }> {
  return promisify(execFile)('npm', args, { shell: process.platform === 'win32' });
}

async function get(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, options);
  if (response.ok) return response;
  await response.body?.cancel();
  throw new Error(`Expected 200 from ${url}, got ${String(response.status)} ${response.statusText}.`);
}
