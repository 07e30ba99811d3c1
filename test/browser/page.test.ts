/** The page in Chromium, by text. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { CloseCode } from '../../src/wire/index.ts';
import { startChild, type Child } from '../support/child.ts';
import { ring } from './agents/desk.ts';
import { launch, whyNoBrowser } from './chromium.ts';
import { builtPage } from './setup.ts';
import { cut, root, serve, visit, write } from './visit.ts';

const why = whyNoBrowser();

describe.skipIf(why !== undefined)('the page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  const open = async (): Promise<Page> => visit(browser, (await serve()).url);
  const said = (page: Page, text: string): Locator =>
    page.getByRole('region', { name: 'Conversation' }).getByText(text, { exact: true });
  const tasks = (page: Page): Locator => page.getByRole('region', { name: 'Tasks' }).getByRole('listitem');

  test('what is written is answered, and both are shown', async () => {
    const page = await open();
    await said(page, 'An agent for tests.').waitFor();
    await write(page, 'hello there');
    await said(page, 'hello there').waitFor();
    await said(page, 'You said: hello there').waitFor();
    await page.getByText('desk: listening').waitFor();
    expect(await page.getByRole('textbox', { name: 'Message' }).inputValue()).toBe('');
  });

  test('a task: in the list and on a lane of its own, with progress, until it is told', async () => {
    const page = await open();
    await write(page, 'book Tokyo');
    const task = tasks(page);
    await task.getByText('in the background').waitFor();
    await task.getByText('Searching flights to Tokyo').waitFor();
    expect(await task.getByRole('progressbar').getAttribute('value')).toBeNull();
    ring({ to: 'Tokyo', update: 'Paying', progress: 3 });
    await task.getByText('Paying').waitFor();
    expect(await task.getByRole('progressbar').getAttribute('value')).toBe('3');
    await said(page, 'News: Paying').waitFor();
    const lanes = page.getByRole('region', { name: 'Timeline' });
    await lanes.getByText('book_flight#1').waitFor();
    expect(await lanes.locator('.mark.update').count()).toBe(2);
    ring({ to: 'Tokyo', value: 'Seat 7A' });
    await task.getByText('completed').waitFor();
    await said(page, 'News: Seat 7A').waitFor();
    await lanes.locator('.delivery.told.completed').first().waitFor();
    expect(await lanes.locator('.mark.end.completed').count()).toBe(1);
  });

  test('three tasks at once have three lanes; one is cancelled with its button, one fails', async () => {
    const page = await open();
    await write(page, 'book Tokyo and Rome and Oslo');
    await page.getByRole('button', { name: 'Cancel book_flight' }).nth(2).waitFor();
    expect(await page.locator('.lane-names span').allTextContents()).toEqual([
      'You',
      'Agent',
      'book_flight#1',
      'book_flight#2',
      'book_flight#3',
    ]);
    const rome = tasks(page).filter({ hasText: 'Rome' });
    await rome.getByRole('button', { name: 'Cancel' }).click();
    await rome.getByText('cancelled', { exact: true }).waitFor();
    ring({ to: 'Oslo', fails: 'There is no flight to Oslo.' });
    await tasks(page).filter({ hasText: 'Oslo' }).getByText('failed', { exact: true }).waitFor();
    await said(page, 'News: Error: There is no flight to Oslo.').waitFor();
    expect(await page.getByRole('button', { name: 'Cancel book_flight' }).count()).toBe(1);
  });

  test('a question has a button for each answer', async () => {
    const page = await open();
    await write(page, 'seat');
    const task = tasks(page);
    await task.getByText('asks you').waitFor();
    await task.getByRole('button', { name: 'aisle' }).click();
    await task.getByText('A seat at the aisle.').waitFor();
    expect(await task.getByRole('button').count()).toBe(0);
    await said(page, 'News: A seat at the aisle.').waitFor();
  });

  test('what is being said can be stopped, and stays as far as it was said', async () => {
    const page = await open();
    await write(page, 'talk');
    await page.locator('.line.live').getByText('I could go on').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.locator('.line:not(.live)').getByText('interrupted').waitFor();
    expect(await page.locator('.line.live').count()).toBe(0);
    await page.getByText('desk: listening').waitFor();
  });

  test('a model that fails is told of, until one has read it', async () => {
    const page = await open();
    await write(page, 'fail <b>sk-1</b>');
    const alert = page.getByRole('alert');
    await alert.getByText('Incorrect API key provided: <b>sk-1</b>').waitFor();
    await alert.getByRole('button', { name: 'Dismiss' }).click();
    await alert.waitFor({ state: 'detached' });
    await write(page, 'fail again');
    await alert.getByText('Incorrect API key provided: again').waitFor();
    expect(await page.getByRole('button', { name: 'Send' }).isVisible()).toBe(true);
  });

  test('what a tool or a model says is text, whatever stands in it', async () => {
    const page = await open();
    const markup = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    await write(page, `read ${markup}`);
    await said(page, `News: The page says: ${markup}`).waitFor();
    await tasks(page).getByText(`The page says: ${markup}`).waitFor();
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.title()).toBe('meanwhile');
  });

  test('the inspector has every record, and what the model was sent and answered', async () => {
    const page = await open();
    await write(page, 'book Tokyo');
    await tasks(page).getByText('in the background').waitFor();
    await page.getByRole('button', { name: 'Inspector' }).click();
    const inspector = page.getByRole('region', { name: 'Inspector' });
    await inspector.getByRole('textbox', { name: 'Filter' }).fill('task_');
    await inspector.getByRole('button', { name: 'task_backgrounded' }).click();
    const detail = inspector.locator('pre');
    await detail.getByText('"type": "task_backgrounded"').waitFor();
    expect(await inspector.getByRole('button', { name: /message_added/ }).count()).toBe(0);
    await inspector.getByRole('tab', { name: /Model calls/ }).click();
    await inspector.getByRole('textbox', { name: 'Filter' }).fill('');
    await inspector.getByRole('listitem').last().getByRole('button').click();
    await detail.getByText('You are a travel agent.').waitFor();
    const shown = JSON.parse((await detail.textContent()) ?? '') as { request: unknown; answer: unknown };
    expect(JSON.stringify(shown.request)).toContain('book Tokyo');
    expect(JSON.stringify(shown.answer)).toContain('book_flight');
  });

  test('all of it can be done with the keyboard', async () => {
    const page = await open();
    const focused = (): Promise<string> =>
      page.evaluate(() => {
        const { ariaLabel, textContent } = document.activeElement ?? {};
        return ariaLabel ?? textContent ?? '';
      });
    expect(await focused()).toBe('Message');
    await page.keyboard.type('book Tokyo');
    await page.keyboard.press('Enter');
    await tasks(page).getByText('in the background').waitFor();
    const passed: string[] = [];
    while (!(await focused()).startsWith('Lanes') && passed.length < 20) {
      await page.keyboard.press('Tab');
      passed.push(await focused());
    }
    expect(passed).toEqual([
      'Earlier',
      'Later',
      'Zoom in',
      'Zoom out',
      'Now',
      'Lanes: arrow keys move, plus and minus zoom',
    ]);
    const now = page.getByRole('button', { name: 'Now' });
    expect(await now.getAttribute('aria-pressed')).toBe('true');
    await page.keyboard.press('ArrowLeft');
    expect(await now.getAttribute('aria-pressed')).toBe('false');
    await page.keyboard.press('End');
    expect(await now.getAttribute('aria-pressed')).toBe('true');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Cancel book_flight#1');
    await page.keyboard.press('Enter');
    await tasks(page).getByText('cancelled', { exact: true }).waitFor();
  });

  test('a page whose connection is cut comes back to its conversation and is told what it missed', async () => {
    const page = await open();
    await write(page, 'book Tokyo');
    await tasks(page).getByText('in the background').waitFor();
    await page.context().setOffline(true);
    await cut(page);
    await page.getByText('The server does not answer.').waitFor();
    await page.getByRole('textbox', { name: 'Message' }).fill('not sent');
    expect(await page.getByRole('button', { name: 'Send' }).isDisabled()).toBe(true);
    ring({ to: 'Tokyo', value: 'Seat 7A' });
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.context().setOffline(false);
    await said(page, 'News: Seat 7A').waitFor();
    expect(await said(page, 'book Tokyo').count()).toBe(1);
    expect(await tasks(page).count()).toBe(1);
    expect(await page.getByRole('button', { name: 'Send' }).isDisabled()).toBe(false);
  });

  test('the server is killed and started again: conversation and tasks are there, where it ended is marked, the result is told', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'meanwhile-killed-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const devProcess = join(root, 'test/support/dev-process.ts');
    const start = async (port: string): Promise<{ child: Child; url: string }> => {
      const kept = ['--store', join(folder, 'calls.db'), '--port', port, '--no-voice'];
      const child = startChild([devProcess, join(root, builtPage), 'test/browser/agents/durable.ts', ...kept]);
      onTestFinished(child.kill);
      return { child, url: (await child.printed(/http:\S+/))[0] };
    };
    const first = await start('0');
    const page = await visit(browser, first.url);
    await write(page, 'book Tokyo');
    await said(page, 'News: Searching flights to Tokyo').waitFor();
    await page.getByText('durable: listening').waitFor();
    await first.child.kill();
    await page.getByText('The server does not answer. Is it running?').waitFor();
    const second = await start(new URL(first.url).port);
    expect(second.url).toBe(first.url);
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.getByText(/The process ended here\. Another went on, .* later\./).waitFor();
    await tasks(page).getByText('completed').waitFor();
    await said(page, 'News: Seat 7A to Tokyo').waitFor();
    expect(await said(page, 'book Tokyo').count()).toBe(1);
    const lanes = page.getByRole('region', { name: 'Timeline' });
    expect(await lanes.locator('.gap').count()).toBe(1);
    expect(await lanes.locator('.delivery.told.completed').count()).toBeGreaterThan(0);
    // A page that is loaded anew shows the same.
    await page.reload();
    await said(page, 'book Tokyo').waitFor();
    await page.getByText('The process ended here.').waitFor();
    expect(await tasks(page).count()).toBe(1);
    await page.getByRole('button', { name: 'New conversation' }).click();
    await page.getByText('Say or write something').waitFor();
    expect(await tasks(page).count()).toBe(0);
  });

  test.each([
    ['busy', 'The server has as many connections as it takes'],
    ['tooSlow', 'The page did not read what it was sent'],
    ['away', 'The server was ended. The conversation is kept'],
  ] as const)('why the server let it go is said plainly: %s', async (reason, text) => {
    const { url } = await serve();
    const page = await visit(browser, url, {
      unmet: true,
      before: (each) =>
        each.routeWebSocket(/meanwhile/, (socket) => void socket.close({ code: CloseCode[reason], reason: '' })),
    });
    await page.getByRole('status').getByText(text).waitFor();
    await page.getByRole('button', { name: 'Try now' }).waitFor();
  });

  test('when the file is changed the page begins anew with it', async () => {
    const folder = await mkdtemp(join(root, 'test/browser/agents/changing-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'agent.ts');
    const save = (words: string): Promise<void> =>
      writeFile(file, `export { default } from '../desk.ts';\nexport const note = '${words}';\n`);
    await save('As it was.');
    const page = await visit(browser, (await serve({ file })).url);
    await said(page, 'As it was.').waitFor();
    await write(page, 'hello');
    await said(page, 'You said: hello').waitFor();
    await save('As it is now.');
    await said(page, 'As it is now.').waitFor();
    expect(await said(page, 'You said: hello').count()).toBe(0);
    await write(page, 'again');
    await said(page, 'You said: again').waitFor();
  });

  test('without its token the address leads nowhere', async () => {
    const { url } = await serve();
    const page = await visit(browser, new URL('/', url).href, { unmet: true });
    await page.getByText('Open the address that the terminal shows, with its token.').waitFor();
  });

  test('a page from before the server was started anew is told to open the new address', async () => {
    const before = await serve();
    const page = await visit(browser, before.url);
    await page.context().setOffline(true);
    await cut(page);
    await before.close();
    await serve({ port: Number(new URL(before.url).port) });
    await page.context().setOffline(false);
    await page.getByText('The address has no valid token. Open the one that the terminal shows.').waitFor();
    await page.getByText('closed', { exact: true }).waitFor();
  });

  test('when the server ends, the page says so', async () => {
    const { url, close } = await serve();
    const page = await visit(browser, url);
    await close();
    await page.getByText('The conversation is over.').waitFor();
    expect(await page.getByRole('button', { name: 'Send' }).isDisabled()).toBe(true);
  });
});
