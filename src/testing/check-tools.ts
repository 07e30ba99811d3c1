/** Which tools were called, and what became of what they had to tell: as verdicts. Pure. */
import type { Receipt, SessionEvent, SessionEventName } from '../index.ts';
import { difference, show } from './alike.ts';
import { countText } from './check-speech.ts';
import { isTold } from './moments.ts';
import type { Mark } from './picture.ts';
import type { Delivery, Reading, ToolRunSpan } from './reading.ts';
import { timeText } from './times.ts';
import type { Verdict } from './verdict.ts';

/** A part of the arguments; a RegExp fits a string, `expect.any(…)` and the like fit as they do in your runner. */
export type ArgsPattern = Readonly<Record<string, unknown>>;

/** How often. */
export interface CalledOptions {
  /** Exactly so many runs. Default: at least one. */
  readonly times?: number;
}

export function called(
  reading: Reading,
  toolName: string,
  args: ArgsPattern | undefined,
  { times }: CalledOptions,
): Verdict {
  const what = `${toolName}${args === undefined ? '' : `(${show(args)})`}`;
  const often = times === undefined ? '' : ` ${countText(times)}`;
  const wordings = { expected: `${what} to be called${often}`, unexpected: `${what} not to be called${often}` };
  const runs = reading.tasks.filter((task) => task.toolName === toolName);
  const hits = runs.filter((task) => args === undefined || difference(task.args, args) === undefined);
  const pass = times === undefined ? hits.length > 0 : hits.length === times;
  if (hits.length > 0) {
    const found = `It was called ${countText(hits.length)}.`;
    return { pass, ...wordings, found, marks: marksOf(reading, hits, () => 'called here') };
  }
  return { pass, ...wordings, ...whyNot(reading, toolName, runs, args) };
}

function whyNot(
  reading: Reading,
  toolName: string,
  runs: readonly ToolRunSpan[],
  args: ArgsPattern | undefined,
): Pick<Verdict, 'found' | 'marks'> {
  if (runs.length > 0) {
    const marks = marksOf(reading, runs, (run) => difference(run.args, args) ?? '');
    return { found: `It was called ${countText(runs.length)}, with other arguments.`, marks };
  }
  const answers = rowsOf(reading, 'call_answered').filter(({ of }) => of.toolName === toolName);
  if (answers.length > 0) {
    const marks = answers.map(({ of, from }) => ({ of, at: from, note: 'called here, but its body did not run' }));
    return { found: 'It was called, but that started nothing.', marks };
  }
  const names = [...new Set(reading.tasks.map((task) => task.toolName))];
  const found = names.length === 0 ? 'No tool was called.' : `Only others were: ${names.join(', ')}.`;
  const marks = marksOf(reading, reading.tasks, () => '');
  return { found, marks: marks.length > 0 ? marks : [{ at: reading.end, note: 'no tool was called so far' }] };
}

/** `id`: of a call (its newest record), of a record, or `book_flight#1`, or the name of a tool that ran once. */
export function received(reading: Reading, id: string, receipt: Receipt): Verdict {
  const wordings = {
    expected: `the receipt of ${id} to be "${receipt}"`,
    unexpected: `the receipt of ${id} not to be "${receipt}"`,
  };
  const runs = reading.tasks.filter((task) => [task.callId, task.name, task.toolName].includes(id));
  if (runs.length > 1) {
    const names = runs.map((run) => run.name).join(', ');
    const found = `${id} ran ${countText(runs.length)}. Say which: ${names}.`;
    return { pass: undefined, ...wordings, found, marks: marksOf(reading, runs, () => 'one of them') };
  }
  const [run] = runs;
  const records = reading.deliveries.filter((each) => each.recordId === id || each.callId === run?.callId);
  const last = records.at(-1);
  if (!last) return { pass: run ? false : undefined, ...wordings, ...noDelivery(reading, id, run) };
  const about = run ? `${run.name}, ${last.recordId},` : last.recordId;
  if (last.receipt === undefined) {
    const note = `${last.recordId} is due since then, and has not been told`;
    return {
      pass: false,
      ...wordings,
      found: `It has none yet: ${about} still waits to be told.`,
      marks: [markOf(reading, last, note)],
    };
  }
  const pass = last.receipt === receipt;
  const reason = last.reason === undefined ? '' : ` (${last.reason})`;
  const note = `${last.recordId}: "${last.receipt}"${reason}`;
  // A receipt is of the telling, not of the tool.
  const failure = !pass && run?.state === 'failed' && isTold(last) ? `: that ${run.name} failed was told` : '';
  return {
    pass,
    ...wordings,
    found: `It is "${last.receipt}"${reason}${failure}.`,
    marks: [markOf(reading, last, note)],
  };
}

function noDelivery(reading: Reading, id: string, run: ToolRunSpan | undefined): Pick<Verdict, 'found' | 'marks'> {
  if (!run) {
    const names = reading.tasks.map((task) => `${task.name} (${task.callId})`);
    const known = names.length === 0 ? 'No tool has run' : `Those that ran: ${names.join(', ')}`;
    return { found: `There is no such call. ${known}.`, marks: [] };
  }
  const found = 'It had nothing to deliver: its call was answered in the turn that made it.';
  return { found, marks: marksOf(reading, [run], () => 'answered in its own turn') };
}

export function failed(reading: Reading): Verdict {
  const errors = rowsOf(reading, 'error');
  const [first] = errors;
  const count = errors.length === 1 ? 'is one' : `are ${String(errors.length)}, the first`;
  return {
    pass: first !== undefined,
    expected: 'something to fail',
    unexpected: 'nothing to fail',
    found: first ? `There ${count} at ${timeText(first.from)}.` : 'Nothing did.',
    marks: errors.map(({ of, from }) => ({ of, at: from, note: '' })),
  };
}

/** A run's row is where it was started, a delivery's where it ended, or where there was something to tell. */
function marksOf(reading: Reading, runs: readonly ToolRunSpan[], note: (run: ToolRunSpan) => string): Mark[] {
  const started = rowsOf(reading, 'task_started');
  return runs.map((run) => ({
    of: started.find(({ of }) => of.callId === run.callId)?.of,
    at: run.from,
    note: note(run),
  }));
}

function markOf(reading: Reading, { recordId, callId, from, to }: Delivery, note: string): Mark {
  const ended = rowsOf(reading, 'delivery_ended').find(({ of }) => of.id === recordId);
  const updated = rowsOf(reading, 'task_updated').find(({ of }) => of.recordId === recordId);
  const over = rowsOf(reading, 'task_ended').find(({ of }) => of.callId === callId);
  return { of: (ended ?? updated ?? over)?.of, at: to ?? from, note };
}

function rowsOf<Name extends SessionEventName>(
  reading: Reading,
  type: Name,
): { readonly of: SessionEvent<Name>; readonly from: number }[] {
  return reading.rows.flatMap(({ of, from }) =>
    'type' in of && of.type === type ? [{ of: of as SessionEvent<Name>, from }] : [],
  );
}
