/**
 * What holds of every prompt: each call has its output (S1.4), and it begins with the one before it (S2.3). Read as the
 * model gets it, whatever the form: what holds for one request only is marked and stands at the end.
 */
import type { LanguageModelV4Message, LanguageModelV4Prompt } from '@ai-sdk/provider';
import { viewTexts } from 'meanwhile';
import { lateMark } from './body.ts';

type WrongNote = (invariant: string, fact: string) => void;

/** A message as texts, one a part; what may grow stands at the end of each. */
interface Line {
  readonly role: string;
  readonly parts: readonly string[];
}

const { nothing, noReply } = viewTexts();

export class PromptCheck {
  readonly #wrong: WrongNote;
  readonly #seen = new WeakSet<LanguageModelV4Prompt>();
  readonly #before = new Map<string, readonly Line[]>();

  constructor(wrong: WrongNote) {
    this.#wrong = wrong;
  }

  note(activityId: string, prompt: LanguageModelV4Prompt): void {
    // A repeat of a request that failed.
    if (this.#seen.has(prompt)) return;
    this.#seen.add(prompt);
    const orphan = orphanOf(prompt);
    if (orphan !== undefined) this.#wrong('callsHaveOutputs', orphan);
    const lines = lasting(prompt.map(toLine));
    const before = this.#before.get(activityId);
    this.#before.set(activityId, lines);
    const changed = before && changeOf(before, lines);
    if (changed !== undefined) this.#wrong('promptsKeepTheirPrefix', `${activityId}: ${changed}`);
  }
}

/** A call whose output does not stand right behind it, or an output without a call, or an id used twice. */
function orphanOf(prompt: LanguageModelV4Prompt): string | undefined {
  const used = new Set<string>();
  let open = new Set<string>();
  for (const message of prompt) {
    if (message.role === 'tool') {
      for (const part of message.content)
        if (part.type === 'tool-result' && !open.delete(part.toolCallId)) return `${part.toolCallId} has no call`;
      continue;
    }
    const [missing] = open;
    if (missing !== undefined) return `${missing} has no output`;
    if (message.role !== 'assistant') continue;
    open = new Set(message.content.flatMap((part) => (part.type === 'tool-call' ? [part.toolCallId] : [])));
    for (const id of open) {
      if (used.has(id)) return `${id} is used twice`;
      used.add(id);
    }
  }
  const [missing] = open;
  return missing === undefined ? undefined : `${missing} has no output`;
}

function toLine({ role, content }: LanguageModelV4Message): Line {
  return { role, parts: typeof content === 'string' ? [content] : content.map(toText) };
}

function toText(part: Exclude<LanguageModelV4Message['content'], string>[number]): string {
  if (part.type === 'text') return part.text;
  if (part.type !== 'tool-result') return JSON.stringify(part);
  const { toolCallId, toolName, output } = part;
  const text = 'value' in output && typeof output.value === 'string' ? output.value : JSON.stringify(output);
  return `${toolCallId} of ${toolName} gave ${output.type} ${text}`;
}

/** Without what is only for this request, at its end. */
function lasting(lines: readonly Line[]): readonly Line[] {
  const kept = [...lines];
  for (let last = kept.pop(); last; last = kept.pop()) {
    const stripped = strip(last);
    if (stripped === last) return [...kept, last];
    if (stripped) kept.push(stripped);
  }
  return kept;
}

/** Undefined where nothing of it lasts; itself where all of it does. */
function strip(line: Line): Line | undefined {
  const last = line.parts.at(-1) ?? '';
  const isFiller = line.role === 'user' ? last === nothing : line.role === 'assistant' && last === noReply;
  const at = isFiller ? 0 : last.indexOf(lateMark);
  if (at < 0) return line;
  // The mark itself stands in what the view puts round it.
  const before = isFiller ? '' : last.slice(0, Math.max(0, last.lastIndexOf('\n\n', at)));
  const parts = before === '' ? line.parts.slice(0, -1) : [...line.parts.slice(0, -1), before];
  return parts.length === 0 ? undefined : { ...line, parts };
}

/** Where the later one is not the earlier one and more. The last message may have grown at its end. */
function changeOf(before: readonly Line[], after: readonly Line[]): string | undefined {
  for (const [index, line] of before.entries()) {
    const now = after[index];
    const mayGrow = index === before.length - 1;
    if (now && now.role === line.role && isContinued(line, now, mayGrow)) continue;
    return `message ${String(index)} was ${JSON.stringify(line)} and is ${JSON.stringify(now)}`;
  }
  return undefined;
}

function isContinued(line: Line, now: Line, mayGrow: boolean): boolean {
  if (!mayGrow && line.parts.length !== now.parts.length) return false;
  return line.parts.every((part, index) => {
    const other = now.parts[index] ?? '';
    return mayGrow && index === line.parts.length - 1 ? other.startsWith(part) : other === part;
  });
}
