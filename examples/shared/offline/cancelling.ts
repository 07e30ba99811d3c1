/** Which running task somebody wants stopped. Nothing is stopped that was not named or meant. */
import { choose, consentIn } from './choices.ts';
import { doingOf } from './describe.ts';
import type { Reading, Task } from './reading.ts';
import { runningTasks } from './status.ts';
import { humanize, isFiller, listOf, wordsOf, type Word } from './words.ts';

export type Cancelling =
  | { readonly type: 'cancel'; readonly tasks: readonly Task[] }
  /** It is not clear which, or whether. */
  | { readonly type: 'ask'; readonly text: string }
  | { readonly type: 'keep' }
  /** There is nothing to stop. */
  | { readonly type: 'nothing' };

export function cancellingIn(said: string, replyBefore: string, reading: Reading): Cancelling | undefined {
  const running = runningTasks(reading);
  if (running.length === 0) return wantsStop(said) ? { type: 'nothing' } : undefined;
  const asked = answerToWhich(said, replyBefore, running);
  if (asked) return asked;
  if (!wantsStop(said)) return undefined;
  if (/\b(?:all|everything|both|each)\b/i.test(said)) return { type: 'cancel', tasks: running };
  const meant = meantBy(said, running);
  if (meant === undefined) return undefined;
  const [only, ...others] = meant;
  if (!only) return undefined;
  if (others.length > 0) return { type: 'ask', text: `Which one shall I stop: ${listOf(meant.map(nameOf), 'or')}?` };
  // A bare "stop" may only mean: stop talking.
  return /^\W*(?:stop|wait|halt|quit)\W*$/i.test(said)
    ? { type: 'ask', text: `Shall I stop ${nameOf(only)}?` }
    : { type: 'cancel', tasks: [only] };
}

function nameOf({ toolName, input }: Task): string {
  return doingOf(toolName, input);
}

function answerToWhich(said: string, before: string, running: readonly Task[]): Cancelling | undefined {
  if (before.includes('Which one shall I stop')) {
    const asked = running.filter((task) => before.includes(nameOf(task)));
    if (/\b(?:both|all|everything)\b/i.test(said)) return { type: 'cancel', tasks: asked };
    const chosen = choose(
      asked.map((task) => ({ value: task.id, label: nameOf(task) })),
      said,
    );
    const task = asked.find((it) => it.id === chosen?.value);
    if (task) return { type: 'cancel', tasks: [task] };
    return consentIn(said) === false && !wantsStop(said) ? { type: 'keep' } : undefined;
  }
  const task = running.find((it) => before.includes(`Shall I stop ${nameOf(it)}?`));
  if (!task) return undefined;
  const consent = consentIn(said);
  return consent === undefined ? undefined : consent ? { type: 'cancel', tasks: [task] } : { type: 'keep' };
}

function wantsStop(said: string): boolean {
  if (/\b(?:don't|do not|never) (?:stop|cancel|abort)\b/i.test(said)) return false;
  const words = wordsOf(said);
  const first = words.findIndex((word) => word.concept === 'cancel');
  // "Which hotels have free cancellation until Friday?" asks for something else.
  const begins = first !== -1 && words.slice(0, first).every((word) => isFiller(word));
  return (
    begins ||
    /\b(?:call(?:ed)? (?:it|that|\w+ \w+) off|call off|(?:don't|do not|no longer) (?:need|want) .*(?:any ?more|any longer)?|forget (?:about )?(?:the|my|that))\b/i.test(
      said,
    )
  );
}

const hollow = new Set([
  'cancel',
  'task',
  'job',
  'process',
  'background',
  'one',
  'call',
  'forget',
  'off',
  'anymore',
  'longer',
]);

/** The tasks that the words fit best; all where they name none; undefined where they name something else. */
function meantBy(said: string, running: readonly Task[]): readonly Task[] | undefined {
  const spoken = wordsOf(said).filter((word) => !isFiller(word) && !hollow.has(word.concept));
  if (spoken.length === 0) return running;
  const scores = running.map((task) => scoreOf(task, spoken));
  const best = Math.max(...scores);
  return best > 0 ? running.filter((_, index) => scores[index] === best) : undefined;
}

function scoreOf({ toolName, input }: Task, spoken: readonly Word[]): number {
  const values = Object.values(input).filter((it) => typeof it === 'string' || typeof it === 'number');
  const own = new Set(wordsOf([humanize(toolName), ...values].join(' ')).flatMap((word) => [word.lower, word.concept]));
  return spoken.filter((word) => own.has(word.concept) || own.has(word.lower)).length;
}
