/** Says what to do where the server that these tests are about is not installed. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

if (!existsSync(join(import.meta.dirname, 'node_modules/@restatedev/restate-server'))) {
  console.error('This needs the Restate server. Install it once: npm ci --prefix restate');
  process.exitCode = 1;
}
