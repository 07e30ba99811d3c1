/** What must be true of a booking, whoever was killed in its middle. Pure: what was kept, done and said in, faults out. */
import type { SessionRecord } from '../../src/index.ts';
import { steps, type Told } from './booking.ts';

export interface Booking {
  /** The session's records, as the store has them. */
  readonly records: readonly SessionRecord[];
  /** Ids of the side effects of this booking, by step, in the order of doing. */
  readonly deeds: ReadonlyMap<number, readonly string[]>;
  /** What was said of the result, in order, over all processes. */
  readonly told: readonly Told[];
  /** Was the process killed that speaks? */
  readonly speakerDied: boolean;
}

export interface Verdict {
  readonly faults: readonly string[];
  /** Side effects done a second time, having been cut off before they were journaled. */
  readonly stepsRepeated: number;
  readonly toldAgain: number;
}

export function judge({ records, deeds, told, speakerDied }: Booking): Verdict {
  const faults: string[] = [];
  const must = (holds: boolean, fault: string): void => void (holds || faults.push(fault));

  const ends = records.filter((record) => record.type === 'task_ended');
  must(ends.length === 1, `the task ended ${String(ends.length)} times`);
  const [end] = ends;
  const ids = idsIn(end?.output.text ?? '');
  must(end?.state === 'completed' && ids.length === steps, `it ended as ${JSON.stringify(end?.output)}`);

  const done = Array.from({ length: steps }, (_, index) => deeds.get(index + 1) ?? []);
  for (const [index, attempts] of done.entries()) {
    const step = `step ${String(index + 1)}`;
    must(attempts.includes(ids[index] ?? ''), `${step} gave ${String(ids[index])}, which was not done`);
    must(attempts.length <= 2, `${step} was done ${String(attempts.length)} times`);
  }

  const updates = records.flatMap(messageOf).filter((message) => message.startsWith('Step '));
  const wanted = Array.from(
    { length: steps },
    (_, index) => `Step ${String(index + 1)} after ${ids.slice(0, index).join(',')}`,
  );
  // Each names the ids of the steps before it: one that was journaled and done again would show here.
  must(updates.join('|') === wanted.join('|'), `the updates were ${JSON.stringify(updates)}`);

  const receipts = records.flatMap((record) =>
    record.type === 'delivery_ended' && record.id === `${end?.callId ?? ''}_final` ? [record.receipt] : [],
  );
  must(
    receipts.length === 1 && (receipts[0] === 'completed' || receipts[0] === 'skipped'),
    `the result has the receipts [${receipts.join(', ')}]`,
  );
  must(told.length > 0, 'the result was not told');
  must(told.filter((how) => how === 'new').length <= 1, 'the result was told twice as new');
  must(told.length <= (speakerDied ? 2 : 1), `the result was told ${String(told.length)} times`);
  must(
    records.every(({ seq }, index) => seq === index + 1),
    'a record is missing',
  );
  return {
    faults,
    stepsRepeated: done.reduce((sum, attempts) => sum + Math.max(0, attempts.length - 1), 0),
    toldAgain: told.filter((how) => how === 'again').length,
  };
}

function messageOf(record: SessionRecord): string[] {
  if (record.type === 'task_updated') return [record.message];
  return record.type === 'task_backgrounded' && record.message !== undefined ? [record.message] : [];
}

function idsIn(text: string): string[] {
  return text.startsWith('Booked as ') ? text.slice('Booked as '.length).split(',') : [];
}
