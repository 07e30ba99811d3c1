/** The tarball of a package, from the registry that npm is set to use on this machine. */
import { execFile } from 'node:child_process';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { promisify } from 'node:util';

/** `npm_config_registry` where npm started this process, else what npm says. */
export async function registryUrl(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const given = env['npm_config_registry'];
  if (given) return given;
  // npm is a script on Windows, which only a shell can start.
  const { stdout } = await promisify(execFile)('npm', ['config', 'get', 'registry'], {
    shell: process.platform === 'win32',
  });
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

async function get(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, options);
  if (response.ok) return response;
  await response.body?.cancel();
  throw new Error(`Expected 200 from ${url}, got ${String(response.status)} ${response.statusText}.`);
}
