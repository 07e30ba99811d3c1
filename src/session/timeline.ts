/** A conversation as text: its events, a line each, with relative times (S7.2, S10.3). The same events, the same text. */
import { describeError } from '../errors.ts';
import { messageText, type Json, type JsonObject, type Message } from '../chat/items.ts';
import type { AnsweredReason, Receipt } from '../chat/records.ts';
import { defaultPrompts, render } from '../tools/prompts.ts';
import type { SessionEvent } from './events.ts';
import { TaskNames } from './task-names.ts';

export interface TimelineOptions {
  /** What times count from, in ms since the epoch. Default: the first event. */
  readonly startAt?: number;
  /** The most characters that are shown of what a task was given, says or results in. Default 160. */
  readonly maxLength?: number;
}

/**
 * The events of a session as lines of text: time, lane, what happened.
 *
 * ```
 *  0:00.0  user    Book me a flight to Tokyo
 *  0:00.0  task    book_flight#1 started: destination=Tokyo
 *  0:00.0  task    book_flight#1: Searching flights
 *  0:00.1  agent   I am searching.
 *  0:03.0  task    book_flight#1 completed: ABC123
 *  0:03.1  agent   Your flight is booked: ABC123.
 *  0:03.1  told    book_flight#1 result
 * ```
 */
export function toTimeline(events: Iterable<SessionEvent>, options: TimelineOptions = {}): string {
  const timeline = new Timeline(options);
  return Array.from(events, (event) => timeline.add(event))
    .flat()
    .join('\n');
}

/** What an event says, without its time. */
export interface TimelineLine {
  readonly lane: string;
  readonly text: string;
}

/** Makes the lines of `toTimeline` one event at a time. */
export class Timeline {
  readonly names = new TaskNames();
  readonly #maxLength: number;
  /** When a record began to wait to be told. */
  readonly #scheduled = new Map<string, number>();
  readonly #questions = new Set<string>();
  readonly #agents = new Map<string, string>();
  #startAt: number | undefined;

  constructor(options: TimelineOptions = {}) {
    this.#startAt = options.startAt;
    this.#maxLength = options.maxLength ?? 160;
  }

  /** The event's lines; none for what only a program wants to know. */
  add(event: SessionEvent): string[] {
    this.#startAt ??= event.at;
    const line = this.line(event);
    if (!line) return [];
    const { lane, text } = line;
    const head = `${timeText(event.at - this.#startAt).padStart(7)}  ${lane.padEnd(laneWidth)}  `;
    return toPlainText(text)
      .split('\n')
      .map((row, index) => `${index === 0 ? head : ' '.repeat(head.length)}${row}`.trimEnd());
  }

  /** The same as lane and text. Like `add`, it is called once for each event, in order. */
  line(event: SessionEvent): TimelineLine | undefined {
    switch (event.type) {
      case 'agent_changed':
        return this.#entered(event);
      case 'item_added':
        if (event.item.kind === 'message') return said(event.item);
        // The result of an earlier session has a task of that one only.
        if (event.item.kind === 'record') this.names.add(event.item.callId, event.item.toolName);
        return undefined;
      case 'task_started':
        return {
          lane: 'task',
          text: `${this.names.add(event.callId, event.toolName)} started${this.#arguments(event.input)}`,
        };
      case 'task_updated':
        return this.#updated(event);
      case 'task_ended':
        return { lane: 'task', text: this.#ended(event) };
      case 'delivery_scheduled':
        this.#scheduled.set(event.id, event.at);
        return undefined;
      case 'delivery_ended':
        return event.receipt === 'silent' ? undefined : this.#delivered(event);
      case 'call_answered':
        return { lane: 'call', text: this.#answered(event) };
      case 'error':
        // What became of an odd call has its own line.
        if (event.source === 'call') return undefined;
        return { lane: 'error', text: `${event.source}: ${this.#short(describeError(event.error))}` };
      case 'closed':
        return { lane: 'end', text: event.reason };
      default:
        return undefined;
    }
  }

  #entered({ activityId, agent, parent }: SessionEvent<'agent_changed'>): TimelineLine {
    this.#agents.set(activityId, agent);
    const paused = parent === undefined ? undefined : this.#agents.get(parent);
    return { lane: 'enter', text: paused === undefined ? agent : `${agent}, while ${paused} waits` };
  }

  #updated(event: SessionEvent<'task_updated'>): TimelineLine | undefined {
    const { callId, recordId, message, question, answer } = event;
    const line = (text: string): TimelineLine => ({ lane: 'task', text: `${this.names.nameOf(callId)}${text}` });
    if (answer !== undefined) return line(` was answered: ${answer}`);
    if (recordId === undefined) return undefined;
    if (question === undefined)
      return line(message === undefined ? ' goes on in the background' : `: ${this.#short(message)}`);
    this.#questions.add(recordId);
    return line(` asks: ${this.#short(question)}`);
  }

  #ended({ callId, toolName, state, text }: SessionEvent<'task_ended'>): string {
    const saysNoMore =
      state === 'cancelled' || text === render(defaultPrompts.finished, { functionName: toolName, callId });
    const shown = saysNoMore ? '' : this.#short(text);
    return `${this.names.nameOf(callId)} ${state}${shown === '' ? '' : `: ${shown}`}`;
  }

  #answered({ toolName, reason, taskId }: SessionEvent<'call_answered'>): string {
    return `${toolName} ${answered[reason]}${taskId === undefined ? '' : ` ${this.names.nameOf(taskId)}`}`;
  }

  #delivered({ id, callId, receipt, reason, at }: SessionEvent<'delivery_ended'>): TimelineLine {
    const since = this.#scheduled.get(id) ?? at;
    const record = this.#questions.has(id) ? 'question' : recordName(id.slice(callId.length + 1));
    const what = `${this.names.nameOf(callId)} ${record}`.trimEnd();
    if (!isTold(receipt))
      return { lane: 'untold', text: `${what} (${reason === undefined ? receipt : `${receipt}: ${reason}`})` };
    const notes = [receipt === 'completed' ? '' : receipt, at - since >= 1000 ? `held ${timeText(at - since)}` : ''];
    const note = notes.filter((text) => text !== '').join(', ');
    return { lane: 'told', text: note === '' ? what : `${what} (${note})` };
  }

  #arguments(input: JsonObject): string {
    const shown = Object.entries(input).map(([name, value]) => `${name}=${valueText(value)}`);
    return shown.length === 0 ? '' : `: ${this.#short(shown.join(', '))}`;
  }

  #short(text: string): string {
    const line = text.trim().replace(/\s+/g, ' ');
    return line.length <= this.#maxLength
      ? line
      : `${line.slice(0, this.#maxLength - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
  }
}

const laneWidth = 'untold'.length;

const answered: Readonly<Record<AnsweredReason, string>> = {
  unknown: 'refused: there is no such tool',
  invalid: 'refused: its arguments do not fit',
  duplicate: 'refused: it is running already',
  joined: 'joined',
  replayed: 'answered with its earlier result',
  refused: 'refused',
  companion: 'answered',
};

function said(message: Message): TimelineLine {
  const images = message.parts.filter((part) => part.type === 'image').map(() => '[image]');
  const text = [messageText(message), ...images].filter((part) => part !== '').join(' ');
  const lane = message.role === 'assistant' ? 'agent' : message.role;
  return { lane, text: message.cut ? `${text}— [cut]` : text };
}

function isTold(receipt: Receipt): boolean {
  return receipt === 'completed' || receipt === 'accepted' || receipt === 'skipped';
}

/** `update_2` → `update 2`, `final` → `result`. */
function recordName(suffix: string): string {
  return suffix === 'final' ? 'result' : suffix.replace('_', ' ');
}

function valueText(value: Json | undefined): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** `0:02.1`, minutes and seconds. */
function timeText(ms: number): string {
  const tenths = Math.round(Math.max(0, ms) / 100);
  const seconds = ((tenths % 600) / 10).toFixed(1).padStart(4, '0');
  return `${String(Math.floor(tenths / 600))}:${seconds}`;
}

// oxlint-disable no-control-regex -- they are what a terminal would obey
const sequences = /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?)/g;
const controls = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/g;

/** Nothing in it can move a cursor: a tab is a space, other controls but line feeds are gone. */
function toPlainText(text: string): string {
  return text
    .replaceAll(/\r\n|\t/g, (found) => (found === '\t' ? ' ' : '\n'))
    .replace(sequences, '')
    .replace(controls, '');
}
