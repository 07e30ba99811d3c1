/** A page of the real dev server in a real browser. */
import { fileURLToPath } from 'node:url';
import { systemClock } from 'meanwhile';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { startDev, type DevOptions, type RunningDev } from '../../src/cli/dev/start.ts';
import { createTerminal } from '../support/terminal.ts';
import { builtPage } from './setup.ts';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** Serves an agent of `test/browser/agents` on a port that is free. */
export async function serve(options: Partial<DevOptions> = {}): Promise<RunningDev & { readonly errors: string[] }> {
  const { world, errors } = createTerminal(systemClock);
  const running = await startDev({
    file: 'test/browser/agents/desk.ts',
    port: 0,
    voice: false,
    world: { ...world, cwd: root },
    page: `${root}${builtPage}`,
    ...options,
  });
  onTestFinished(() => running.close());
  return { ...running, errors };
}

declare global {
  interface Window {
    /** What the page's policy forbade. */
    violations: string[];
    /** Connections, the newest last. */
    sockets: WebSocket[];
  }
}

function watch(): void {
  window.violations = [];
  window.sockets = [];
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
    window.violations.push(`${violatedDirective} ${blockedURI}`),
  );
  window.WebSocket = class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      window.sockets.push(this);
    }
  };
}

export interface VisitOptions extends BrowserContextOptions {
  /** Does not wait for the conversation. */
  readonly unmet?: true;
  /** What is done with the page before it is opened. */
  readonly before?: (page: Page) => Promise<void>;
}

/** Opens it and waits for the conversation; at the end of the test nothing may have gone wrong in the page. */
export async function visit(
  browser: Browser,
  url: string,
  { unmet, before, ...options }: VisitOptions = {},
): Promise<Page> {
  const context = await browser.newContext({ permissions: ['microphone'], ...options });
  context.setDefaultTimeout(8_000);
  const page = await context.newPage();
  const failures: string[] = [];
  page.on('pageerror', (error) => failures.push(String(error)));
  await page.addInitScript(watch);
  await before?.(page);
  onTestFinished(async () => {
    const violations = page.isClosed() ? [] : await page.evaluate(() => window.violations);
    await context.close();
    expect([...failures, ...violations]).toEqual([]);
  });
  await page.goto(url);
  if (!unmet) await page.getByText('connected', { exact: true }).waitFor();
  return page;
}

/** Writes it and sends it, as one does. */
export async function write(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.keyboard.press('Enter');
}

/** Cuts its connection, as a network does. */
export async function cut(page: Page): Promise<void> {
  await page.evaluate(() => window.sockets.at(-1)?.close());
}
