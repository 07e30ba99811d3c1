/**
 * What the user wants now, seen from all he has said: his answer to a question about a missing argument belongs to the
 * request that lacked it. Nothing is remembered: the conversation is gone through again each time, and a request is
 * open when its question stands in what was replied.
 */
import { choose, consentIn, withdrawsIn } from './choices.ts';
import { findDates } from './dates.ts';
import { evidenceFor, fill, intentOf, placeOf, understand, type Intent, type TalkContext } from './intents.ts';
import { isCompanion, type Menu, type Tool } from './menu.ts';
import { numberOf } from './numbers.ts';
import type { Param } from './params.ts';
import { isPlaceWord, placeAt } from './places.ts';
import { questionFor } from './questions.ts';
import type { Made, Turn } from './reading.ts';
import { Scan } from './scan.ts';
import { missingFrom, type Values } from './slots.ts';
import { isFiller, wordsOf } from './words.ts';

export interface Wanted {
  /** What can be called. */
  readonly ready: readonly Intent[];
  /** What lacks an argument that must be asked for. */
  readonly lacking: readonly Intent[];
  /** What was asked for and still lacks it, since the user spoke of something else. */
  readonly reopened: readonly Intent[];
  /** The user has taken back what he was asked about. */
  readonly withdrawn: boolean;
}

const nothing: Wanted = { ready: [], lacking: [], reopened: [], withdrawn: false };

export function wantedIn(turns: readonly Turn[], menu: Menu, now: number): Wanted {
  let open: readonly Intent[] = [];
  let wanted: Wanted = nothing;
  let place: string | undefined;
  let last: Made | undefined;
  for (const turn of turns.slice(-12)) {
    wanted = resolve(turn.utterance, open, last, menu, { now, place });
    open = [...wanted.lacking, ...wanted.reopened].filter((intent) => hasAsked(turn.reply, questionFor(intent)));
    last = turn.calls.findLast((call) => !isCompanion(call.toolName)) ?? last;
    place = placeOfCall(last, menu) ?? place;
  }
  return wanted;
}

function resolve(
  said: string,
  open: readonly Intent[],
  last: Made | undefined,
  menu: Menu,
  context: TalkContext,
): Wanted {
  const [asked, ...others] = open;
  const found = understand(said, menu, context);
  if (!asked) return sorted(found.length > 0 ? found : followUp(said, last, menu, context));
  const elsewhere = found.filter((it) => it.tool !== asked.tool && evidenceFor(it.tool, said) > 0.8);
  if (elsewhere.length > 0 && !found.some((it) => it.tool === asked.tool)) return sorted(elsewhere);
  if (withdrawsIn(said)) return { ...nothing, lacking: others, withdrawn: true };
  const answered = complete(asked, said, context);
  if (answered) return sorted([answered, ...elsewhere, ...others]);
  return consentIn(said) === false ? { ...nothing, withdrawn: true } : { ...nothing, reopened: open };
}

function sorted(intents: readonly Intent[]): Wanted {
  const isReady = (it: Intent): boolean => it.missing.length === 0;
  return { ...nothing, ready: intents.filter(isReady), lacking: intents.filter((it) => !isReady(it)) };
}

/** Speech that was cut has only the beginning of the question. */
function hasAsked(reply: string, question: string): boolean {
  const flat = reply.replace(/\s+/g, ' ');
  const beginning = question.split(' ').slice(0, 3).join(' ').replace(/[?,]$/, '');
  return flat.includes(question) || flat.includes(beginning);
}

/** The request with what the answer adds to it; undefined where it adds nothing. */
function complete(asked: Intent, said: string, context: TalkContext): Intent | undefined {
  const { tool } = asked;
  const marked = fill(tool, said, context);
  const values: Record<string, Values[string]> = { ...asked.values };
  for (const [name, value] of Object.entries(marked.values)) if (marked.sure.has(name)) values[name] = value;
  const missing = missingFrom(tool.params, values);
  // One bare value answers the first question; "Paris, Tokyo" answers both.
  if (missing.length === asked.missing.length) Object.assign(values, bareValues(missing, said, tool, context));
  const next = intentOf(tool, values);
  return next.missing.length < asked.missing.length ? next : undefined;
}

function bareValues(missing: readonly Param[], said: string, tool: Tool, context: TalkContext): Values {
  const [first, second] = missing;
  if (!first) return {};
  const parts = said.split(/\s*,\s*(?:and\s+)?|\s+and\s+/);
  if (second && parts.length === 2 && isPlaceParam(first) && isPlaceParam(second)) {
    const [one, two] = [
      bareValue(first, parts[0] ?? '', tool, context),
      bareValue(second, parts[1] ?? '', tool, context),
    ];
    if (one !== undefined && two !== undefined) return { [first.name]: one, [second.name]: two };
  }
  const both = fill(tool, said, context, missing).values;
  if (second && first.name in both && second.name in both) return both;
  const value = bareValue(first, said, tool, context);
  return value === undefined ? {} : { [first.name]: value };
}

function isPlaceParam({ role }: Param): boolean {
  return role === 'origin' || role === 'destination' || role === 'place';
}

function bareValue(param: Param, said: string, tool: Tool, context: TalkContext): Values[string] | undefined {
  if (param.options.length > 0) return choose(param.options, said)?.value;
  if (param.type === 'boolean') return consentIn(said);
  if (param.type === 'number' || param.type === 'integer') {
    return wordsOf(said)
      .map((word) => numberOf(word.lower))
      .find((it) => it !== undefined);
  }
  if (isPlaceParam(param)) {
    const scan = new Scan(said);
    const first = scan.words.findIndex((word) => isPlaceWord(word));
    return first === -1 ? undefined : placeAt(scan, first)?.name;
  }
  if (param.role === 'email' || param.role === 'url') return undefined;
  if (param.role === 'date') {
    const [date] = findDates(new Scan(said), context.now);
    return param.format === undefined ? (date?.text ?? restOf(said)) : date?.day;
  }
  return fill(tool, said, context, [param]).values[param.name] ?? restOf(said);
}

function restOf(said: string): string | undefined {
  const rest = new Scan(said).rest(() => false)?.text ?? said.trim().replace(/[.!?]+$/, '');
  return rest === '' ? undefined : rest;
}

/** "And in Paris?" is the last call once more, with another value. */
function followUp(said: string, last: Made | undefined, menu: Menu, context: TalkContext): Intent[] {
  const tool = last && menu.tools.find((it) => it.name === last.toolName);
  const starts = /^\W*(?:and|what about|how about|now|also|or|then|same|the same)\b/i.test(said);
  if (!last || !tool || !starts) return [];
  const { values, sure } = fill(tool, said, context);
  const fresh = Object.entries(values).filter(
    ([name, value]) => last.input[name] !== value && (sure.has(name) || isBare(said)),
  );
  if (fresh.length === 0) return [];
  const earlier = intentOf(tool, valuesOf(last, tool));
  return [intentOf(tool, { ...earlier.values, ...Object.fromEntries(fresh) })];
}

/** Besides grammar it has one name only. */
function isBare(said: string): boolean {
  return wordsOf(said).filter((word) => !isFiller(word)).length <= 3;
}

function valuesOf(call: Made, tool: Tool): Values {
  const known = tool.params.filter(({ name }) => call.input[name] !== undefined && call.input[name] !== null);
  return Object.fromEntries(known.map(({ name }) => [name, call.input[name] as Values[string]]));
}

function placeOfCall(call: Made | undefined, menu: Menu): string | undefined {
  const tool = call && menu.tools.find((it) => it.name === call.toolName);
  return tool && placeOf(tool, valuesOf(call, tool));
}
