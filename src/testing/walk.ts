/**
 * Walks through what happened in a run, event by event, in order. The idea is that of LiveKit Agents' `result.expect`;
 * here an event's kind says what else may be asked of it.
 */
import { difference, show } from './alike.ts';
import type { Observed } from './matchers.ts';
import { clip, timeText } from './times.ts';
import { ConversationError } from './verdict.ts';
import { toWalkEvents, type WalkEvent, type WalkEventName, type WalkEvents } from './walk-events.ts';

/** The members that are to fit: a RegExp fits a text, a part of an object is enough. Or a function that throws, or says false. */
export type WalkPattern<Name extends WalkEventName> =
  | { readonly [Member in keyof WalkEvents[Name]]?: unknown }
  | ((event: WalkEvent<Name>) => unknown);

/** `walk(run).next('tool_call', { name: 'book_table' }).next('agent_message', { text: /calling/i }).noMore()` */
export function walk(run: Observed): Walk {
  const events = 'events' in run ? run.events : run;
  return new Walk(toWalkEvents(events));
}

/** A place among the events of a run. What does not fit throws a ConversationError that prints them with the place marked. */
export class Walk<Last extends WalkEventName = never> {
  readonly #events: readonly WalkEvent[];
  #index = 0;
  #last: WalkEvent | undefined;

  constructor(events: readonly WalkEvent[]) {
    this.#events = events;
  }

  /** The event that `next`, `skipTo` or `contains` found last. */
  get event(): WalkEvent<Last> {
    if (!this.#last) throw new TypeError('event: nothing has been found yet. Call next() first.');
    return this.#last as unknown as WalkEvent<Last>;
  }

  /** What is still ahead. */
  get rest(): readonly WalkEvent[] {
    return this.#events.slice(this.#index);
  }

  /** The next event is of this kind, and fits. */
  next<Name extends WalkEventName>(kind: Name, pattern?: WalkPattern<Name>): Walk<Name> {
    const index = this.#ahead(kind);
    const misfit = misfitOf(this.#events[index], kind, pattern);
    if (misfit) this.#fail(`Expected next: ${wording(kind, pattern)}`, misfit, index, 'next');
    return this.#found(index);
  }

  /** Goes on to the first event ahead that fits, past all others. */
  skipTo<Name extends WalkEventName>(kind: Name, pattern?: WalkPattern<Name>): Walk<Name> {
    const index = this.#find(kind, pattern);
    if (index < 0) this.#fail(`Expected ahead: ${wording(kind, pattern)}`, 'There is none.', this.#index, 'skipTo');
    return this.#found(index);
  }

  /** Passes over the next event if it fits. */
  skipIf<Name extends WalkEventName>(kind: Name, pattern?: WalkPattern<Name>): this {
    const index = this.#ahead(kind);
    if (!misfitOf(this.#events[index], kind, pattern)) this.#index = index + 1;
    return this;
  }

  /** There is such an event ahead; goes nowhere. */
  contains<Name extends WalkEventName>(kind: Name, pattern?: WalkPattern<Name>): Walk<Name> {
    const index = this.#find(kind, pattern);
    if (index < 0) this.#fail(`Expected ahead: ${wording(kind, pattern)}`, 'There is none.', this.#index, 'contains');
    this.#last = this.#events[index];
    return this as unknown as Walk<Name>;
  }

  /** Nothing is ahead; with a kind, nothing of it that fits. What the user says does not count, unless it is the kind. */
  noMore<Name extends WalkEventName>(kind?: Name, pattern?: WalkPattern<Name>): this {
    const index = kind === undefined ? this.#ahead(undefined) : this.#find(kind, pattern);
    if (index < 0 || index >= this.#events.length) return this;
    const what = kind === undefined ? 'nothing' : `no ${wording(kind, pattern)}`;
    return this.#fail(
      `Expected ahead: ${what}`,
      kind === undefined ? 'There is more.' : 'There is one.',
      index,
      'noMore',
    );
  }

  /** Where the next event is, past the user's messages unless one is asked for. */
  #ahead(kind: WalkEventName | undefined): number {
    let index = this.#index;
    while (kind !== 'user_message' && this.#events[index]?.type === 'user_message') index += 1;
    return index;
  }

  #find<Name extends WalkEventName>(kind: Name, pattern: WalkPattern<Name> | undefined): number {
    return this.#events.findIndex((event, index) => index >= this.#index && !misfitOf(event, kind, pattern));
  }

  #found<Name extends WalkEventName>(index: number): Walk<Name> {
    this.#last = this.#events[index];
    this.#index = index + 1;
    return this as unknown as Walk<Name>;
  }

  #fail(expected: string, found: string, index: number, thrownBy: keyof this & string): never {
    const startAt = this.#events[0]?.at ?? 0;
    const kindWidth = Math.max(0, ...this.#events.map((event) => event.type.length));
    const rows = this.#events.map((event, at) => {
      const mark = at === index ? '▶' : at < this.#index ? '✓' : ' ';
      return `${mark}  ${timeText(event.at - startAt)}  ${event.type.padEnd(kindWidth)}  ${wordingOfEvent(event)}`.trimEnd();
    });
    if (index >= this.#events.length) rows.push('▶  the end');
    throw new ConversationError(`${expected}.\n${found}\n\n${rows.join('\n')}\n`, Reflect.get(this, thrownBy));
  }
}

/** Why the event is not the one; undefined when it is. */
function misfitOf<Name extends WalkEventName>(
  event: WalkEvent | undefined,
  kind: Name,
  pattern: WalkPattern<Name> | undefined,
): string | undefined {
  if (!event) return 'There is nothing more.';
  if (event.type !== kind) return `It is ${article(event.type)}.`;
  if (pattern === undefined) return undefined;
  if (typeof pattern !== 'function') {
    const differs = difference(event, pattern);
    return differs === undefined ? undefined : `Its ${differs}.`;
  }
  try {
    return pattern(event as unknown as WalkEvent<Name>) === false
      ? 'The function says that it does not fit.'
      : undefined;
  } catch (error) {
    return `The function says: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function article(kind: string): string {
  return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;
}

function wording(kind: WalkEventName, pattern: unknown): string {
  if (pattern === undefined) return kind;
  return typeof pattern === 'function' ? `${kind} that fits a function` : `${kind} with ${patternText(pattern)}`;
}

function patternText(pattern: unknown): string {
  return Object.entries(pattern as object)
    .map(([name, value]) => `${name} ${show(value)}`)
    .join(', ');
}

function wordingOfEvent({ type: _type, at: _at, ...event }: WalkEvent): string {
  if ('error' in event) return clip(`${event.source}: ${String(event.error)}`);
  const { callId: _callId, name, text, ...rest } = event as { callId?: string; name?: string; text?: string };
  const members = Object.entries(rest).filter(([, value]) => value !== undefined && value !== false);
  const shown = members.map(([key, value]) => (key === 'args' ? show(value) : typeof value === 'string' ? value : key));
  return [name, ...shown, text === undefined ? undefined : clip(JSON.stringify(text), 100)].filter(Boolean).join('  ');
}
