/** Says what to do where the packages that these tests are about are not installed. */
import { existsSync } from 'node:fs';

if (!existsSync(new URL('../node_modules/@livekit/agents', import.meta.url))) {
  console.error('This needs packages of its own. Install them once: npm ci --prefix bench --ignore-scripts');
  process.exitCode = 1;
}
