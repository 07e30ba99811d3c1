/** The store's services on a port of their own, in this process: as a worker serves them. */
import type { Clock } from '../src/index.ts';
import { serveServices } from '../src/restate/endpoint.ts';
import { restateStoreServices } from '../src/restate/store-services.ts';

export interface StoreEndpoint {
  readonly uri: string;
  close(): Promise<void>;
}

export async function serveStore(
  options: { readonly clock?: Clock; readonly port?: number } = {},
): Promise<StoreEndpoint> {
  // What Restate does with a failed attempt is its business; a test says itself what it has seen.
  const services = [...restateStoreServices(options)];
  const endpoint = await serveServices({ services, port: options.port ?? 0, log: () => undefined });
  return { uri: `http://127.0.0.1:${String(endpoint.port)}`, close: () => endpoint.close() };
}
