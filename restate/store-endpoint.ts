/** The store's services on a port of their own, in this process: as a worker serves them. */
import { once } from 'node:events';
import { createServer, type ServerHttp2Session } from 'node:http2';
import { createEndpointHandler, type LoggerTransport } from '@restatedev/restate-sdk';
import type { Clock } from '../src/index.ts';
import { restateStoreServices } from '../src/restate/store-services.ts';

export interface StoreEndpoint {
  readonly uri: string;
  close(): Promise<void>;
}

export async function serveStore(options: { readonly clock?: Clock } = {}): Promise<StoreEndpoint> {
  const services = [...restateStoreServices(options)];
  const server = createServer(createEndpointHandler({ services, logger: warn }));
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('No port could be had.');
  return {
    uri: `http://127.0.0.1:${String(address.port)}`,
    close: async () => {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What the server does with a failed attempt is its business; a test says itself what it has seen. */
const warn: LoggerTransport = ({ level }, ...message) => {
  if (level === 'error') console.warn(...message);
};
