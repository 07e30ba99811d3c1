/** All dialects behind one HTTP server on 127.0.0.1, each under `/<dialect>`. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Answer } from './answers/answer.ts';
import { createExchange, type Exchange, type WireRequest } from './exchange.ts';

export interface WireServer {
  /** `http://127.0.0.1:<port>` */
  readonly baseURL: string;
  /** The next answers; without one the model says "ok". */
  readonly enqueue: (...answers: readonly Answer[]) => void;
  readonly requests: readonly WireRequest[];
  readonly close: () => Promise<void>;
}

export async function startWireServer(): Promise<WireServer> {
  const exchange = createExchange();
  const server = createServer((request, response) => {
    answer(exchange, request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    baseURL: `http://127.0.0.1:${port}`,
    enqueue: exchange.enqueue,
    requests: exchange.requests,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answer(exchange: Exchange, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, headers, chunks } = exchange.reply({
    path: new URL(request.url ?? '/', 'http://127.0.0.1').pathname,
    headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
    body: JSON.parse(await text(request)),
  });
  response.writeHead(status, headers);
  for (const chunk of chunks) response.write(chunk);
  response.end();
}
