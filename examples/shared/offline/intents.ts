/**
 * Which tools somebody's words ask for, and with which arguments. A tool is picked by the words it shares with a part
 * of what was said, and by how much of what it needs was said there in so many words.
 */
import type { JSONValue } from '@ai-sdk/provider';
import { withdrawsIn } from './choices.ts';
import { isVerb, type Menu, type Tool } from './menu.ts';
import type { Param } from './params.ts';
import { isPlaceWord, placeAt } from './places.ts';
import { Scan } from './scan.ts';
import { segmentsOf } from './segments.ts';
import { fillSlots, isText, missingFrom, type Filled, type SlotContext, type Values } from './slots.ts';
import { isFiller, wordsOf, type Word } from './words.ts';

export interface Intent {
  readonly tool: Tool;
  readonly values: Values;
  readonly missing: readonly Param[];
}

export interface TalkContext {
  readonly now: number;
  /** The place last talked about. */
  readonly place: string | undefined;
}

interface Draft {
  readonly tool: Tool;
  readonly start: number;
  readonly end: number;
  readonly filled: Filled;
}

/** Said before a word that replaces another. */
const correction = /^\W*(?:no|nope|wait|sorry|actually|rather|i mean|i meant|make (?:that|it)|correction|instead)\b/i;

export function understand(text: string, menu: Menu, context: TalkContext): Intent[] {
  const drafts: Draft[] = [];
  let start = 0;
  let correcting = false;
  for (const span of segmentsOf(text)) {
    const segment = text.slice(span.start, span.end);
    const current = drafts.at(-1);
    if (withdrawsIn(segment)) {
      drafts.length = 0;
      start = span.end;
      continue;
    }
    correcting ||= correction.test(segment);
    const inText = { ...context, place: placeIn(drafts) ?? context.place };
    if (!current) {
      const found = judge(text.slice(start, span.end), menu, inText);
      if (found) drafts.push({ ...found, start, end: span.end });
      continue;
    }
    const other = judge(segment, menu, inText);
    if (other && other.tool !== current.tool && other.evidence > 0)
      drafts.push({ ...other, start: span.start, end: span.end });
    else drafts.splice(-1, 1, ...extend(current, text, span, inText, correcting));
  }
  return drafts.map((draft) => toIntent(draft, placeIn(drafts.filter((it) => it !== draft))));
}

/** A draft and more of the text: another value for it, a second one of the same kind, or just more of it. */
function extend(
  draft: Draft,
  text: string,
  span: { start: number; end: number },
  context: TalkContext,
  correcting: boolean,
): Draft[] {
  const { tool } = draft;
  const segment = text.slice(span.start, span.end);
  const added = fill(tool, segment, context);
  const isPlace = isPlacePhrase(segment);
  const fresh = Object.entries(added.values).filter(([name]) => added.sure.has(name) || isPlace);
  const differs = fresh.some(([name, value]) => name in draft.filled.values && draft.filled.values[name] !== value);
  if (differs) {
    const values = { ...draft.filled.values, ...Object.fromEntries(fresh) };
    const next = {
      tool,
      filled: { values, sure: new Set(Object.keys(values)) },
      start: correcting ? draft.start : span.start,
      end: span.end,
    };
    return correcting ? [next] : [draft, next];
  }
  const whole = fill(tool, text.slice(draft.start, span.end), context);
  const values = { ...whole.values, ...sureOf(draft.filled), ...Object.fromEntries(fresh) };
  return [
    {
      tool,
      start: draft.start,
      end: span.end,
      filled: { values, sure: new Set([...draft.filled.sure, ...added.sure]) },
    },
  ];
}

function sureOf({ values, sure }: Filled): Values {
  return Object.fromEntries(Object.entries(values).filter(([name]) => sure.has(name)));
}

/** Nothing but a place, as the second half of "the weather in Paris and Rome". */
function isPlacePhrase(segment: string): boolean {
  const scan = new Scan(segment);
  const first = scan.words.findIndex((word) => isPlaceWord(word));
  const place = first === -1 ? undefined : placeAt(scan, first);
  if (!place || /^\s*(?:a|an|the|my)\b/i.test(segment)) return false;
  return scan.words.every((word) => isFiller(word) || (word.start >= place.span.start && word.end <= place.span.end));
}

function placeIn(drafts: readonly Draft[]): string | undefined {
  for (const { tool, filled } of drafts) {
    const place = placeOf(tool, filled.values);
    if (place !== undefined) return place;
  }
  return undefined;
}

/** Where a call leads to. */
export function placeOf(tool: Tool, values: Values): string | undefined {
  for (const role of ['destination', 'place'] as const) {
    const param = tool.params.find((it) => it.role === role);
    const value = param && values[param.name];
    if (typeof value === 'string') return value;
  }
  return undefined;
}

/** Who wants a flight and asks for the weather means the weather where he flies to. */
function toIntent({ tool, filled }: Draft, place: string | undefined): Intent {
  const [lacking] = missingFrom(tool.params, filled.values).filter(
    (it) => it.role === 'place' || it.role === 'destination',
  );
  const values = lacking && place !== undefined ? { ...filled.values, [lacking.name]: place } : filled.values;
  return intentOf(tool, values);
}

export function intentOf(tool: Tool, values: Values): Intent {
  return { tool, values, missing: missingFrom(tool.params, values) };
}

export function fill(tool: Tool, text: string, context: TalkContext, params: readonly Param[] = tool.params): Filled {
  const slots: SlotContext = { ...context, isToolWord: (word) => isWordOf(tool, word) };
  return fillSlots(params, text, slots);
}

function isWordOf(tool: Tool, word: Word): boolean {
  return tool.words.includes(word.concept) || (isVerb(word.concept) && tool.hints.has(word.concept));
}

interface Judged {
  readonly tool: Tool;
  readonly filled: Filled;
  /** How much the words speak for the tool, without its arguments. */
  readonly evidence: number;
}

/** The tool that the words ask for, if any. */
function judge(text: string, menu: Menu, context: TalkContext): Judged | undefined {
  let best: (Judged & { score: number }) | undefined;
  for (const tool of menu.tools) {
    const evidence = evidenceFor(tool, text);
    const filled = fill(tool, text, context);
    const score = evidence + supportOf(tool, filled, evidence);
    const enough = evidence > 0.3 ? score >= 1 || namesOnly(tool, text) : speaksForItself(tool, filled, score);
    if (enough && score > (best?.score ?? 0)) best = { tool, filled, evidence, score };
  }
  return best;
}

/** Nothing is said but what the tool is called: "search". */
function namesOnly(tool: Tool, text: string): boolean {
  const words = wordsOf(text).filter((word) => !isFiller(word));
  return words.length > 0 && words.every((word) => tool.words.includes(word.concept));
}

export function evidenceFor(tool: Tool, text: string): number {
  const spoken = new Set(
    wordsOf(text.replace(/"[^"]*"|“[^”]*”|`[^`]*`/g, ' ')).flatMap((word) => (isFiller(word) ? [] : [word.concept])),
  );
  return [...spoken].reduce((sum, concept) => sum + (tool.hints.get(concept) ?? 0), 0);
}

function supportOf(tool: Tool, { values, sure }: Filled, evidence: number): number {
  return tool.params.reduce((sum, param) => {
    if (sure.has(param.name)) return sum + (param.required ? 1 : 0.4);
    return param.name in values && param.required && isText(param) && evidence >= 0.35 ? sum + 0.75 : sum;
  }, 0);
}

/** Without a word of the tool: everything it needs was said with marks of its own ("Paris to Tokyo", an address). */
function speaksForItself(tool: Tool, { sure }: Filled, score: number): boolean {
  const required = tool.params.filter((param) => param.required);
  if (required.length === 0 || !required.every((param) => sure.has(param.name))) return false;
  return score >= 2 || required.some((param) => param.role === 'email' || param.role === 'url');
}

/** The arguments of the call: null for what must be there and was not said. */
export function argsOf({ tool, values }: Intent): Record<string, JSONValue> {
  return { ...Object.fromEntries(tool.nullable.map((name) => [name, null])), ...values };
}
