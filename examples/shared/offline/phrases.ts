/**
 * The library's own texts, recognised. The patterns are made from the default prompts themselves, so that a change of
 * their wording is a change here too.
 */
import { defaultPrompts, type Prompts } from 'meanwhile';

type Name = keyof Prompts;
type Args = Readonly<Record<string, string>>;

export interface Phrase {
  readonly name: Name;
  readonly args: Args;
}

const open = '‹';
const close = '›';

/** Names have no blanks: without this a text would be found in the middle of another. */
const valueOf: Args = { functionName: '\\S+?', callId: '[\\w-]+?' };

/** A pattern of a prompt with a group for each argument it shows. A function is asked for every form it may take. */
function patternOf(name: Name, shown: readonly string[], hidden: readonly string[] = []): string {
  const args = Object.fromEntries([
    ...shown.map((arg) => [arg, `${open}${arg}${close}`]),
    ...hidden.map((arg) => [arg, '']),
  ]) as Record<string, string>;
  const seen = new Set<string>();
  const template = defaultPrompts[name] as string | ((args: Args) => string);
  const text =
    typeof template === 'string' ? template.replace(/\{(\w+)\}/g, (_, arg: string) => args[arg] ?? '') : template(args);
  return text
    .split(/‹(\w+)›/)
    .map((part, index) => {
      if (index % 2 === 0) return part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replace(/\s+/g, '\\s+');
      const group = seen.has(part) ? `\\k<${part}>` : `(?<${part}>${valueOf[part] ?? '[\\s\\S]*?'})`;
      seen.add(part);
      return group;
    })
    .join('');
}

const argsOf = {
  ask: ['functionName', 'callId', 'message', 'schema'],
  update: ['functionName', 'callId', 'message'],
  backgrounded: ['functionName', 'callId'],
  queued: ['functionName', 'callId'],
  duplicateReject: ['functionName', 'runningCalls'],
  duplicateConfirm: ['functionName', 'runningCalls'],
  duplicateReplay: ['age', 'output'],
  duplicateJoin: ['callId', 'output'],
  approval: ['functionName', 'arguments'],
  cancelled: ['functionName', 'callId'],
  declined: ['functionName', 'callId'],
  finished: ['functionName', 'callId'],
  timedOut: ['functionName', 'limitMs'],
  noProgress: ['functionName', 'limitMs'],
  genericError: ['functionName'],
  unknownTool: ['functionName', 'available'],
  badArguments: ['functionName', 'reasons'],
  badValue: ['functionName', 'reason'],
  notAllowed: ['functionName'],
  queueFull: ['functionName', 'limit'],
  handoffRefused: ['agent', 'reason'],
  taskNotFound: ['callId'],
  taskFinished: ['callId'],
  taskNotCancellable: ['callId'],
  taskProtected: ['callId'],
  taskCancelled: ['callId'],
  noQuestion: ['callId'],
  answerRecorded: ['callId'],
} as const satisfies Partial<Record<Name, readonly string[]>>;

const outputs = (Object.keys(argsOf) as (keyof typeof argsOf)[]).map((name) => ({
  name,
  pattern: new RegExp(`^\\s*${patternOf(name, argsOf[name])}\\s*$`),
}));

/** Which of the library's texts an output is; undefined for what a tool said itself. */
export function phraseOf(text: string): Phrase | undefined {
  for (const { name, pattern } of outputs) {
    const match = pattern.exec(text);
    if (match) return { name, args: { ...match.groups } };
  }
  return undefined;
}

/** What the end of a prompt asks for. */
export interface Instruction {
  readonly kind: 'tell' | 'tell_rest';
  /** Ids of the records it is about. */
  readonly about: readonly string[];
  /** Those of them nothing was said of yet. */
  readonly fresh: readonly string[];
  readonly heard: string;
}

// Most specific first: a form with all lines also fits the shorter form's pattern if that has open ends.
const instructions = [
  { kind: 'tell', pattern: patternOf('replyAtTail', ['callIds', 'newCallIds', 'heard']) },
  { kind: 'tell_rest', pattern: patternOf('replyMaybeCovered', ['callIds', 'newCallIds', 'heard']) },
  { kind: 'tell_rest', pattern: patternOf('replyMaybeCovered', ['callIds', 'newCallIds'], ['heard']) },
  { kind: 'tell_rest', pattern: patternOf('replyMaybeCovered', ['callIds', 'heard'], ['newCallIds']) },
  { kind: 'tell_rest', pattern: patternOf('replyMaybeCovered', ['callIds'], ['newCallIds', 'heard']) },
].map(({ kind, pattern }) => ({ kind: kind as Instruction['kind'], pattern: new RegExp(pattern) }));

const runningNote = new RegExp(patternOf('runningCalls', ['runningCalls']));

/** Finds the library's instruction in a text, and what of the text is left without it. */
export function takeInstruction(text: string): { readonly instruction?: Instruction; readonly rest: string } {
  const note = runningNote.exec(text);
  const plain = note ? without(text, note) : text;
  for (const { kind, pattern } of instructions) {
    const match = pattern.exec(plain);
    if (!match) continue;
    const { callIds = '', newCallIds = '', heard = '' } = match.groups ?? {};
    return {
      instruction: { kind, about: idsOf(callIds), fresh: idsOf(newCallIds), heard },
      rest: without(plain, match),
    };
  }
  return { rest: plain };
}

function without(text: string, match: RegExpExecArray): string {
  return `${text.slice(0, match.index)}${text.slice(match.index + match[0].length)}`.trim();
}

function idsOf(list: string): string[] {
  return list.split(/[\s,]+/).filter((id) => id !== '');
}
