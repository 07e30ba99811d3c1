/** Says what to do where the packages that these tests are about are not installed. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

if (!existsSync(join(import.meta.dirname, '..', 'node_modules', '@livekit', 'agents'))) {
  console.error('This needs packages of its own. Install them once: npm ci --prefix bench --ignore-scripts');
  process.exitCode = 1;
}
