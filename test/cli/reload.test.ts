/** What a file imports, changed while it is served: in a process of its own, since Node's loader is the process's. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { CloseCode } from '../../src/wire/index.ts';
import { startChild } from '../support/child.ts';
import { TestPage } from '../support/page.ts';

const devProcess = fileURLToPath(new URL('../support/dev-process.ts', import.meta.url));

test('when what the file imports is changed, at whatever depth, the page comes back to the changed agent', async () => {
  const folder = mkdtempSync(join(import.meta.dirname, 'modules/importing-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const save = (name: string, code: string): void => writeFileSync(join(folder, name), code);
  const nameIs = (name: string): void => save('names.ts', `export const name = '${name}';\n`);
  save('index.html', '<!doctype html>the page');
  nameIs('first');
  save('parts.ts', `export { name } from './names.ts';\nexport { createAgent } from '../agents.ts';\n`);
  save('agent.ts', `import { createAgent, name } from './parts.ts';\nexport default () => createAgent(name);\n`);
  const child = startChild([devProcess, folder, join(folder, 'agent.ts'), '--port', '0', '--no-voice']);
  onTestFinished(child.kill);
  const { host, search, origin } = new URL((await child.printed(/http:\S+/))[0]);
  const visit = (): Promise<TestPage> => TestPage.open(`ws://${host}/meanwhile${search}`, {}, { origin });
  const nameOf = async (page: TestPage): Promise<string | undefined> => (await page.first('state')).agentName;

  for (const [now, next] of [
    ['first', 'second'],
    ['second', 'third'],
  ] as const) {
    const page = await visit();
    expect(await nameOf(page)).toBe(now);
    nameIs(next);
    expect((await page.closed).code).toBe(CloseCode.reload);
  }
  const page = await visit();
  expect(await nameOf(page)).toBe('third');
  // One that is broken is told of, and mended without a restart.
  save('names.ts', 'export const name = ;\n');
  await child.complained(/agent\.ts was changed and cannot be used: .*names\.ts/);
  nameIs('fourth');
  expect((await page.closed).code).toBe(CloseCode.reload);
  expect(await nameOf(await visit())).toBe('fourth');
});
