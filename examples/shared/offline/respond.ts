/** One answer to one prompt, decided at once: what is said and which tools are called. Pure. */
import type { JSONValue, LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { answerIn, isMeantFor, openQuestions, type Question } from './answers.ts';
import { cancellingIn } from './cancelling.ts';
import { consentIn } from './choices.ts';
import { freshIn, tellDelivery, tellFresh } from './delivery.ts';
import { subjectOf } from './describe.ts';
import { wantedIn, type Wanted } from './dialog.ts';
import { argsOf, evidenceFor, fill, type Intent } from './intents.ts';
import { isCompanion, readMenu, type Menu } from './menu.ts';
import { follow, openingFrom } from './orders.ts';
import { confirmFlag } from './params.ts';
import { questionFor } from './questions.ts';
import { readPrompt, saidBefore, type Made, type Reading } from './reading.ts';
import { asksForStatus, isBusy, recalled } from './recall.ts';
import { aboutItself, isOpening, notUnderstood, repeated, smallTalk } from './small-talk.ts';
import { statusOf } from './status.ts';
import { splitSentences } from './sentences.ts';
import { secondOne } from './tell.ts';
import { upperFirst } from './words.ts';

export interface PlannedCall {
  readonly toolName: string;
  readonly args: Readonly<Record<string, JSONValue>>;
}

export interface Reply {
  readonly text: string;
  readonly calls: readonly PlannedCall[];
}

type Request = Pick<LanguageModelV4CallOptions, 'prompt' | 'tools' | 'toolChoice'>;

/** @param now What "tomorrow" is counted from. */
export function respond({ prompt, tools, toolChoice }: Request, now: number): Reply {
  const reading = readPrompt(prompt);
  const all = readMenu(tools);
  const menu =
    toolChoice?.type === 'tool' ? { ...all, tools: all.tools.filter((it) => it.name === toolChoice.toolName) } : all;
  const mayCall = toolChoice?.type !== 'none';
  if (reading.instruction) return say(tellDelivery(reading.instruction, reading));
  const turn = reading.turns.at(-1);
  const wanted = wantedIn(reading.turns, menu, now);
  const fresh = freshIn(reading);
  if (fresh.length > 0) {
    // What was said to a companion was no request that could lack anything.
    const consumed = turn?.calls.every((call) => isCompanion(call.toolName)) ?? true;
    return say(joined(tellFresh(fresh, reading), questionsFor(consumed ? { ...wanted, lacking: [] } : wanted)));
  }
  if (reading.orders !== undefined) return say(follow(reading.orders, menu));
  const isLast =
    reading.entries.findLastIndex((it) => it.kind === 'assistant' || it.kind === 'call') < (turn?.index ?? -1);
  if (!turn || !isLast) return say(openingFrom(reading.system, menu));
  const talk: Talk = {
    said: turn.utterance,
    before: saidBefore(reading),
    reading,
    menu,
    wanted,
    now,
    mayCall,
  };
  const reply = answer(talk);
  const must = toolChoice?.type === 'required' || toolChoice?.type === 'tool';
  return must && reply.calls.length === 0 ? (forced(talk) ?? reply) : reply;
}

interface Talk {
  readonly said: string;
  /** What was replied to what the user said before. */
  readonly before: string;
  readonly reading: Reading;
  readonly menu: Menu;
  readonly wanted: Wanted;
  readonly now: number;
  readonly mayCall: boolean;
}

/** Each knows one kind of thing to say to a user; the first that has something to say is heard. */
const answers: readonly ((talk: Talk) => Reply | undefined)[] = [
  ({ said, menu }) => sayIf(aboutItself(said, menu)),
  answerQuestion,
  answerDuplicate,
  cancelTasks,
  tellStatus,
  recallResult,
  callTools,
  askForMore,
  declines,
  ({ said, menu, reading }) => sayIf(repeated(said, reading) ?? smallTalk(said, menu, reading)),
  askAgain,
];

function answer(talk: Talk): Reply {
  for (const attempt of answers) {
    const reply = attempt(talk);
    if (!reply) continue;
    const open = questionsFor({ ...talk.wanted, lacking: [] });
    return reply.calls.length > 0 || reply.text.includes(open) ? reply : say(`${reply.text} ${open}`);
  }
  return say(notUnderstood(talk.said, talk.menu));
}

function say(text: string): Reply {
  return { text: text.trim(), calls: [] };
}

function sayIf(text: string | undefined): Reply | undefined {
  return text === undefined ? undefined : say(text);
}

function joined(...texts: readonly string[]): string {
  return texts.filter((it) => it !== '').join(' ');
}

/** What is still to be asked of the user. */
function questionsFor({ lacking, reopened }: Wanted): string {
  const [intent] = [...lacking, ...reopened];
  return intent ? questionFor(intent) : '';
}

/** What a task has asked, if that is what the user speaks of. */
function answerQuestion({ said, before, reading, menu, wanted, now, mayCall }: Talk): Reply | undefined {
  if (!mayCall || !menu.has('answer_task')) return undefined;
  if (doubtedIn(reading).length > 0 && splitSentences(before).at(-1) === secondOne) return undefined;
  // A whole request of its own is about something else, unless it merely has the words of the answer.
  if (wanted.ready.some((it) => evidenceFor(it.tool, said) >= 1)) return undefined;
  const questions = openQuestions(reading);
  for (const question of questions) {
    const found = answerIn(question, said, now);
    if (!found || !question.told || !isMeantFor(question, found, said, before)) continue;
    if (found.sure || isFreeForAnswer(said, { menu, reading, wanted }))
      return { text: '', calls: [answerCall(question, found)] };
  }
  return undefined;
}

function answerCall(
  { task }: Question,
  { action, content }: { action: string; content: Record<string, JSONValue> },
): PlannedCall {
  return { toolName: 'answer_task', args: { call_id: task.id, action, ...(action === 'accept' ? { content } : {}) } };
}

/** Nothing else could be meant by it. */
function isFreeForAnswer(said: string, { menu, reading, wanted }: Pick<Talk, 'menu' | 'reading' | 'wanted'>): boolean {
  const isTalk = smallTalk(said, menu, reading) !== undefined || asksForStatus(said) || /\?\s*$/.test(said);
  return !isTalk && wanted.ready.length === 0 && !wanted.lacking.some((it) => evidenceFor(it.tool, said) >= 1);
}

/** A second call only after a yes. */
function answerDuplicate({ said, reading, wanted, mayCall }: Talk): Reply | undefined {
  const asked = doubtedIn(reading);
  const consent = consentIn(said);
  if (asked.length === 0 || consent === undefined || !mayCall) return undefined;
  if (!consent)
    return wanted.ready.length > 0 ? undefined : say("All right, I'll leave it at the one that is running.");
  const again = asked.map(({ toolName, input }) => ({
    toolName,
    args: { ...(input as Record<string, JSONValue>), [confirmFlag]: true },
  }));
  const others = wanted.ready.filter((it) => !asked.some(({ toolName }) => toolName === it.tool.name));
  return { text: '', calls: [...again, ...others.map(toCall)] };
}

/** The calls of the turn before that were not run because they are running already. */
function doubtedIn({ turns, entries }: Reading): Made[] {
  const before = turns.at(-2);
  return (before?.calls ?? []).filter((call) =>
    entries.some((entry) => entry.kind === 'told' && entry.id === call.id && entry.phrase?.name === 'duplicateConfirm'),
  );
}

function cancelTasks({ said, before, reading, menu, wanted, mayCall }: Talk): Reply | undefined {
  const found = cancellingIn(said, before, reading);
  if (!found) return undefined;
  if (found.type === 'nothing') {
    const isOther = wanted.withdrawn || wanted.ready.length > 0 || !menu.has('cancel_task');
    return isOther ? undefined : say('There is nothing running that I could stop.');
  }
  if (found.type === 'keep') return say("All right, I'll keep at it.");
  if (found.type === 'ask') return say(found.text);
  if (!menu.has('cancel_task') || !mayCall) {
    return wanted.ready.length > 0
      ? undefined
      : say(
          `Sorry, I have no way to stop ${subjectOf(found.tasks[0]?.toolName ?? 'it', found.tasks[0]?.input ?? {})}.`,
        );
  }
  return { text: '', calls: found.tasks.map((task) => ({ toolName: 'cancel_task', args: { call_id: task.id } })) };
}

function tellStatus({ said, reading, menu, wanted, mayCall }: Talk): Reply | undefined {
  if (!asksForStatus(said) || wanted.ready.some(hasValues)) return undefined;
  const namesTask = wanted.lacking.some((it) => reading.tasks.values().some((task) => task.toolName === it.tool.name));
  if (wanted.lacking.length > 0 && !namesTask) return undefined;
  if (!isBusy(reading)) {
    const known = recalled(`what was ${said}`, reading);
    if (known !== undefined) return say(known);
    if (smallTalk(said, menu, reading) !== undefined) return undefined;
  }
  if (mayCall && menu.has('get_running_tasks'))
    return { text: '', calls: [{ toolName: 'get_running_tasks', args: {} }] };
  return say(statusOf(reading));
}

/** A call that needs no arguments is hinted at by any word about it: a question about it comes first. */
function hasValues({ values }: Intent): boolean {
  return Object.keys(values).length > 0;
}

function recallResult({ said, reading, wanted }: Talk): Reply | undefined {
  if (wanted.ready.some(hasValues)) return undefined;
  return sayIf(recalled(said, reading));
}

function callTools({ wanted, mayCall }: Talk): Reply | undefined {
  if (wanted.ready.length === 0) return undefined;
  if (mayCall) return { text: '', calls: wanted.ready.map(toCall) };
  const subjects = wanted.ready.map((it) => subjectOf(it.tool.name, it.values));
  return say(`I can't start ${subjects.join(' or ')} right now. Please ask me again in a moment.`);
}

function toCall(intent: Intent): PlannedCall {
  return { toolName: intent.tool.name, args: argsOf(intent) };
}

function askForMore({ wanted }: Talk): Reply | undefined {
  if (wanted.withdrawn) return say("All right, I'll leave it.");
  const [intent] = wanted.lacking;
  if (!intent) return undefined;
  const subject = upperFirst(subjectOf(intent.tool.name, intent.values));
  return say(`${subject}, gladly. ${questionFor(intent)}`);
}

/** Something was asked last and this is no answer to it. */
function askAgain({ before, reading, wanted }: Talk): Reply | undefined {
  const last = splitSentences(before).at(-1) ?? '';
  const asked = openQuestions(reading).find(({ text }) => before.includes(text))?.text;
  const question = questionsFor(wanted) || asked || (last.endsWith('?') && !isOpening(last) ? last : '');
  return question === '' ? undefined : say(`Sorry, I didn't get that. ${question}`);
}

/** "No" to an agent that has a tool for just that. */
function declines({ said, menu, mayCall }: Talk): Reply | undefined {
  const tool = menu.tools.find((it) => it.words[0] === 'decline' && it.params.every((param) => !param.required));
  const isNo =
    consentIn(said) === false ||
    /\b(?:do not|don't|won't|will not|rather not|would not|wouldn't) (?:want|like|give|tell|share|say)\b/i.test(said);
  return tool && mayCall && isNo ? { text: '', calls: [{ toolName: tool.name, args: {} }] } : undefined;
}

/** `toolChoice` demands a call: the tool the words fit best, with what can be found for it. */
function forced({ said, menu, now }: Talk): Reply | undefined {
  const [best] = menu.tools.toSorted((a, b) => evidenceFor(b, said) - evidenceFor(a, said));
  if (!best) return undefined;
  const { values } = fill(best, said, { now, place: undefined });
  return { text: '', calls: [{ toolName: best.name, args: argsOf({ tool: best, values, missing: [] }) }] };
}
