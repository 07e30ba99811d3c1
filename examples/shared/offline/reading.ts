/**
 * A prompt, read: who said what, which calls were made, what the tasks behind them have told so far, and what the end
 * of the prompt asks for. Everything the model knows comes from here; it remembers nothing itself.
 */
import type { LanguageModelV4Message, LanguageModelV4Prompt, LanguageModelV4ToolResultOutput } from '@ai-sdk/provider';
import { noteOf } from './notes.ts';
import { phraseOf, takeInstruction, type Instruction, type Phrase } from './phrases.ts';

/** What a call has told: its output, or something later. */
export interface Told {
  readonly kind: 'told';
  /** `<id>`, `<id>_update_<n>` or `<id>_final`. */
  readonly id: string;
  readonly taskId: string;
  readonly toolName: string;
  readonly phase: 'output' | 'update' | 'final';
  readonly text: string;
  readonly failed: boolean;
  /** Set where the text is the library's and not the tool's. */
  readonly phrase: Phrase | undefined;
  readonly index: number;
}

export interface Made {
  readonly kind: 'call';
  readonly id: string;
  readonly toolName: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export type Entry = { readonly kind: 'user' | 'assistant'; readonly text: string } | Made | Told;

/** A call and all it has told, oldest first. */
export interface Task {
  /** As the library calls it, which may not be the id on the wire. */
  readonly id: string;
  readonly toolName: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly told: readonly Told[];
  readonly running: boolean;
}

/** What the user said at one go, and what followed until he spoke again. */
export interface Turn {
  readonly utterance: string;
  readonly index: number;
  readonly reply: string;
  readonly calls: readonly Made[];
}

export interface Reading {
  readonly system: string;
  readonly entries: readonly Entry[];
  readonly tasks: ReadonlyMap<string, Task>;
  readonly turns: readonly Turn[];
  /** What the library asks for at the end of the prompt. */
  readonly instruction: Instruction | undefined;
  /** What the application asks for at the end of the prompt, in its own words. */
  readonly orders: string | undefined;
}

const laterId = /^(.+)_(update_\d+|final)$/;

export function readPrompt(prompt: LanguageModelV4Prompt): Reading {
  const reader = new Reader();
  prompt.forEach((message, index) => reader.take(message, index === prompt.length - 1));
  const { entries, system, instruction, orders } = reader;
  return { entries, tasks: tasksOf(entries), turns: turnsOf(entries), system: system.join('\n'), instruction, orders };
}

class Reader {
  readonly entries: Entry[] = [];
  readonly system: string[] = [];
  instruction: Instruction | undefined;
  orders: string | undefined;
  /** Ids on the wire to the library's ids. */
  readonly #aliases = new Map<string, string>();

  take(message: LanguageModelV4Message, isLast: boolean): void {
    switch (message.role) {
      case 'system': {
        const text = this.#rest(message.content, isLast);
        if (isLast && this.entries.length > 0 && text !== '') this.orders = text;
        else if (text !== '') this.system.push(text);
        return;
      }
      case 'user':
        for (const part of message.content) if (part.type === 'text') this.#heard(this.#rest(part.text, isLast));
        return;
      case 'assistant':
        for (const part of message.content) {
          if (part.type === 'text' && part.text.trim() !== '')
            this.entries.push({ kind: 'assistant', text: part.text });
          if (part.type === 'tool-call') this.#called(part.toolCallId, part.toolName, part.input);
        }
        return;
      case 'tool':
        for (const part of message.content) {
          if (part.type !== 'tool-result') continue;
          const { text, failed } = textOf(part.output);
          this.#told(part.toolCallId, part.toolName, this.#rest(text, isLast), failed);
        }
    }
  }

  /** The text without an instruction of the library, which stands in the last message only. */
  #rest(text: string, isLast: boolean): string {
    if (!isLast) return text;
    const { instruction, rest } = takeInstruction(text);
    this.instruction ??= instruction;
    return rest;
  }

  #heard(text: string): void {
    if (text.trim() === '') return;
    const note = noteOf(text, (id) => this.#aliases.has(id));
    if (note) return this.#told(note.id, note.toolName, note.text, note.failed);
    if (isOrder(text)) this.orders = text;
    else this.entries.push({ kind: 'user', text });
  }

  #called(id: string, toolName: string, input: unknown): void {
    if (this.#isLater(id)) return;
    this.#aliases.set(id, id);
    this.entries.push({ kind: 'call', id, toolName, input: objectOf(input) });
  }

  #told(id: string, toolName: string, written: string, isFailure: boolean): void {
    const failed = isFailure || /^Error: /.test(written);
    const text = written.replace(/^Error: /, '');
    const phrase = phraseOf(text);
    const later = laterId.exec(id);
    const base = later && this.#isLater(id) ? (later[1] ?? id) : id;
    const named = ['cancel_task', 'answer_task'].includes(toolName) ? undefined : phrase?.args['callId'];
    // The library's own texts name the call as the library knows it.
    const isOther = named !== undefined && named !== base && phrase?.name !== 'duplicateJoin';
    if (isOther && !later) this.#aliases.set(base, named);
    const taskId = this.#aliases.get(base) ?? base;
    const phase = !later || base === id ? 'output' : later[2] === 'final' ? 'final' : 'update';
    this.entries.push({ kind: 'told', id, taskId, toolName, phase, text, failed, phrase, index: this.entries.length });
  }

  #isLater(id: string): boolean {
    const base = laterId.exec(id)?.[1];
    return base !== undefined && (this.#aliases.has(base) || [...this.#aliases.values()].includes(base));
  }
}

function textOf(output: LanguageModelV4ToolResultOutput): { text: string; failed: boolean } {
  switch (output.type) {
    case 'text':
      return { text: output.value, failed: false };
    case 'error-text':
      return { text: output.value, failed: true };
    case 'json':
    case 'error-json':
      return { text: JSON.stringify(output.value), failed: output.type === 'error-json' };
    case 'execution-denied':
      return { text: output.reason ?? 'It was not allowed.', failed: true };
    case 'content':
      return { text: output.value.map((part) => (part.type === 'text' ? part.text : '')).join(''), failed: false };
  }
}

export function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'string') {
    try {
      return objectOf(JSON.parse(value));
    } catch {
      return {};
    }
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** An instruction of the application that has arrived as a user's message. */
function isOrder(text: string): boolean {
  return /^\W*(?:greet|welcome|ask|tell|inform|remind|thank|introduce|apologi[sz]e to|explain to|let)\b[^\n]*\bthe user\b/i.test(
    text.replace(/^\s*(?:\[[^\]]*\]|<[^>]*>|\w+:)\s*/, ''),
  );
}

/** First outputs that mean: it goes on. */
const ongoing = new Set(['update', 'backgrounded', 'queued', 'ask']);

function tasksOf(entries: readonly Entry[]): Map<string, Task> {
  const tasks = new Map<string, Task>();
  const calls = new Map<string, Made>();
  for (const entry of entries) {
    if (entry.kind === 'call') calls.set(entry.id, entry);
    if (entry.kind !== 'told') continue;
    const known = tasks.get(entry.taskId);
    const told = [...(known?.told ?? []), entry];
    const call = calls.get(entry.id) ?? calls.get(entry.taskId);
    tasks.set(entry.taskId, {
      id: entry.taskId,
      toolName: known?.toolName ?? call?.toolName ?? entry.toolName,
      input: known?.input ?? call?.input ?? {},
      told,
      running: told.some((it) => ongoing.has(it.phrase?.name ?? '')) && !told.some((it) => it.phase === 'final'),
    });
  }
  return endCancelled(tasks, entries);
}

/** A cancelled task's own record may not be in view yet when the companion has said so. */
function endCancelled(tasks: Map<string, Task>, entries: readonly Entry[]): Map<string, Task> {
  for (const entry of entries) {
    if (entry.kind !== 'told' || !['taskCancelled', 'taskFinished'].includes(entry.phrase?.name ?? '')) continue;
    const task = tasks.get(entry.phrase?.args['callId'] ?? '');
    if (task) tasks.set(task.id, { ...task, running: false });
  }
  return tasks;
}

function turnsOf(entries: readonly Entry[]): Turn[] {
  const turns: { utterance: string; index: number; reply: string; calls: Made[] }[] = [];
  let answered = true;
  entries.forEach((entry, index) => {
    const turn = turns.at(-1);
    if (entry.kind === 'user') {
      // Two messages in a row are one request: the first was never answered.
      if (turn && !answered) Object.assign(turn, { utterance: `${turn.utterance}\n${entry.text}`, index });
      else turns.push({ utterance: entry.text, index, reply: '', calls: [] });
      answered = false;
    } else if (entry.kind === 'assistant' && turn) {
      turn.reply = turn.reply === '' ? entry.text : `${turn.reply} ${entry.text}`;
      answered = true;
    } else if (entry.kind === 'call' && turn) {
      turn.calls.push(entry);
      answered = true;
    }
  });
  return turns;
}

/** What was said by the assistant behind an entry, all of it. */
export function saidAfter(reading: Reading, index: number): string {
  return reading.entries
    .slice(index + 1)
    .map((entry) => (entry.kind === 'assistant' ? entry.text : ''))
    .join(' ')
    .trim();
}
