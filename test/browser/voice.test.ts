/**
 * The story by voice, in Chromium: somebody speaks, the agent answers, tools run meanwhile. Who speaks is synthesised, what is
 * heard is transcribed from what the page played.
 */
import { createLocalSpeech } from 'meanwhile-local-speech';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readWav } from '../../src/voice/wav.ts';
import { book } from './agents/gate.ts';
import { launch, whyNoBrowser } from './chromium.ts';
import { buildStudio, takeTape, tapeRate, voiced, type Voiced } from './studio.ts';
import { serve, visit } from './visit.ts';

const local = createLocalSpeech();
const why = whyNoBrowser() ?? (await whyNoWeights());

async function whyNoWeights(): Promise<string | undefined> {
  try {
    await local.prepare();
    return undefined;
  } catch (error) {
    if (process.env['CI']) throw error;
    console.warn(`Tests by voice are skipped. ${String(error)}`);
    return String(error);
  }
}

/** Says it into the page's microphone. */
async function speak(page: Page, text: string): Promise<void> {
  const { audio } = await local.speech('rms').doGenerate({ text });
  const { samples } = readWav(audio as Uint8Array);
  await page.evaluate(
    (all) => window.studio.speak(all),
    Array.from(samples, (sample) => sample / 32_768),
  );
}

/** Resolves when the agent has been heard for so long from now on. */
async function heardForMs(page: Page, ms: number): Promise<void> {
  const from = await page.evaluate(() => window.studio.length());
  const began = await page.waitForFunction((at) => window.studio.loudest(at) > 3_000 && window.studio.length(), from);
  const at = Number(await began.jsonValue()) + (ms / 1000) * tapeRate;
  await page.waitForFunction((end) => window.studio.length() >= end, at);
}

/** What is said on the track in that time, which must be that text but for a word here and there. */
async function heardOn(track: Int16Array, { from, to }: Voiced, text: string): Promise<string> {
  const at = (ms: number): number => Math.round((ms / 1000) * tapeRate);
  const part = track.slice(at(from), at(to));
  const [begins, ends] = [voiced(part).at(0)?.from ?? 0, voiced(part).at(-1)?.to ?? 0];
  const audio = new Uint8Array(part.slice(at(Math.max(0, begins - 300)), at(ends + 300)).buffer);
  const recognized = await local.transcription().doGenerate({ audio, mediaType: `audio/pcm;rate=${String(tapeRate)}` });
  const heard = recognized.text.toLowerCase();
  const words = text.toLowerCase().match(/[a-z']+/g) ?? [];
  const share = words.filter((word) => heard.includes(word)).length / words.length;
  expect(share, `heard "${heard}" for "${text}"`).toBeGreaterThan(0.6);
  return heard;
}

/** From when to when two have a voice at once, in ms. */
function overlaps(one: readonly Voiced[], other: readonly Voiced[]): Voiced[] {
  const pairs = one.flatMap((a) => other.map((b) => ({ from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) })));
  return pairs.filter(({ from, to }) => to > from);
}

describe.skipIf(why !== undefined)('a conversation by voice', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(async () => {
    await browser.close();
    await local.close();
  });

  test('a tool runs while one talks of something else; its result is told in quiet, cut, and told to its end', async () => {
    const { url } = await serve({ file: 'test/browser/agents/gate.ts', voice: true });
    const page = await visit(browser, url, { before: buildStudio });
    // Recognition takes its time on a machine that is busy.
    page.setDefaultTimeout(30_000);
    /** Waits until it was said; when that was on the tape, in ms. */
    const said = async (text: string): Promise<number> => {
      await page.locator('.line.agent:not(.live)').filter({ hasText: text }).waitFor();
      return ((await page.evaluate(() => window.studio.length())) / tapeRate) * 1000;
    };
    await page.getByRole('button', { name: 'Voice' }).click();
    await page.getByRole('meter', { name: 'Microphone level' }).waitFor();

    await speak(page, 'Book a flight from Paris to Tokyo.');
    const acknowledged = await said('searching flights from Paris to Tokyo');
    await speak(page, 'How is the weather in Berlin?');
    const answered = await said('It is sunny in Berlin.');
    book('Your flight is booked. It leaves at nine in the morning from gate seven. Have a good journey.');
    await heardForMs(page, 1_500);
    await speak(page, 'How is the weather in London?');
    const answeredAgain = await said('It is sunny in London.');
    const told = await said('Have a good journey.');

    const { user, agent } = await takeTape(page);
    const [spoken, replies] = [voiced(user), voiced(agent)];
    expect(spoken).toHaveLength(3);
    const cutAt = spoken[2]?.to ?? 0;
    const acknowledgement = "I'm searching flights from Paris to Tokyo; I'll tell you when I have something.";
    await heardOn(agent, { from: 0, to: acknowledged }, acknowledgement);
    await heardOn(agent, { from: acknowledged, to: answered }, 'It is sunny in Berlin.');
    const first = await heardOn(
      agent,
      { from: answered, to: cutAt },
      'Your flight is booked. It leaves at nine in the',
    );
    await heardOn(agent, { from: cutAt, to: answeredAgain }, 'It is sunny in London.');
    const rest = await heardOn(
      agent,
      { from: answeredAgain, to: told },
      'As I was saying: from gate seven. Have a good journey.',
    );
    expect(first).not.toContain('journey');
    expect(rest).not.toContain('booked');

    // Nobody talks over anybody: only he who cuts in does, until the agent hears it.
    const [cutIn, ...others] = overlaps(spoken, replies);
    expect(others).toEqual([]);
    expect(cutIn?.from).toBe(spoken[2]?.from);
    expect((cutIn?.to ?? Infinity) - (cutIn?.from ?? 0)).toBeLessThan(1_500);
  }, 120_000);
});
