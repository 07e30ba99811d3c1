/** Replies that tell what calls have given: right after a step, and what background work has recorded since. */
import { doingOf, subjectOf } from './describe.ts';
import type { Instruction } from './phrases.ts';
import { saidAfter, type Reading, type Told } from './reading.ts';
import { unsaid } from './said.ts';
import { tell, type Telling } from './tell.ts';
import { listOf, upperFirst } from './words.ts';

const promise = "I'll tell you when I have something.";

/** What this turn's calls have given and nobody has been told: the newest of each. */
export function freshIn(reading: Reading): Told[] {
  const turn = reading.turns.at(-1);
  const lastSaid = reading.entries.findLastIndex((entry) => entry.kind === 'assistant' || entry.kind === 'user');
  const isOwn = (told: Told): boolean => turn?.calls.some((call) => call.id === told.id) ?? false;
  return reading.entries
    .slice(lastSaid + 1)
    .filter((entry) => entry.kind === 'told')
    .filter((told) => told.phase === 'output' && (isOwn(told) || !turn))
    .map((told) => reading.tasks.get(told.taskId)?.told.at(-1) ?? told);
}

export function tellFresh(fresh: readonly Told[], reading: Reading): string {
  const spoken = withoutEchoes(fresh);
  const stopped = spoken.filter((told) => told.phrase?.name === 'taskCancelled');
  const others = stopped.length > 1 ? spoken.filter((told) => !stopped.includes(told)) : spoken;
  const tellings = others.map((told) => tell(told, reading, spoken.length === 1));
  if (stopped.length > 1) tellings.unshift({ kind: 'result', text: allStopped(stopped, reading) });
  return together(
    tellings,
    spoken.some((told) => isBeginning(told)),
  );
}

function allStopped(stopped: readonly Told[], reading: Reading): string {
  const tasks = stopped.flatMap((told) => reading.tasks.get(told.phrase?.args['callId'] ?? '') ?? []);
  return `All right, I've stopped ${listOf(tasks.map(({ toolName, input }) => doingOf(toolName, input)))}.`;
}

/** A first answer, after which more will come. */
function isBeginning({ phase, phrase }: Told): boolean {
  return phase === 'output' && ['update', 'backgrounded'].includes(phrase?.name ?? '');
}

/** A cancelled call's own record says what the companion's answer says. */
function withoutEchoes(fresh: readonly Told[]): readonly Told[] {
  const stopped = new Set(
    fresh.filter((it) => it.phrase?.name === 'taskCancelled').map((it) => it.phrase?.args['callId']),
  );
  return fresh.filter((told) => !(told.phrase?.name === 'cancelled' && stopped.has(told.taskId)));
}

/** Results first, then what goes on, and questions last, so that they can be answered. */
function together(tellings: readonly Telling[], promises: boolean): string {
  const texts = (kind: Telling['kind']): string[] => [
    ...new Set(tellings.filter((it) => it.kind === kind && it.text !== '').map((it) => it.text)),
  ];
  const progress = texts('progress');
  const questions = texts('question');
  const [only] = progress;
  const going =
    !promises || questions.length > 0
      ? progress
      : only !== undefined && progress.length === 1
        ? [`${only.replace(/\.$/, '')}; ${promise}`]
        : [...progress, promise];
  return [...texts('result'), ...going, ...questions].join(' ');
}

/** Answers an instruction of the library. Empty where everything has been said. */
export function tellDelivery({ kind, about, fresh, heard }: Instruction, reading: Reading): string {
  const records = recordsFor(about, reading);
  const tellings = records.map((told): Telling => {
    const telling = tell(told, reading, false);
    const isNew = kind === 'tell' || fresh.includes(told.id);
    const said = `${saidAfter(reading, told.index)} ${heard}`;
    return isNew ? telling : { ...telling, text: unsaid(telling.text, said) };
  });
  const text = together(tellings, false);
  if (text !== '' || kind === 'tell_rest') return text;
  return records.length > 0
    ? records.map((told) => doneWith(told, reading)).join(' ')
    : 'There is news from the background, but I cannot find it.';
}

/** At tail an empty answer is none. */
function doneWith({ taskId }: Told, reading: Reading): string {
  const task = reading.tasks.get(taskId);
  return task ? `${upperFirst(subjectOf(task.toolName, task.input))}: done.` : 'Done.';
}

function recordsFor(ids: readonly string[], reading: Reading): Told[] {
  const told = reading.entries.filter((entry) => entry.kind === 'told');
  const found = ids.flatMap((id) => {
    const exact =
      told.findLast((it) => it.id === id) ?? told.findLast((it) => it.phase === 'output' && it.taskId === id);
    // An id that the provider's form does not carry: the newest of its task.
    const record = exact ?? reading.tasks.get(id.replace(/_(?:update_\d+|final)$/, ''))?.told.at(-1);
    return record ? [record] : [];
  });
  if (found.length > 0) return [...new Set(found)];
  const lastSaid = reading.entries.findLastIndex((entry) => entry.kind === 'assistant');
  return told.filter((it) => it.index > lastSaid);
}
