/** What was said, when, and over whom: as verdicts. Pure. */
import { show } from './alike.ts';
import { checkMoment, timesOf, wordingOfMoment, type Moment } from './moments.ts';
import type { Mark } from './picture.ts';
import type { AgentSpeech, Reading, ToolRunSpan, UserSpeech } from './reading.ts';
import { durationText, isWords, quoted, says, timeText, wordingOf } from './times.ts';
import type { Verdict } from './verdict.ts';

/** How often, and from when on. */
export interface SpokenOptions {
  /** Exactly so many stretches of speech with these words. Default: at least one. */
  readonly times?: number;
  /** Only what was said behind this moment, the first time it came. */
  readonly after?: Moment;
}

/** While this holds the agent is to be silent: `{ tool }` is one tool, or one run of it (`book_flight#2`). */
export type While = 'user speaking' | 'tool running' | { readonly tool: string };

/** Which speech counts, and how long it may go on. */
export interface OverlapOptions {
  /** So long the agent may go on when the user begins to speak, in ms. Default: the script's `interruptsAfterMs`, else 0. */
  readonly graceMs?: number;
  /** Only speech with these words. Default: all. */
  readonly text?: string | RegExp;
}

/** Which stretch of time is looked at. */
export interface SilentOptions {
  /** Silent from this moment on, the first time it came. Default: for the last so many ms, up to now. */
  readonly after?: Moment;
}

export function spoken(reading: Reading, wanted: string | RegExp, { times, after }: SpokenOptions): Verdict {
  checkWords(wanted);
  const since = sinceOf(after, reading);
  const behind = after === undefined ? '' : ` after ${wordingOfMoment(after)}`;
  const what = `${wordingOf(wanted)}${times === undefined ? '' : ` ${countText(times)}`}${behind}`;
  const wordings = { expected: `the agent to say ${what}`, unexpected: `the agent not to say ${what}` };
  if (since === undefined) return { pass: undefined, ...wordings, ...never(after, reading) };
  const hits = reading.speech.filter((each) => each.from >= since && says(each.text, wanted));
  const pass = times === undefined ? hits.length > 0 : hits.length === times;
  if (hits.length > 0) {
    const marks = hits.map((each) => ({
      of: each,
      at: each.from,
      note: pass ? 'said here' : `said here, ${timeText(each.from)}`,
    }));
    return { pass, ...wordings, found: `It was said ${countText(hits.length)}.`, marks };
  }
  return { pass, ...wordings, ...missing(reading, wanted, since) };
}

/** Why it was not said: cut, said too early, or something else was said. */
function missing(reading: Reading, wanted: string | RegExp, since: number): Pick<Verdict, 'found' | 'marks'> {
  const cut = reading.speech.filter((each) => each.cut && says(each.written, wanted));
  if (cut.length > 0) {
    const marks = cut.map((each) => ({
      of: each,
      at: each.from,
      note: `was cut: the agent meant to say ${quoted(each.written)}`,
    }));
    return { found: 'It began to, but was cut before these words were heard.', marks };
  }
  const early = reading.speech.filter((each) => each.from < since && says(each.text, wanted));
  if (early.length > 0) {
    return {
      found: 'It said so only before.',
      marks: early.map((each) => ({ of: each, at: each.from, note: 'too early' })),
    };
  }
  const said = reading.speech.filter((each) => each.from >= since && each.text.trim() !== '');
  if (said.length === 0)
    return { found: 'It said nothing.', marks: [{ at: reading.end, note: 'nothing was said so far' }] };
  const closest = closestTo(said, wanted);
  if (!closest) {
    const found = `It said ${String(said.length)} other ${said.length === 1 ? 'thing' : 'things'}.`;
    return { found, marks: said.map((each) => ({ of: each, at: each.from, note: '' })) };
  }
  return { found: 'It said something else.', marks: [{ of: closest, at: closest.from, note: 'the closest to it' }] };
}

/** The speech that shares the most words, if it shares any that say something. */
function closestTo(said: readonly AgentSpeech[], wanted: string | RegExp): AgentSpeech | undefined {
  const words = wordsOf(typeof wanted === 'string' ? wanted : wanted.source);
  let best: AgentSpeech | undefined;
  let most = 0;
  for (const each of said) {
    const own = wordsOf(each.text);
    const shared = [...words].filter((word) => own.has(word)).length;
    if (shared > most) [best, most] = [each, shared];
  }
  return best;
}

function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu));
}

export function spokenWhile(reading: Reading, condition: While, { graceMs = 0, text }: OverlapOptions): Verdict {
  const during =
    condition === 'user speaking'
      ? 'the user spoke'
      : condition === 'tool running'
        ? 'a tool ran'
        : `${condition.tool} ran`;
  if (text !== undefined) checkWords(text);
  const what = text === undefined ? 'speak' : `say ${wordingOf(text)}`;
  const wordings = {
    expected: `the agent to ${what} while ${during}`,
    unexpected: `the agent not to ${what} while ${during}`,
  };
  const spans = spansOf(reading, condition);
  if (typeof condition === 'object' && spans.length === 0)
    return {
      pass: undefined,
      ...wordings,
      found: `${condition.tool} never ran.`,
      marks: [{ at: reading.end, note: 'it has not run so far' }],
    };
  const speech = reading.speech.filter((each) => text === undefined || says(each.text, text));
  const overlaps = speech.flatMap((each) =>
    spans.flatMap((other) => overlapOf(each, other, reading.end, condition === 'user speaking' ? graceMs : 0) ?? []),
  );
  const [first] = overlaps;
  return {
    pass: first !== undefined,
    ...wordings,
    found: first ? first.sentence : `It never did.`,
    marks: overlaps.flatMap((each) => each.marks),
    drawn: overlaps[0]?.drawn,
  };
}

export function overlap(reading: Reading, { graceMs = 0 }: OverlapOptions): Verdict {
  const withUser = reading.speech.flatMap((each) =>
    spansOf(reading, 'user speaking').flatMap((user) => overlapOf(each, user, reading.end, graceMs) ?? []),
  );
  const withItself = reading.speech.flatMap((each, index) =>
    reading.speech.slice(index + 1).flatMap((next) => overlapOf(next, each, reading.end, 0) ?? []),
  );
  const overlaps = [...withUser, ...withItself];
  return {
    pass: overlaps.length > 0,
    expected: 'two voices to overlap',
    unexpected: 'nobody to speak over anybody',
    found: overlaps[0]?.sentence ?? 'Nobody did.',
    marks: overlaps.flatMap((each) => each.marks),
    drawn: overlaps[0]?.drawn,
  };
}

type Other = UserSpeech | ToolRunSpan | AgentSpeech;

function spansOf(reading: Reading, condition: While): readonly Other[] {
  if (condition === 'user speaking') return reading.user;
  const { tasks } = reading;
  if (condition === 'tool running') return tasks;
  if (typeof condition !== 'object')
    throw new TypeError(`Expected 'user speaking', 'tool running' or { tool }, got ${show(condition)}.`);
  return tasks.filter((task) => [task.toolName, task.name, task.callId].includes(condition.tool));
}

interface Overlap {
  readonly sentence: string;
  /** With what was just before and behind. */
  readonly drawn: { readonly from: number; readonly to: number };
  readonly marks: readonly Mark[];
}

/** Undefined when they do not meet; what began before the other may go on for `graceMs`. */
function overlapOf(speech: AgentSpeech, other: Other, end: number, graceMs: number): Overlap | undefined {
  const from = Math.max(speech.from, other.from);
  const to = Math.min(speech.to ?? end, other.to ?? end);
  const allowedMs = speech.from < other.from ? graceMs : 0;
  if (to - from <= allowedMs) return undefined;
  const name = other.who === 'user' ? 'the user' : other.who === 'tool' ? other.name : 'the agent';
  const does = other.who === 'tool' ? 'ran' : 'spoke';
  const how = `${durationText(to - from)}, ${timeText(from)}–${timeText(to)}`;
  const began = speech.from < other.from ? 'went on' : 'began';
  return {
    drawn: {
      from: Math.max(0, Math.min(speech.from, other.from) - 500),
      to: Math.max(speech.to ?? end, other.to ?? end) + 500,
    },
    sentence: `It ${began} while ${name} ${does}: ${how}.`,
    marks: [
      {
        of: speech,
        at: speech.from,
        note: `${other.who === 'tool' ? `while ${name} runs` : `over ${name}`} for ${how}`,
      },
    ],
  };
}

export function silentFor(reading: Reading, ms: number, now: number, { after }: SilentOptions): Verdict {
  if (!(ms > 0 && ms < Infinity)) throw new TypeError(`Expected a number of ms above 0, got ${show(ms)}.`);
  const since = after === undefined ? now - ms : sinceOf(after, reading);
  const what = `${durationText(ms)}${after === undefined ? ' up to now' : ` after ${wordingOfMoment(after)}`}`;
  const wordings = { expected: `the agent to be silent for ${what}`, unexpected: `the agent to speak within ${what}` };
  if (since === undefined) return { pass: undefined, ...wordings, ...never(after, reading) };
  const until = since + ms;
  const spoke = reading.speech.filter(
    (each) => each.from < until && (each.to ?? now) > since && (each.from !== each.to || each.text !== ''),
  );
  // Up to now the last words count, from a moment on the first.
  const breaks = after === undefined ? spoke.at(-1) : spoke[0];
  if (breaks) return { pass: false, ...wordings, ...silence(breaks, since, now, after !== undefined) };
  if (since < 0 || until > now) {
    const note = `the conversation is ${since < 0 ? 'only so long' : 'over'}: ${timeText(now)}`;
    return {
      pass: false,
      ...wordings,
      found: `It was, but there are only ${durationText(now - Math.max(0, since))} of it.`,
      marks: [{ at: now, note }],
    };
  }
  return {
    pass: true,
    ...wordings,
    found: 'It was.',
    marks: [{ at: since, note: `silent for ${durationText(ms)} from here` }],
  };
}

function silence(
  breaks: AgentSpeech,
  since: number,
  now: number,
  fromMoment: boolean,
): Pick<Verdict, 'found' | 'marks'> {
  const mark = (note: string): Mark[] => [{ of: breaks, at: breaks.from, note }];
  if (!fromMoment) {
    const ms = durationText(now - (breaks.to ?? now));
    return { found: `It has been silent for ${ms}.`, marks: mark(`spoke last; now it is ${timeText(now)}`) };
  }
  const begins = `the silence was to begin at ${timeText(since)}`;
  if (breaks.from <= since) return { found: 'It was speaking then.', marks: mark(begins) };
  return { found: `It was silent for ${durationText(breaks.from - since)}.`, marks: mark(begins) };
}

function sinceOf(after: Moment | undefined, reading: Reading): number | undefined {
  if (after === undefined) return 0;
  checkMoment(after, 'after');
  return timesOf(after, reading)[0];
}

function never(after: Moment | undefined, { end }: Reading): Pick<Verdict, 'found' | 'marks'> {
  const moment = after === undefined ? '' : wordingOfMoment(after);
  return {
    found: `That moment never came: ${moment}.`,
    marks: [{ at: end, note: `it has not come so far` }],
  };
}

function checkWords(wanted: unknown): void {
  if (!isWords(wanted)) throw new TypeError(`Expected words or a RegExp to look for, got ${show(wanted)}.`);
}

export function countText(times: number): string {
  return times === 1 ? 'once' : times === 2 ? 'twice' : `${String(times)} times`;
}
