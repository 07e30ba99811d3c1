/**
 * A prompt, read: who said what, which calls were made, what the tasks behind them have told so far, and what the end
 * of the prompt asks for. Everything the model knows comes from here; it remembers nothing itself.
 */
import type { LanguageModelV4Message, LanguageModelV4Prompt, LanguageModelV4ToolResultOutput } from '@ai-sdk/provider';
import { clean, errorIn, piecesOf } from './marks.ts';
import { isCompanion } from './menu.ts';
import { noteOf } from './notes.ts';
import { phraseOf, takeInstruction, type Instruction, type Phrase } from './phrases.ts';

/** What a call has told: its output, or something later. */
export interface Told {
  readonly kind: 'told';
  /** `<id>`, `<id>_update_<n>` or `<id>_final`. */
  readonly id: string;
  readonly taskId: string;
  readonly toolName: string;
  /** The arguments it came with. */
  readonly input: Made['input'];
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

/** Somebody who pastes a book wants something that is said at its beginning. */
const longestUtterance = 2000;

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
  readonly #inputs = new Map<string, Made['input']>();

  take(message: LanguageModelV4Message, isLast: boolean): void {
    switch (message.role) {
      case 'system':
        if (isLast && (this.entries.length > 0 || this.system.length > 0)) this.#asked(message.content);
        else this.system.push(message.content);
        return;
      case 'user':
        for (const part of message.content) if (part.type === 'text') this.#heard(part.text, isLast);
        return;
      case 'assistant':
        for (const part of message.content) {
          if (part.type === 'text' && clean(part.text) !== '')
            this.entries.push({ kind: 'assistant', text: clean(part.text) });
          if (part.type === 'tool-call') this.#called(part.toolCallId, part.toolName, part.input);
        }
        return;
      case 'tool':
        for (const part of message.content) {
          if (part.type !== 'tool-result') continue;
          const { text, failed } = textOf(part.output);
          const [output, ...added] = piecesOf(text);
          this.#told(part.toolCallId, part.toolName, output?.marked === false ? output.text : '', failed);
          for (const { text: late } of output?.marked === true ? [output, ...added] : added) this.#asked(late);
        }
    }
  }

  /** What the library or the application wants of this one answer. */
  #asked(text: string): void {
    const { instruction, rest } = takeInstruction(text);
    this.instruction ??= instruction;
    if (rest !== '') this.orders = rest;
  }

  #heard(text: string, isLast: boolean): void {
    const pieces = piecesOf(text);
    pieces.forEach((piece, index) => {
      if (piece.marked) this.#marked(piece.text, isLast && index === pieces.length - 1);
      else this.#said(piece.text, isLast);
    });
  }

  #said(text: string, isLast: boolean): void {
    const { instruction, rest } = isLast ? takeInstruction(text) : { instruction: undefined, rest: text };
    this.instruction ??= instruction;
    const words = clean(rest).slice(0, longestUtterance);
    if (words !== '') this.entries.push({ kind: 'user', text: words });
  }

  /** A note, this request's instruction, or a standing word of the system, with the user's next words behind it. */
  #marked(text: string, isEnd: boolean): void {
    const note = noteOf(text);
    if (note) {
      const { callId, phase } = note;
      const id = phase === 'final' ? `${callId}_final` : `${callId}_update_${this.#countUpdates(callId) + 1}`;
      this.#told(id, note.toolName, note.text, false);
      if (note.rest !== '') this.#said(note.rest, isEnd);
      return;
    }
    const [first = '', ...others] = text.split(/\n\n+/);
    if (isEnd && (others.length === 0 || takeInstruction(text).rest !== text)) return this.#asked(text);
    this.system.push(first);
    if (others.length > 0) this.#said(others.join('\n\n'), isEnd);
  }

  #countUpdates(callId: string): number {
    return this.entries.filter((it) => it.kind === 'told' && it.taskId === callId && it.phase === 'update').length;
  }

  #called(id: string, toolName: string, input: unknown): void {
    this.#inputs.set(id, objectOf(input));
    if (!laterId.test(id)) this.entries.push({ kind: 'call', id, toolName, input: objectOf(input) });
  }

  #told(id: string, toolName: string, written: string, isFailure: boolean): void {
    const failed = isFailure || errorIn(written) !== undefined;
    const text = errorIn(written) ?? written;
    const phrase = phraseOf(text);
    const [, base = id, what] = laterId.exec(id) ?? [];
    // The library's own texts name the call as the library knows it, which on the wire may be another id.
    const named = isCompanion(toolName) || phrase?.name === 'duplicateJoin' ? undefined : phrase?.args['callId'];
    if (named !== undefined) this.#aliases.set(base, named);
    this.entries.push({
      kind: 'told',
      id,
      taskId: this.#aliases.get(base) ?? base,
      toolName,
      input: this.#inputs.get(id) ?? {},
      phase: what === undefined ? 'output' : what === 'final' ? 'final' : 'update',
      text,
      failed,
      phrase,
      index: this.entries.length,
    });
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
      input: known?.input ?? call?.input ?? entry.input,
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

/** What was said between the user's words before and his last ones. */
export function saidBefore({ entries, turns }: Reading): string {
  const [before, now] = [turns.at(-2)?.index ?? -1, turns.at(-1)?.index ?? entries.length];
  const said = entries.slice(before + 1, now).flatMap((entry) => (entry.kind === 'assistant' ? [entry.text] : []));
  return said.join(' ');
}

/** What was said by the assistant behind an entry, all of it. */
export function saidAfter(reading: Reading, index: number): string {
  return reading.entries
    .slice(index + 1)
    .map((entry) => (entry.kind === 'assistant' ? entry.text : ''))
    .join(' ')
    .trim();
}
