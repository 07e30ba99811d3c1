/** Who may reach a developer's page: somebody on this machine who has its address. Pure. */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

type Request = Pick<IncomingMessage, 'headers' | 'url'>;

/** A name that another page's script could point at this machine is none of ours. */
const ownNames: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];

export function isOwnHost({ headers }: Request, port: number): boolean {
  return ownNames.some((name) => headers.host === `${name}:${String(port)}`);
}

export function hasToken({ url }: Request, token: string): boolean {
  const given = Buffer.from(URL.parse(url ?? '/', 'http://localhost')?.searchParams.get('token') ?? '');
  const wanted = Buffer.from(token);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** Only the page that this server served, at the name under which it was opened. */
export function isOwnOrigin(origin: string | undefined, { headers }: Request): boolean {
  return origin === `http://${headers.host ?? ''}`;
}
