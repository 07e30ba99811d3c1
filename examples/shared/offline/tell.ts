/** What a call has told, as a sentence for the user. */
import { doingOf, isManyOf, subjectOf } from './describe.ts';
import { asMine, sentence } from './first-person.ts';
import { jsonInWords } from './json-words.ts';
import { phraseOf, type Phrase } from './phrases.ts';
import type { Reading, Task, Told } from './reading.ts';
import { statusFrom } from './status.ts';
import { conceptOf, humanize, isFiller, lowerFirst, upperFirst, wordsOf } from './words.ts';

export type TellingKind = 'result' | 'progress' | 'question';

export interface Telling {
  readonly kind: TellingKind;
  /** Empty where there is nothing to say. */
  readonly text: string;
}

/** Asked before the same thing is done twice. */
export const secondOne = 'Do you want a second one?';

/** @param alone Nothing else is told along with it, so that what it is about needs no saying. */
export function tell(told: Told, reading: Reading, alone: boolean): Telling {
  const task = reading.tasks.get(told.taskId);
  if (!task) return { kind: 'result', text: '' };
  if (told.phrase) return tellPhrase(told.phrase, told, task, reading, alone);
  if (told.toolName === 'get_running_tasks') return { kind: 'result', text: statusFrom(told.text, reading) };
  if (told.toolName === 'answer_task' || told.toolName === 'cancel_task')
    return { kind: 'result', text: sentence(told.text) };
  if (told.failed)
    return {
      kind: 'result',
      text: `Sorry, ${subjectOf(task.toolName, task.input)} didn't work out: ${lowerFirst(sentence(told.text))}`,
    };
  return { kind: 'result', text: resultInWords(told.text, task, alone && told.phase === 'output') };
}

/** A tool's own result. */
export function resultInWords(
  text: string,
  { toolName, input }: Pick<Task, 'toolName' | 'input'>,
  alone: boolean,
): string {
  const value = jsonIn(text);
  if (value === undefined) {
    if (/^(?:ok|okay|success|true|done)[.!]?$/i.test(text.trim())) return 'Done.';
    const mine = asMine(shorten(text));
    return mine === '' || alone || isAbout(text, toolName, input)
      ? mine
      : `${upperFirst(subjectOf(toolName, input))}: ${lowerFirst(mine)}`;
  }
  const { state, details } = jsonInWords(
    value,
    Object.values(input).map((it) => String(it).toLowerCase()),
  );
  const subject = upperFirst(subjectOf(toolName, input));
  const head = state === '' ? subject : `${subject} ${isManyOf(toolName) ? 'are' : 'is'} ${state}`;
  return sentence(details === '' ? (state === '' ? `${subject}: done` : head) : `${head}: ${details}`);
}

function tellPhrase(phrase: Phrase, told: Told, task: Task, reading: Reading, alone: boolean): Telling {
  const { args } = phrase;
  const subject = subjectOf(task.toolName, task.input);
  const doing = doingOf(task.toolName, task.input);
  const result = (text: string): Telling => ({ kind: 'result', text: upperFirst(text) });
  const progress = (text: string): Telling => ({ kind: 'progress', text: upperFirst(text) });
  switch (phrase.name) {
    case 'update':
      return progress(progressInWords(args['message'] ?? '', task, alone));
    case 'backgrounded':
      return progress(`I'm ${doing}.`);
    case 'queued':
      return progress(`${subject} has to wait its turn and will then start by itself.`);
    case 'ask':
      return { kind: 'question', text: questionInWords(args['message'] ?? '', task) };
    case 'duplicateReject':
      return result(`I'm ${doing} already, so I didn't start it again.`);
    case 'duplicateConfirm':
      return { kind: 'question', text: `I'm ${doing} already. ${secondOne}` };
    case 'duplicateReplay':
      return result(
        `that was done ${args['age'] ?? 'a moment'} ago already. ${resultInWords(args['output'] ?? '', task, false)}`,
      );
    case 'duplicateJoin':
      return result(`that's under way already. ${joinedInWords(args['output'] ?? '', task)}`);
    case 'cancelled':
      return result(`I've stopped ${doing}.`);
    case 'declined':
      return result(`all right, I've left ${subject} alone.`);
    case 'finished':
      return result(`${subject} ${isManyOf(task.toolName) ? 'are' : 'is'} done.`);
    case 'timedOut':
    case 'noProgress':
      return result(`sorry, ${subject} took too long, so it was stopped.`);
    case 'genericError':
      return result(`sorry, something went wrong with ${subject}.`);
    case 'badArguments':
      return result(`sorry, I couldn't start ${subject}: ${sentence(lowerFirst(args['reasons'] ?? ''))}`);
    case 'badValue':
      return result(`${subject} gave a result that I can't put into words.`);
    case 'queueFull':
      return result(
        `I can't take on more of these right now: ${args['limit'] ?? 'enough'} are running. Please ask again in a moment.`,
      );
    case 'unknownTool':
      return result(`sorry, I have no tool for that.`);
    case 'notAllowed':
      return result(`I can't start ${subject} right now. Ask me again in a moment.`);
    case 'handoffRefused':
      return result(`sorry, I couldn't pass you on: ${sentence(args['reason'] ?? '')}`);
    default:
      return result(companionInWords(phrase, told, reading));
  }
}

/** Outputs of `cancel_task` and `answer_task`: they are about another task. */
function companionInWords({ name, args }: Phrase, told: Told, reading: Reading): string {
  const target = reading.tasks.get(args['callId'] ?? '');
  const doing = target ? doingOf(target.toolName, target.input) : 'that';
  switch (name) {
    case 'taskCancelled':
      return `all right, I've stopped ${doing}.`;
    case 'taskNotFound':
      return `there is nothing like that running any more.`;
    case 'taskFinished':
      return `that has finished already.`;
    case 'taskNotCancellable':
      return `sorry, I can't stop ${doing}: it doesn't allow that.`;
    case 'taskProtected':
      return `sorry, I can't stop ${doing} at this point.`;
    case 'noQuestion':
      return `that question is no longer open.`;
    case 'answerRecorded': {
      const answer = reading.entries.find((it) => it.kind === 'call' && it.id === told.id);
      const accepted = answer?.kind === 'call' && answer.input['action'] === 'accept';
      if (!accepted) return `all right, I'll pass that on.`;
      return target ? `thanks! I'll go on with ${subjectOf(target.toolName, target.input)}.` : `thanks, noted.`;
    }
    default:
      return sentence(told.text);
  }
}

function progressInWords(message: string, task: Task, alone: boolean): string {
  const value = jsonIn(message);
  if (value !== undefined) return resultInWords(message, task, alone);
  const mine = asMine(shorten(message));
  return alone || isAbout(message, task.toolName, task.input)
    ? mine
    : `${upperFirst(subjectOf(task.toolName, task.input))}: ${lowerFirst(mine)}`;
}

export function questionInWords(message: string, task: Task): string {
  const approval = phraseOf(message);
  if (approval?.name === 'approval')
    return `Before I start: shall I go ahead with ${subjectOf(task.toolName, task.input)}?`;
  return message.includes('?') ? sentence(message) : upperFirst(`${message.trim().replace(/\.$/, '')}?`);
}

function joinedInWords(output: string, task: Task): string {
  const inner = phraseOf(output);
  if (inner?.name === 'update') return progressInWords(inner.args['message'] ?? '', task, true);
  return inner ? `I'm ${doingOf(task.toolName, task.input)}.` : resultInWords(output, task, true);
}

/** Does the text itself say what it is about? */
function isAbout(text: string, toolName: string, input: Task['input']): boolean {
  const spoken = new Set(wordsOf(text).flatMap((word) => [word.lower, word.concept]));
  const own = wordsOf(humanize(toolName)).map((word) => word.concept);
  const values = Object.values(input).filter((it): it is string => typeof it === 'string');
  const words = values.flatMap((value) => wordsOf(value).flatMap((word) => (isFiller(word) ? [] : [word.lower])));
  return [...own, ...words].some((word) => spoken.has(word) || spoken.has(conceptOf(word)));
}

function jsonIn(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const longest = 600;

/** Output of a program may be long; its last lines say how it went. */
function shorten(text: string): string {
  if (text.length <= longest) return text.trim();
  const end = text.trim().split('\n').slice(-3).join('\n').slice(-300);
  return `it is a long text of ${text.length} characters, which ends with: ${end}`;
}
