/**
 * Signatures and ids that prove themselves: a validator recomputes them instead of remembering what a server issued,
 * so it stays pure, and a prompt that grew against one server can be checked by another.
 */
import { createHash } from 'node:crypto';

/** Signs what `model` said. Base64, because Gemini's API decodes it. */
export function sign(model: string, said: string): string {
  return createHash('sha256').update(`${model}\n${said}`).digest('base64');
}

/** A short fingerprint that fits into an id. */
export function fingerprint(said: string): string {
  return createHash('sha256').update(said).digest('hex').slice(0, 8);
}

/** What a Gemini signature covers: the name and the arguments in a fixed key order. */
export function callText(name: string, args: unknown): string {
  return `${name} ${JSON.stringify(sorted(args))}`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, entry]) => [key, sorted(entry)]));
}
