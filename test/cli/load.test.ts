import { systemClock } from 'meanwhile';
import { expect, test } from 'vitest';
import { loadTalk } from '../../src/cli/load.ts';
import { openTalk, type Talk } from '../../src/cli/open.ts';
import { createTerminal } from '../support/terminal.ts';

const { world } = createTerminal(systemClock);

async function opened(name: string): Promise<Talk> {
  return openTalk(await loadTalk(`modules/${name}.ts`, import.meta.dirname), world);
}

test.each([
  'default-agent',
  'default-function',
  'default-class',
  'named-agent',
  'session-and-agent',
  'default-both',
  'started-session',
])('a module may export it so: %s', async (name) => {
  const talk = await opened(name);
  await talk.start();
  expect(talk.session.currentAgent?.name).toBe('travel');
  await talk.session.close();
});

test('a note is a string that is shown', async () => {
  expect((await opened('default-agent')).note).toBe('a scripted model');
  expect((await opened('named-agent')).note).toBeUndefined();
});

test.each([
  [
    'nothing',
    'modules/nothing.ts exports no agent: expected a default export, `agent` or `session`, got the exports answer, default; write export default new Agent({ … }).',
  ],
  [
    'no-model',
    'modules/no-model.ts exports an agent without a model; give it one, new Agent({ llm, … }), or export a session.',
  ],
  [
    'session-alone',
    'modules/session-alone.ts exports a session that has not been started; export its `agent` too, or await session.start({ agent }).',
  ],
  [
    'other-copy',
    'modules/other-copy.ts exports an agent of another copy of meanwhile; run the command of the copy it imports: npx meanwhile.',
  ],
  ['throws', 'modules/throws.ts: making its default export failed: There is no key.'],
  ['absent', 'there is no file modules/absent.ts; check the path.'],
])('one sentence says what is wrong: %s', async (name, sentence) => {
  await expect(opened(name)).rejects.toThrow(
    expect.objectContaining({ name: 'CliFailure', message: sentence, exitCode: 1 }) as Error,
  );
});

test('a directory is no module', async () => {
  await expect(loadTalk('modules', import.meta.dirname)).rejects.toThrow(
    'expected a file, but modules is a directory; name the module in it.',
  );
});
