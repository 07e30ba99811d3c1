/** The pictures of the guide, from the real page in Chromium: `npm run screenshots`, one of them with `-- restored`. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLocalSpeech } from 'meanwhile-local-speech';
import type { Browser, Page } from 'playwright-core';
import { startDev, type DevOptions, type RunningDev } from '../../src/cli/dev/start.ts';
import { processIo } from '../../src/cli/process-io.ts';
import { systemClock } from '../../src/index.ts';
import { readWav } from '../../src/voice/wav.ts';
import { startChild } from '../support/child.ts';
import { launch } from './chromium.ts';
import { buildStudio } from './studio.ts';
import { buildPage } from '../../scripts/page.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, 'docs/images');
const wide = { width: 1200, height: 760 };
const phone = { width: 400, height: 860 };

async function serve(options: Partial<DevOptions> = {}): Promise<RunningDev> {
  const world = { ...processIo(), clock: systemClock, cwd: root };
  return startDev({ file: 'examples/travel.ts', port: 0, voice: false, world, ...options });
}

interface Look {
  readonly size: { readonly width: number; readonly height: number };
  readonly scheme?: 'light' | 'dark';
  /** Runs in the page before it does. */
  readonly script?: string;
}

async function open(browser: Browser, url: string, { size, scheme = 'light', script }: Look): Promise<Page> {
  const page = await browser.newPage({ viewport: size, colorScheme: scheme, permissions: ['microphone'] });
  if (script !== undefined) await page.addInitScript(script);
  await page.goto(url);
  return page;
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
}

async function write(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.keyboard.press('Enter');
}

const said = (page: Page, text: string): Promise<void> =>
  page.locator('.line.agent:not(.live)').filter({ hasText: text }).waitFor();

/** Three tasks at once, one of which asks, one of which was cancelled. */
async function talk(page: Page): Promise<void> {
  await write(page, 'Book me a flight from Paris to Tokyo');
  await said(page, 'searching flights from Paris to Tokyo');
  await write(page, 'How is the weather there?');
  await said(page, 'sunny');
  await page.getByText('asks you').waitFor();
  await said(page, 'Which one');
  await write(page, 'The cheapest one');
  await write(page, 'Book a flight from Rome to Oslo, too');
  await said(page, 'Rome to Oslo');
  await said(page, 'is booked');
}

async function conversation(browser: Browser): Promise<void> {
  const { url, close } = await serve();
  const page = await open(browser, url, { size: wide, scheme: 'dark' });
  await talk(page);
  await page.getByRole('button', { name: 'Zoom in' }).click();
  await shoot(page, 'page-dark');
  await page.setViewportSize(phone);
  await page.emulateMedia({ colorScheme: 'light' });
  await shoot(page, 'page-narrow');
  await page.setViewportSize({ width: 1100, height: 560 });
  await page.getByRole('button', { name: 'Inspector' }).click();
  const inspector = page.getByRole('region', { name: 'Inspector' });
  await inspector.getByRole('tab', { name: /Model calls/ }).click();
  await inspector.getByRole('listitem').nth(1).getByRole('button').click();
  await inspector.screenshot({ path: join(folder, 'inspector.png') });
  await page.close();
  await close();
}

/** The story that `test/browser/voice.test.ts` tells, told to the example. */
async function voice(browser: Browser): Promise<void> {
  const { url, close } = await serve({ voice: true });
  const page = await open(browser, url, { size: wide });
  await buildStudio(page);
  await page.reload();
  const local = createLocalSpeech();
  const speak = async (text: string): Promise<void> => {
    const { audio } = await local.speech('rms').doGenerate({ text });
    const { samples } = readWav(audio as Uint8Array);
    await page.evaluate(
      (all) => window.studio.speak(all),
      Array.from(samples, (sample) => sample / 32_768),
    );
  };
  await page.locator('button.voice:enabled').click();
  await page.getByRole('meter', { name: 'Microphone level' }).waitFor();
  await speak('Book a flight from Paris to Tokyo.');
  await said(page, 'searching flights from Paris to Tokyo');
  await speak('How is the weather there?');
  await said(page, 'sunny');
  await page.locator('.line.live').getByText('Which one').waitFor();
  await page.getByRole('button', { name: 'Zoom in' }).click();
  const speaking = speak('The cheapest one, please.');
  await page.getByText('you: speaking').waitFor();
  await shoot(page, 'voice');
  await speaking;
  await page.close();
  await close();
  await local.close();
}

/** In a process of its own. */
async function startProcess(args: readonly string[], env: Record<string, string> = {}) {
  const child = startChild(['bin/meanwhile.js', 'dev', '--no-voice', ...args], env);
  return { child, url: (await child.printed(/http:\S+/))[0] };
}

/** The server is killed while it books, and started again. */
async function restored(browser: Browser): Promise<void> {
  const store = join(mkdtempSync(join(tmpdir(), 'meanwhile-')), 'calls.db');
  const kept = ['examples/travel-durable.ts', '--store', store, '--port'];
  const first = await startProcess([...kept, '0']);
  const page = await open(browser, first.url, { size: wide });
  await write(page, 'Book me a flight from Paris to Tokyo');
  await said(page, 'Which one');
  await write(page, 'The cheapest one');
  await said(page, 'reserving a seat');
  await first.child.kill();
  await page.getByRole('button', { name: 'Try now' }).waitFor();
  const second = await startProcess([...kept, new URL(first.url).port]);
  await said(page, 'is booked');
  await page.getByRole('button', { name: 'Zoom in' }).click();
  await shoot(page, 'restored');
  await page.emulateMedia({ colorScheme: 'dark' });
  await shoot(page, 'restored-dark');
  await page.close();
  await second.child.kill();
}

async function narrow(browser: Browser): Promise<void> {
  const { url, close } = await serve();
  const page = await open(browser, url, { size: phone, scheme: 'dark' });
  await talk(page);
  await shoot(page, 'page-narrow-dark');
  await page.close();
  await close();
}

/** A provider that knows no key, in the words of one. */
async function wrongKey(browser: Browser): Promise<void> {
  const message = 'Incorrect API key provided: sk-wrong.';
  const provider = createServer((_request, response) => {
    response.writeHead(401, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ error: { message, type: 'invalid_request_error', code: 'invalid_api_key' } }));
  });
  await new Promise<void>((done) => provider.listen(0, '127.0.0.1', done));
  const { port } = provider.address() as AddressInfo;
  const { child, url } = await startProcess(['examples/travel.ts', '--port', '0'], {
    MEANWHILE_BASE_URL: `http://127.0.0.1:${String(port)}`,
    MEANWHILE_MODEL: 'gpt-5-mini',
    MEANWHILE_API_KEY: 'sk-wrong',
  });
  const page = await open(browser, url, { size: { width: 720, height: 420 } });
  await write(page, 'Book me a flight from Paris to Tokyo');
  await page.getByRole('alert').getByText(message).waitFor();
  await shoot(page, 'wrong-key');
  await page.close();
  await child.kill();
  provider.close();
}

async function noMicrophone(browser: Browser): Promise<void> {
  const { url, close } = await serve({ voice: true });
  const script = `navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError'));`;
  const page = await open(browser, url, { size: { width: 720, height: 420 }, script });
  await page.locator('button.voice:enabled').click();
  await page.getByText('There is no microphone.').waitFor();
  await shoot(page, 'no-microphone');
  await page.close();
  await close();
}

async function noWeights(browser: Browser): Promise<void> {
  const before = { ...process.env };
  Object.assign(process.env, {
    XDG_CACHE_HOME: mkdtempSync(join(tmpdir(), 'meanwhile-')),
    npm_config_registry: 'http://127.0.0.1:45999/',
  });
  const { url, close } = await serve({ voice: true });
  const page = await open(browser, url, { size: { width: 720, height: 420 }, scheme: 'dark' });
  await page.getByText('npm pack').waitFor();
  await shoot(page, 'no-weights-dark');
  await page.close();
  await close();
  process.env = before;
}

async function serverAway(browser: Browser): Promise<void> {
  const first = await serve();
  const page = await open(browser, first.url, {
    size: { width: 720, height: 420 },
    script: `const Plain = WebSocket; window.WebSocket = class extends Plain { constructor(...all) { super(...all); window.last = this; } };`,
  });
  await page.getByText('connected', { exact: true }).waitFor();
  await write(page, 'How is the weather in Rome?');
  await said(page, 'sunny');
  await page.context().setOffline(true);
  await page.evaluate('window.last.close()');
  await page.getByRole('button', { name: 'Try now' }).waitFor();
  await shoot(page, 'server-away');
  await first.close();
  const next = await serve({ port: Number(new URL(first.url).port) });
  await page.context().setOffline(false);
  await page.getByText('has no valid token').waitFor();
  await shoot(page, 'wrong-token');
  await page.close();
  await next.close();
}

const scenes = { conversation, narrow, restored, wrongKey, voice, noMicrophone, noWeights, serverAway };
/** One of them by its name. Default: all. */
const [only] = process.argv.slice(2);

buildPage();
mkdirSync(folder, { recursive: true });
const browser = await launch();
try {
  for (const [name, scene] of Object.entries(scenes)) if (only === undefined || only === name) await scene(browser);
} finally {
  await browser.close();
}
process.exit(0);
