/** Serves services of Restate from this process, and makes them known there. */
import { createEndpointHandler, type EndpointOptions, type LoggerTransport } from '@restatedev/restate-sdk';
import { once } from 'node:events';
import { createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';

export interface EndpointSettings {
  readonly services: EndpointOptions['services'];
  /** Default 9080; 0: any that is free. */
  readonly port?: number;
  /** The address to listen at. Default 127.0.0.1: this machine only. */
  readonly host?: string;
  /** Lines for who runs it. Default: stderr. */
  readonly log?: (line: string) => void;
}

export interface Endpoint {
  readonly port: number;
  /** Cuts what is under way: Restate begins it again elsewhere, each body from the last thing it kept. */
  close(): Promise<void>;
}

/** Resolves when it listens. Rejects as `listen` does: `EADDRINUSE`. */
export async function serveServices({
  services,
  port = 9080,
  host = '127.0.0.1',
  log,
}: EndpointSettings): Promise<Endpoint> {
  let isClosing = false;
  // What is cut when it closes is no news.
  const logger = loggerOf((line) => isClosing || (log ?? console.error)(line));
  const handler = createEndpointHandler({ services, logger });
  const server = createServer(handler);
  const connections = new Set<ServerHttp2Session>();
  server.on('session', (connection) => {
    connections.add(connection);
    connection.once('close', () => connections.delete(connection));
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      isClosing = true;
      const closed = once(server, 'close');
      server.close();
      for (const connection of connections) connection.destroy();
      await closed;
    },
  };
}

/**
 * Tells the Restate whose admin address is `admin` what is served at `uri`. Throws an Error with what it has against it.
 */
export async function register(admin: string, uri: string): Promise<void> {
  const response = await fetch(`${admin.replace(/\/+$/, '')}/deployments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    // The same address may serve something newer.
    body: JSON.stringify({ uri, force: true }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${String(response.status)} ${text}`);
}

/** What bodies and the SDK have to say that is not the course of things. */
function loggerOf(log: (line: string) => unknown): LoggerTransport {
  return ({ level, context, replaying, source }, ...message) => {
    // Of its own, it warns that it checks no signatures: whom it listens to is said by `host`.
    if (!context || replaying || (level !== 'error' && level !== 'warn')) return;
    const parts = message.map((part) => (part instanceof Error ? part.message : String(part)));
    const text = parts.join(' ').trim();
    log(`${context.invocationTarget}: ${String(source) === 'USER' ? text : text.split('\n', 2).join(' ')}`);
  };
}
