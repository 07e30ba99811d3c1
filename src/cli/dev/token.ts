/** What lets a page in. Kept beside a store, so that the page of before the server was started anew is let in again. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

/** `path`: where it is kept. Default: nowhere, and it is another each time. */
export function tokenAt(path: string | undefined): string {
  const fresh = randomBytes(16).toString('hex');
  if (path === undefined) return fresh;
  const kept = readToken(path);
  if (kept !== undefined) return kept;
  // Nobody else on this machine may read it.
  writeFileSync(path, fresh, { mode: 0o600 });
  return fresh;
}

function readToken(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return /^[0-9a-f]{32}$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
