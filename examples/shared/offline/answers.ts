/** Answers to questions that running tasks have asked (`answer_task`), by the schema the question came with. */
import type { JSONValue } from '@ai-sdk/provider';
import { choose, consentIn, optionsInText, withdrawsIn } from './choices.ts';
import { findDates } from './dates.ts';
import { numberOf } from './numbers.ts';
import { isRecord, readParams, type Param } from './params.ts';
import { phraseOf } from './phrases.ts';
import { saidAfter, type Reading, type Task } from './reading.ts';
import { Scan } from './scan.ts';
import { unsaid } from './said.ts';
import { fillSlots } from './slots.ts';
import { questionInWords } from './tell.ts';
import { humanize, isFiller, wordsOf } from './words.ts';

export interface Question {
  readonly task: Task;
  readonly message: string;
  /** As the user is asked. */
  readonly text: string;
  readonly params: readonly Param[];
  /** It only wants a yes or a no. */
  readonly isApproval: boolean;
  /** The user has been asked, if only in part. */
  readonly told: boolean;
}

export interface Answer {
  readonly action: 'accept' | 'decline' | 'cancel';
  readonly content: Record<string, JSONValue>;
  /** The words fit this question and not just any. */
  readonly sure: boolean;
}

/** Open questions, the one asked last first. */
export function openQuestions(reading: Reading): Question[] {
  const questions = [...reading.tasks.values()].flatMap((task) => {
    const newest = task.told.at(-1);
    if (!task.running || newest?.phrase?.name !== 'ask' || isAnswered(reading, task, newest.index)) return [];
    const { message = '', schema = '' } = newest.phrase.args;
    const isApproval = phraseOf(message)?.name === 'approval';
    const text = questionInWords(message, task);
    const told = unsaid(text, saidAfter(reading, newest.index)) !== text;
    return [{ task, message, text, params: isApproval ? [] : paramsIn(schema), isApproval, told, index: newest.index }];
  });
  return questions.toSorted((a, b) => Number(b.told) - Number(a.told) || b.index - a.index);
}

/** A yes or a no long after the question may be one to something else: then it must name what it is about. */
export function isMeantFor(
  { text, task, params, isApproval }: Question,
  { action }: Answer,
  said: string,
  before: string,
): boolean {
  const isConsent = isApproval || action !== 'accept' || params.every((param) => param.type === 'boolean');
  if (!isConsent || unsaid(text, before) !== text || /\b(?:go ahead|approved?|confirm(?:ed)?)\b/i.test(said))
    return true;
  const own = new Set(wordsOf(humanize(task.toolName)).map((word) => word.concept));
  return wordsOf(said).some((word) => !isFiller(word) && own.has(word.concept));
}

function isAnswered(reading: Reading, task: Task, since: number): boolean {
  return reading.entries.some(
    (entry, index) =>
      index > since &&
      entry.kind === 'told' &&
      entry.phrase?.name === 'answerRecorded' &&
      entry.phrase.args['callId'] === task.id,
  );
}

/** The JSON Schema stands somewhere in a sentence. */
function paramsIn(text: string): Param[] {
  const start = text.indexOf('{');
  const end = text.lastIndexOf('}');
  if (start === -1 || end < start) return [];
  try {
    const schema: unknown = JSON.parse(text.slice(start, end + 1));
    return isRecord(schema) ? readParams(schema) : [];
  } catch {
    return [];
  }
}

export function answerIn(question: Question, said: string, now: number): Answer | undefined {
  const { params, message } = question;
  const consent = consentIn(said);
  if (question.isApproval) {
    return consent === undefined ? undefined : { action: consent ? 'accept' : 'decline', content: {}, sure: true };
  }
  if (
    /\b(?:none|neither)\b|^\W*no(?:,? thanks?|,? thank you)?\W*$/i.test(said) &&
    !params.some((it) => it.type === 'boolean')
  ) {
    return { action: 'decline', content: {}, sure: true };
  }
  if (withdrawsIn(said)) return { action: 'cancel', content: {}, sure: true };
  if (params.length === 0) return withoutSchema(message, said, consent);
  return bySchema(params, message, said, now);
}

function withoutSchema(message: string, said: string, consent: boolean | undefined): Answer | undefined {
  const option = choose(optionsInText(message), said);
  if (option) return { action: 'accept', content: { answer: option.value }, sure: true };
  if (consent === false) return { action: 'decline', content: {}, sure: true };
  const answer = said.trim().replace(/[.!]+$/, '');
  return answer === '' ? undefined : { action: 'accept', content: { answer }, sure: consent === true };
}

function bySchema(params: readonly Param[], message: string, said: string, now: number): Answer | undefined {
  const content: Record<string, JSONValue> = {};
  let sure = false;
  const filled = fillSlots(params, said, { now, place: undefined });
  for (const param of params) {
    const found = valueFor(
      param,
      message,
      said,
      now,
      filled.sure.has(param.name) ? filled.values[param.name] : undefined,
    );
    if (!found || (!param.required && !found.sure)) continue;
    content[param.name] = found.value;
    sure ||= found.sure;
  }
  const isWhole = params.every((param) => !param.required || param.name in content) && Object.keys(content).length > 0;
  return isWhole ? { action: 'accept', content, sure } : undefined;
}

interface Value {
  readonly value: JSONValue;
  readonly sure: boolean;
}

function valueFor(
  param: Param,
  message: string,
  said: string,
  now: number,
  marked: JSONValue | undefined,
): Value | undefined {
  const surely = (value: JSONValue | undefined): Value | undefined =>
    value === undefined ? undefined : { value, sure: true };
  if (param.options.length > 0) return surely(marked ?? choose(withLabels(param, message), said)?.value);
  if (param.type === 'boolean') return surely(consentIn(said) ?? marked);
  if (param.type === 'number' || param.type === 'integer') return surely(countIn(message, said) ?? marked);
  if (marked !== undefined) return surely(marked);
  const option = choose(optionsInText(message), said);
  if (option) return surely(option.value);
  if (param.role === 'email' || param.role === 'url') return undefined;
  if (param.format === 'date') return surely(findDates(new Scan(said), now)[0]?.day);
  const rest = new Scan(said).rest(() => false)?.text ?? said.trim();
  return rest === '' ? undefined : { value: rest, sure: false };
}

/** What the question says of an option counts as its name: `1) ANA at 9:00` for an option `1` or `ANA`. */
function withLabels({ options }: Param, message: string): Param['options'] {
  const inText = optionsInText(message);
  if (inText.length !== options.length) return options;
  return options.map((option, index) => ({ ...option, label: `${option.label} ${inText[index]?.label ?? ''}` }));
}

/** A number asked for is either meant as such or counts the options of the question, from one. */
function countIn(message: string, said: string): number | undefined {
  const options = optionsInText(message);
  const chosen = choose(options, said);
  if (chosen) return options.indexOf(chosen) + 1;
  return wordsOf(said)
    .map((word) => numberOf(word.lower))
    .find((it) => it !== undefined);
}
