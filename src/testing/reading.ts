/**
 * From notes to what happened: who spoke from when to when, which tool ran, what was told, and the rows a timeline
 * shows. It takes the notes one at a time. All times that come out are ms from the conversation's start.
 */
import { messageText, Timeline, type Message, type Receipt, type SessionEvent } from '../index.ts';
import type { Note } from './notes.ts';

/** One stretch of the agent's words. */
export interface AgentSpeech {
  readonly who: 'agent';
  readonly agent: string | undefined;
  readonly kind: 'reply' | 'say' | 'filler';
  readonly speechId: string | undefined;
  /** When its first word began to be heard. */
  readonly from: number;
  /** Undefined while it goes on. */
  readonly to: number | undefined;
  /** What was heard of it. */
  readonly text: string;
  /** What was meant to be said. */
  readonly written: string;
  readonly cut: boolean;
}

/** One stretch of the user's words. */
export interface UserSpeech {
  readonly who: 'user';
  readonly from: number;
  readonly to: number | undefined;
  /** Empty for a noise, and while it is not known. */
  readonly text: string;
  readonly typed: boolean;
}

/** One run of a tool. */
export interface ToolRunSpan {
  readonly who: 'tool';
  readonly callId: string;
  readonly toolName: string;
  /** `book_flight#1`: the tool, and the number of the task in the conversation. */
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly from: number;
  readonly to: number | undefined;
  readonly state: 'running' | 'completed' | 'failed' | 'cancelled';
}

/** One thing a background task had to tell. */
export interface Delivery {
  readonly recordId: string;
  readonly callId: string;
  readonly from: number;
  /** Undefined while it waits. */
  readonly to: number | undefined;
  readonly receipt: Receipt | undefined;
  readonly reason: string | undefined;
}

export interface Row {
  readonly from: number;
  /** For what takes time. Undefined is: it goes on. */
  readonly to?: number | undefined;
  readonly lane: string;
  readonly text: string;
  /** What it shows, for marks. */
  readonly of: object;
}

export interface Reading {
  readonly speech: readonly AgentSpeech[];
  readonly user: readonly UserSpeech[];
  readonly tasks: readonly ToolRunSpan[];
  readonly deliveries: readonly Delivery[];
  readonly updates: readonly { readonly callId: string; readonly at: number }[];
  /** Word by word when it was heard, where that is known: the text so far. */
  readonly heard: ReadonlyMap<AgentSpeech, readonly { readonly at: number; readonly text: string }[]>;
  readonly rows: readonly Row[];
  /** The last note's time. */
  readonly end: number;
}

type Open<T> = { -readonly [K in keyof T]: T[K] };

export class Reader implements Reading {
  readonly #startAt: number;
  readonly #lines: Timeline;
  readonly speech: Open<AgentSpeech>[] = [];
  readonly user: Open<UserSpeech>[] = [];
  readonly updates: { readonly callId: string; readonly at: number }[] = [];
  readonly heard = new Map<AgentSpeech, { readonly at: number; readonly text: string }[]>();
  end = 0;
  readonly #tasks = new Map<string, Open<ToolRunSpan>>();
  readonly #deliveries = new Map<string, Open<Delivery>>();
  readonly #rows: (() => Row)[] = [];
  /** What he said aloud and has not yet entered the conversation. */
  readonly #unentered: Open<UserSpeech>[] = [];
  /** Stretches whose message has not entered. */
  readonly #unwritten = new Set<Open<AgentSpeech>>();
  #words: string | undefined;
  #agent: string | undefined;
  #speaksSince: number | undefined;
  #isOver = false;

  constructor(startAt: number) {
    this.#startAt = startAt;
    this.#lines = new Timeline({ startAt });
  }

  get tasks(): ToolRunSpan[] {
    return [...this.#tasks.values()];
  }

  get deliveries(): Delivery[] {
    return [...this.#deliveries.values()];
  }

  get rows(): Row[] {
    const rows = this.#rows.map((row) => row());
    if (!this.#isOver) return rows;
    const open = this.tasks.filter((task) => task.to === undefined);
    return [...rows, ...open.map((of) => ({ from: this.end, lane: 'task', text: `${of.name} is still running`, of }))];
  }

  take(note: Note): void {
    const at = note.at - this.#startAt;
    this.end = Math.max(this.end, at);
    switch (note.type) {
      case 'words_begun':
        this.#begins(at, note.speech.speechId, note.speech.kind, note.speech.agent);
        return;
      case 'words_heard':
        this.#open(note.speechId, (span) => {
          span.text = note.text;
          this.heard.get(span)?.push({ at, text: note.text });
        });
        return;
      case 'words_over':
        this.#open(note.speechId, (span) => {
          const { cut, written, heard } = note;
          Object.assign(span, { to: at, cut, written, text: heard ?? (cut ? span.text : written) });
        });
        return;
      case 'user_words':
        this.#words = note.text;
        return;
      case 'observed':
        this.#isOver = true;
        return;
      default:
        this.#event(note, at);
    }
  }

  #event(event: SessionEvent, at: number): void {
    const line = this.#lines.line(event);
    switch (event.type) {
      case 'agent_changed':
        this.#agent = event.agent;
        break;
      case 'agent_state_changed':
        this.#speaksSince = event.state === 'speaking' ? at : undefined;
        break;
      case 'user_state_changed':
        return this.#userChanged(at, event.state === 'speaking', event.was === 'speaking');
      case 'task_started':
        this.#started(event, at);
        break;
      case 'task_updated':
        if (event.recordId !== undefined) this.updates.push({ callId: event.callId, at });
        break;
      case 'task_ended': {
        const task = this.#tasks.get(event.callId);
        if (task) Object.assign(task, { to: at, state: event.state });
        break;
      }
      case 'delivery_scheduled':
      case 'delivery_ended':
        this.#delivery(event, at);
        break;
      case 'item_added':
        if (event.item.kind === 'message' && event.item.role !== 'system') return this.#message(event.item, at);
        break;
      default:
    }
    if (line) this.#rows.push(() => ({ from: at, ...line, of: event }));
  }

  #begins(
    at: number,
    speechId: string | undefined,
    kind: AgentSpeech['kind'],
    agent: string | undefined,
  ): Open<AgentSpeech> {
    const who = 'agent';
    const span: Open<AgentSpeech> = {
      who,
      agent,
      kind,
      speechId,
      from: at,
      to: undefined,
      text: '',
      written: '',
      cut: false,
    };
    this.speech.push(span);
    this.heard.set(span, []);
    this.#unwritten.add(span);
    this.#rows.push(() => ({ from: at, to: span.to, lane: 'agent', text: shown(span), of: span }));
    return span;
  }

  #open(speechId: string, change: (span: Open<AgentSpeech>) => void): void {
    const span = this.speech.findLast((each) => each.speechId === speechId && each.to === undefined);
    if (span) change(span);
  }

  #message(message: Message, at: number): void {
    if (message.role === 'user') return this.#userMessage(message, at);
    const text = messageText(message);
    const newest = this.speech.findLast((each) => each.speechId === message.speechId);
    const known = newest && this.#unwritten.has(newest) ? newest : undefined;
    // Of events alone: the agent has been speaking since its state said so.
    const span = known ?? this.#begins(this.#speaksSince ?? at, message.speechId, 'reply', this.#agent);
    this.#unwritten.delete(span);
    this.#speaksSince = at;
    if (!known) Object.assign(span, { to: at, written: text });
    if (!known || span.text === '' || message.cut) Object.assign(span, { text, cut: message.cut ?? false });
  }

  #userChanged(at: number, speaks: boolean, spoke: boolean): void {
    if (speaks) {
      const span: Open<UserSpeech> = { who: 'user', from: at, to: undefined, text: this.#words ?? '', typed: false };
      this.user.push(span);
      this.#rows.push(() => ({ from: at, to: span.to, lane: 'user', text: span.text || '[noise]', of: span }));
      if (this.#words !== '') this.#unentered.push(span);
      this.#words = undefined;
    } else if (spoke) {
      const span = this.user.findLast((each) => each.to === undefined);
      if (span) span.to = at;
    }
  }

  #userMessage(message: Message, at: number): void {
    const text = messageText(message);
    const spoken = this.#unentered.shift();
    if (spoken) {
      spoken.text = text;
      return;
    }
    const span: UserSpeech = { who: 'user', from: at, to: at, text, typed: true };
    this.user.push(span);
    this.#rows.push(() => ({ from: at, lane: 'user', text, of: span }));
  }

  #started({ callId, toolName, input }: SessionEvent<'task_started'>, at: number): void {
    const name = this.#lines.names.nameOf(callId);
    const task = {
      who: 'tool',
      callId,
      toolName,
      name,
      args: input,
      from: at,
      to: undefined,
      state: 'running',
    } as const;
    this.#tasks.set(callId, { ...task });
  }

  #delivery(event: SessionEvent<'delivery_scheduled' | 'delivery_ended'>, at: number): void {
    const { id: recordId, callId } = event;
    const known = this.#deliveries.get(recordId);
    const delivery = known ?? { recordId, callId, from: at, to: undefined, receipt: undefined, reason: undefined };
    this.#deliveries.set(recordId, delivery);
    if (event.type === 'delivery_ended')
      Object.assign(delivery, { to: at, receipt: event.receipt, reason: event.reason });
  }
}

function shown({ text, cut, kind }: AgentSpeech): string {
  const words = text.trim().replaceAll(/\s+/g, ' ');
  const note = kind === 'filler' ? ' [filler]' : '';
  return cut ? `${words}— [cut]${note}` : `${words}${note}`;
}
