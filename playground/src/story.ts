/**
 * What the page shows, from what it was sent: each message makes the story one step longer. Pure, so that a page that comes
 * back and one that was there all along show the same.
 */
import type { ServerMessage, SessionRecord } from '../../src/client/index.ts';

export interface Line {
  readonly id: string;
  readonly who: 'user' | 'agent';
  readonly text: string;
  readonly at: number;
  readonly cut: boolean;
}

export type TaskState = 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled';

export interface Mark {
  readonly at: number;
  readonly kind: 'update' | 'question' | 'answer' | 'end';
  readonly text: string;
}

export interface Question {
  readonly message: string;
  /** What can be chosen, where the answer is one of a few words. */
  readonly choice?: { readonly field: string; readonly values: readonly string[] };
}

export interface TaskView {
  readonly callId: string;
  /** The how-manieth, from 1. */
  readonly number: number;
  readonly toolName: string;
  readonly input: unknown;
  readonly state: TaskState;
  readonly background: boolean;
  readonly startedAt: number;
  readonly endedAt?: number;
  /** When its state changed, and to what. */
  readonly states: readonly { readonly at: number; readonly state: TaskState }[];
  readonly marks: readonly Mark[];
  readonly message?: string;
  readonly progress?: number;
  readonly total?: number;
  readonly question?: Question;
}

export interface DeliveryView {
  readonly id: string;
  readonly callId: string;
  /** When there was something to tell. */
  readonly readyAt: number;
  /** When the reply that tells it was begun. */
  readonly toldAt?: number;
  readonly endedAt?: number;
  readonly receipt?: string;
}

export interface Span {
  readonly from: number;
  /** Undefined: it goes on. */
  readonly to?: number;
}

export interface Entry {
  readonly key: string;
  readonly at: number;
  readonly type: string;
  readonly detail: unknown;
}

export interface ModelCall {
  readonly id: string;
  readonly at: number;
  readonly endedAt?: number;
  readonly model: string;
  readonly request: unknown;
  readonly answer?: unknown;
}

/** The process that had the conversation ended, and another went on with it. */
export interface Restart {
  /** The last sign of the one, and the first of the other. */
  readonly from: number;
  readonly to: number;
  /** So many lines stood before. */
  readonly afterLines: number;
}

export interface Story {
  /** Of the conversation it tells; undefined before there is one. */
  readonly key?: string;
  /** The last record that was seen; 0: none. */
  readonly seen: number;
  readonly seenAt?: number;
  /** What happened first is not known any more. */
  readonly isShortened: boolean;
  readonly restarts: readonly Restart[];
  readonly agent: { readonly state: string; readonly name?: string };
  readonly user: string;
  readonly lines: readonly Line[];
  /** What is being said now. */
  readonly saying?: { readonly speechId: string; readonly text: string };
  /** What the user is understood to say now. */
  readonly hearing?: string;
  readonly tasks: ReadonlyMap<string, TaskView>;
  readonly deliveries: ReadonlyMap<string, DeliveryView>;
  /** Speeches from the first thought to the last word. */
  readonly speeches: ReadonlyMap<string, Span>;
  /** When the agent could be heard or read, and when the user spoke. */
  readonly agentSpeaks: readonly Span[];
  /** What the agent says is held back: the user may be interrupting. */
  readonly isPaused: boolean;
  readonly userSpeaks: readonly Span[];
  readonly entries: readonly Entry[];
  readonly modelCalls: readonly ModelCall[];
  readonly problem?: { readonly source: string; readonly message: string; readonly at: number };
  readonly startedAt?: number;
}

export const emptyStory: Story = {
  seen: 0,
  isShortened: false,
  restarts: [],
  agent: { state: 'initializing' },
  user: 'listening',
  lines: [],
  tasks: new Map(),
  deliveries: new Map(),
  speeches: new Map(),
  agentSpeaks: [],
  isPaused: false,
  userSpeaks: [],
  entries: [],
  modelCalls: [],
};

type Welcome = Extract<ServerMessage, { type: 'welcome' }>;
type Message = Exclude<ServerMessage, { type: 'welcome' | 'record' | 'clear' | 'drain' }>;

/** What the inspector keeps. */
const keptEntries = 2_000;
const keptCalls = 200;

/** It goes on where the page has seen what came before, else it begins anew. */
export function withWelcome(story: Story, { key, from }: Pick<Welcome, 'key' | 'from'>): Story {
  const isSame = story.key === key;
  if (isSame && from === story.seen + 1) return story;
  const begun = { ...emptyStory, key, isShortened: from > 1 };
  if (!isSame || story.seenAt === undefined) return begun;
  // Who was heard when is in no record.
  const { agentSpeaks, userSpeaks, seenAt } = story;
  return { ...begun, agentSpeaks: spans(agentSpeaks, false, seenAt), userSpeaks: spans(userSpeaks, false, seenAt) };
}

export function withRecord(story: Story, record: SessionRecord): Story {
  const { seq, at } = record;
  return { ...told(story, record), seen: seq, seenAt: at };
}

function told(story: Story, record: SessionRecord): Story {
  const begun = story.startedAt === undefined ? { ...story, startedAt: record.at } : story;
  const noted = note(begun, { key: `r${String(record.seq)}`, at: record.at, type: record.type, detail: record });
  const { at } = record;
  switch (record.type) {
    case 'message_added': {
      const { message } = record;
      if (message.role === 'system') return noted;
      const text = message.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
      if (text === '') return noted;
      const who = message.role === 'user' ? 'user' : 'agent';
      return { ...noted, lines: [...noted.lines, { id: message.id, who, text, at, cut: message.cut === true }] };
    }
    case 'session_restored':
      return restarted(noted, at);
    case 'speech_opened':
      return { ...noted, speeches: set(noted.speeches, record.speechId, { from: at }) };
    case 'speech_closed': {
      const span = noted.speeches.get(record.speechId);
      return span ? { ...noted, speeches: set(noted.speeches, record.speechId, { ...span, to: at }) } : noted;
    }
    case 'delivery_opened':
    case 'record_added':
    case 'result_received':
      return open(noted, record.record.id, record.record.callId, at);
    case 'delivery_taken':
      return record.ids.reduce((now, id) => tell(now, id, { toldAt: at }), noted);
    case 'delivery_ended':
      return tell(noted, record.id, { endedAt: at, receipt: record.receipt });
    default:
      return withTaskRecord(noted, record);
  }
}

/** What the process before was doing ended with it. */
function restarted(story: Story, to: number): Story {
  const from = story.seenAt ?? to;
  const { saying: _cut, hearing: _unheard, ...rest } = story;
  return {
    ...rest,
    isPaused: false,
    agentSpeaks: spans(story.agentSpeaks, false, from),
    userSpeaks: spans(story.userSpeaks, false, from),
    restarts: [...story.restarts, { from, to, afterLines: story.lines.length }],
  };
}

function withTaskRecord(story: Story, record: SessionRecord): Story {
  const { at } = record;
  switch (record.type) {
    case 'task_started': {
      const { callId, toolName, input } = record;
      const states = [{ at, state: 'working' as const }];
      const task = {
        callId,
        number: story.tasks.size + 1,
        toolName,
        input,
        state: 'working' as const,
        background: false,
        startedAt: at,
        states,
        marks: [],
      };
      return { ...story, tasks: set(story.tasks, callId, task) };
    }
    case 'task_backgrounded': {
      const mark = record.message === undefined ? {} : { message: record.message };
      const made = change(story, record.callId, { background: true, ...mark, ...record.progress });
      return record.message === undefined
        ? made
        : addMark(made, record.callId, { at, kind: 'update', text: record.message });
    }
    case 'task_updated': {
      const made = change(story, record.callId, { message: record.message, ...record.progress });
      const marked = addMark(made, record.callId, { at, kind: 'update', text: record.message });
      return open(marked, record.record.id, record.callId, at);
    }
    case 'task_asked': {
      const { callId, question } = record;
      const made = enter(change(story, callId, { question: toQuestion(question) }), callId, 'input_required', at);
      const marked = addMark(made, callId, { at, kind: 'question', text: question.message });
      return record.record ? open(marked, record.record.id, callId, at) : marked;
    }
    case 'task_answered': {
      const { question: _answered, ...task } = story.tasks.get(record.callId) ?? {};
      const without = { ...story, tasks: set(story.tasks, record.callId, task as TaskView) };
      const content = record.content === undefined ? '' : `: ${JSON.stringify(record.content)}`;
      const made = addMark(without, record.callId, { at, kind: 'answer', text: `${record.action}${content}` });
      return enter(made, record.callId, 'working', at);
    }
    case 'task_ended': {
      const made = enter(change(story, record.callId, { endedAt: at }), record.callId, record.state, at);
      const marked = addMark(made, record.callId, { at, kind: 'end', text: record.output.text });
      return record.record && record.delivery ? open(marked, record.record.id, record.callId, at) : marked;
    }
    default:
      return story;
  }
}

export function withMessage(story: Story, message: Message): Story {
  const { at } = message;
  switch (message.type) {
    case 'words': {
      const before = story.saying?.speechId === message.speechId ? story.saying.text : '';
      return { ...story, saying: { speechId: message.speechId, text: before + message.text } };
    }
    case 'words_end': {
      const { saying: _over, ...rest } = story;
      return rest;
    }
    case 'state': {
      const { isPaused } = story;
      const name = message.agentName === undefined ? {} : { name: message.agentName };
      return {
        ...note(story, { key: `s${String(story.entries.length)}`, at, type: 'state', detail: message }),
        agent: { state: message.agent, ...name },
        user: message.user,
        // A speech that was cut while it was paused has no sound to go on with.
        agentSpeaks: spans(story.agentSpeaks, message.agent === 'speaking' && !isPaused, at),
        isPaused: message.agent === 'speaking' && isPaused,
        userSpeaks: spans(story.userSpeaks, message.user === 'speaking', at),
      };
    }
    case 'progress': {
      const { progress, total } = message;
      return change(story, message.callId, {
        ...(progress === undefined ? {} : { progress }),
        ...(total === undefined ? {} : { total }),
      });
    }
    case 'transcript': {
      if (!message.final) return { ...story, hearing: message.text };
      const { hearing: _said, ...rest } = story;
      return rest;
    }
    case 'playback': {
      const isHeard = story.agent.state === 'speaking' && !message.paused;
      return { ...story, isPaused: message.paused, agentSpeaks: spans(story.agentSpeaks, isHeard, at) };
    }
    case 'sound':
      return story;
    case 'problem':
      return {
        ...note(story, { key: `p${String(story.entries.length)}`, at, type: 'problem', detail: message }),
        problem: { source: message.source, message: message.message, at },
      };
    case 'model_call': {
      const call = { id: message.id, at, model: message.model, request: message.request };
      return { ...story, modelCalls: [...story.modelCalls, call].slice(-keptCalls) };
    }
    case 'model_answer':
      return {
        ...story,
        modelCalls: story.modelCalls.map((call) =>
          call.id === message.id ? { ...call, endedAt: at, answer: message.answer } : call,
        ),
      };
  }
}

function set<T>(map: ReadonlyMap<string, T>, key: string, value: T): ReadonlyMap<string, T> {
  return new Map(map).set(key, value);
}

function note(story: Story, entry: Entry): Story {
  return { ...story, entries: [...story.entries, entry].slice(-keptEntries) };
}

function change(story: Story, callId: string, changed: Partial<TaskView>): Story {
  const task = story.tasks.get(callId);
  return task ? { ...story, tasks: set(story.tasks, callId, { ...task, ...changed }) } : story;
}

function enter(story: Story, callId: string, state: TaskState, at: number): Story {
  const task = story.tasks.get(callId);
  return task ? change(story, callId, { state, states: [...task.states, { at, state }] }) : story;
}

function addMark(story: Story, callId: string, mark: Mark): Story {
  const task = story.tasks.get(callId);
  return task ? change(story, callId, { marks: [...task.marks, mark] }) : story;
}

function open(story: Story, id: string, callId: string, at: number): Story {
  return { ...story, deliveries: set(story.deliveries, id, { id, callId, readyAt: at }) };
}

function tell(story: Story, id: string, changed: Partial<DeliveryView>): Story {
  const delivery = story.deliveries.get(id);
  return delivery ? { ...story, deliveries: set(story.deliveries, id, { ...delivery, ...changed }) } : story;
}

/** From this moment on it is so, or no longer. */
function spans(before: readonly Span[], isSo: boolean, at: number): readonly Span[] {
  const last = before.at(-1);
  const wasSo = last !== undefined && last.to === undefined;
  if (isSo === wasSo) return before;
  return isSo ? [...before, { from: at }] : [...before.slice(0, -1), { from: last?.from ?? at, to: at }];
}

function toQuestion({ message, schema }: { message: string; schema?: unknown }): Question {
  const properties = (schema as { properties?: Record<string, { enum?: unknown }> } | undefined)?.properties ?? {};
  const fields = Object.entries(properties);
  const [field, shape] = fields[0] ?? [];
  const values = shape?.enum;
  return fields.length === 1 && field !== undefined && Array.isArray(values)
    ? { message, choice: { field, values: values.map(String) } }
    : { message };
}
