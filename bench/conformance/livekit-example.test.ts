import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('the example prints what the guide shows', async () => {
  const example = new URL('../examples/livekit.ts', import.meta.url);
  const guide = await readFile(new URL('../../docs/guide/livekit.md', import.meta.url), 'utf8');
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=meanwhile-source', example.pathname]);
  expect(stdout).not.toBe('');
  expect(guide).toContain(`\`\`\`\n${stdout}\`\`\`\n`);
});
