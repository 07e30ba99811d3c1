/** What happens in the conversation, as rows that scroll away. */
import {
  messageText,
  type Item,
  type Message,
  type SessionRecord,
  type SessionEvent,
  type Timeline,
  type TimelineLine,
} from '../../index.ts';
import { ageText } from '../commands.ts';
import { fit, oneLine, printable } from './cells.ts';
import type { Paint } from './paint.ts';
import { Wrap, wrap } from './wrap.ts';

const bullet = '● ';
const indent = '  ';

interface Stretch {
  readonly wrapping: Wrap;
  /** How many rows of it were printed. */
  rows: number;
  /** White space that a model begins with is not shown. */
  begun: boolean;
}

export class Story {
  readonly #paint: Paint;
  readonly #timeline: Timeline;
  readonly #print: (rows: readonly string[]) => void;
  readonly #columns: () => number;
  readonly #startedAt = new Map<string, number>();
  #stretch: Stretch | undefined;
  #agents = 0;
  /** What a logger has printed of an error need not be printed of its event. */
  #lastLog = '';
  readonly #held: (() => void)[] = [];
  /** What was printed last: the agent's answer stands right under the user's words. */
  #last: 'nothing' | 'user' | 'agent' | 'note' = 'nothing';

  constructor(
    paint: Paint,
    timeline: Timeline,
    screen: { readonly columns: number; print(rows: readonly string[]): void },
  ) {
    this.#paint = paint;
    this.#timeline = timeline;
    this.#print = (rows) => screen.print(rows);
    this.#columns = () => screen.columns;
  }

  /** The agent's row that may still grow. */
  get speaking(): readonly string[] {
    if (!this.#stretch?.begun) return [];
    const { wrapping, rows } = this.#stretch;
    // A terminal that has become narrower breaks it further.
    return wrap(wrapping.open, this.#textColumns).map((row, index) => this.#agentRow(row, rows + index));
  }

  get #textColumns(): number {
    return this.#columns() - indent.length;
  }

  said(text: string): void {
    this.#space('user');
    const rows = wrap(printable(text), this.#textColumns);
    this.#print(rows.map((row, index) => `${index === 0 ? this.#paint.user('› ') : indent}${this.#paint.user(row)}`));
  }

  /** More words of the agent. */
  speaks(text: string): void {
    this.#stretch ??= { wrapping: new Wrap(), rows: 0, begun: false };
    const stretch = this.#stretch;
    const words = stretch.begun ? printable(text) : printable(text).trimStart();
    if (words === '') return;
    if (!stretch.begun) this.#space('agent');
    stretch.begun = true;
    this.#agentRows(stretch, stretch.wrapping.push(words, this.#textColumns));
  }

  /** The agent has said all, or was cut. */
  spoke(cut: boolean): void {
    const stretch = this.#stretch;
    this.#stretch = undefined;
    if (!stretch?.begun) return;
    const rest = stretch.wrapping.open.trimEnd();
    const rows = wrap(cut ? `${rest}— [cut]` : rest, this.#textColumns).filter((row) => row !== '');
    this.#agentRows(stretch, rows);
    for (const show of this.#held.splice(0)) show();
  }

  /** What was said before the terminal looked. */
  recall(history: Iterable<Item>): void {
    for (const item of history) if (item.kind === 'message') this.#recallMessage(item);
  }

  /** What happened in the processes before this one. */
  recallRecords(records: readonly SessionRecord[]): void {
    for (const [index, record] of records.entries()) {
      if (record.type === 'message_added') this.#recallMessage(record.message);
      if (record.type === 'session_restored') this.restored(records[index - 1]?.at ?? record.at, record.at);
      if (record.type === 'task_started') {
        this.#timeline.names.add(record.callId, record.toolName);
        this.#startedAt.set(record.callId, record.at);
      }
    }
  }

  /** The process that talked until then is gone; this one goes on. */
  restored(leftAt: number, at: number): void {
    this.#mark(
      '↻',
      this.#paint.warn,
      `The process ended here. It goes on, ${ageText(Math.max(0, at - leftAt))} later.`,
    );
  }

  #recallMessage(message: Message): void {
    if (message.role === 'user') this.said(messageText(message) || '[image]');
    if (message.role !== 'assistant') return;
    this.speaks(messageText(message));
    this.spoke(message.cut ?? false);
  }

  title(text: string): void {
    this.#print(wrap(printable(text), this.#columns()).map((row) => this.#paint.bold(row)));
  }

  /** A remark of the terminal's own. */
  note(text: string): void {
    this.#space('note');
    const rows = wrap(printable(text), this.#textColumns);
    this.#print(rows.map((row) => this.#paint.dim(`${indent}${row}`)));
  }

  add(event: SessionEvent): void {
    const line = this.#timeline.line(event);
    this.#between(() => this.#show(event, line));
  }

  /** What somebody else has written to the terminal. */
  log(text: string): void {
    this.#lastLog = text;
    this.#between(() => this.note(text));
  }

  /** At once, or when the agent has finished what it is saying. */
  #between(show: () => void): void {
    if (this.#stretch?.begun) this.#held.push(show);
    else show();
  }

  #show(event: SessionEvent, line: TimelineLine | undefined): void {
    switch (event.type) {
      case 'item_added':
        if (event.item.kind === 'message' && event.item.role === 'user')
          this.said(messageText(event.item) || '[image]');
        return;
      case 'task_started':
        this.#startedAt.set(event.callId, event.at);
        return;
      case 'task_ended':
        return this.#ended(event);
      case 'agent_changed':
        this.#agents += 1;
        return this.#agents > 1 && line ? this.#mark('→', this.#paint.agent, line.text) : undefined;
      case 'call_answered':
        return event.reason === 'companion' || !line ? undefined : this.#mark('·', this.#paint.dim, line.text);
      case 'delivery_ended':
        return line?.lane === 'untold' && event.receipt !== 'superseded'
          ? this.#mark('·', this.#paint.dim, `not told: ${line.text}`)
          : undefined;
      case 'error':
        return line && this.#isNews(event) ? this.#mark('!', this.#paint.bad, line.text) : undefined;
      default:
        return undefined;
    }
  }

  #ended({ callId, state, text, at }: SessionEvent<'task_ended'>): void {
    const { good, bad, warn } = this.#paint;
    const name = this.#timeline.names.nameOf(callId);
    const ms = at - (this.#startedAt.get(callId) ?? at);
    const age = ms < 10_000 ? `${(ms / 1000).toFixed(1)}s` : ageText(ms);
    if (state === 'completed') return this.#mark('✓', good, `${name} completed after ${age}`);
    if (state === 'cancelled') return this.#mark('✗', warn, `${name} cancelled after ${age}`);
    this.#mark('✗', bad, `${name} failed after ${age}: ${fit(oneLine(text), 300)}`);
  }

  /** A tool's failure is told with its end, and a logger may have printed the rest. */
  #isNews({ source, error }: SessionEvent<'error'>): boolean {
    return source !== 'tool' && !this.#lastLog.includes(error instanceof Error ? error.message : String(error));
  }

  #mark(mark: string, paint: (text: string) => string, text: string): void {
    this.#space('note');
    const rows = wrap(printable(text), this.#textColumns);
    this.#print(rows.map((row, index) => `${index === 0 ? `${paint(mark)} ` : indent}${this.#paint.dim(row)}`));
  }

  #agentRows(stretch: Stretch, rows: readonly string[]): void {
    this.#print(rows.map((row) => this.#agentRow(row, stretch.rows++)));
  }

  #agentRow(row: string, index: number): string {
    return `${index === 0 ? this.#paint.agent(bullet) : indent}${row}`;
  }

  /** An empty row before the user speaks, and before the agent speaks unasked. */
  #space(next: 'user' | 'agent' | 'note'): void {
    const apart = this.#last !== 'nothing' && (next === 'user' ? true : next === 'agent' && this.#last === 'agent');
    if (apart) this.#print(['']);
    this.#last = next;
  }
}
