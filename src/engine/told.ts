/**
 * What a body tells, as the records of it (S2.1, S2.2). Pure. The first thing answers the call itself, which goes to the
 * background with it; each later one is a record of its own.
 */
import type { Output, TaskRecord } from '../chat/items.ts';
import type { DeliveryTerms, Question, RecordBody } from '../chat/records.ts';
import type { Progress } from '../tools/faces.ts';
import { progressOf } from './telling.ts';

/** What the tool itself said, beside the text a model gets. */
export type Said =
  | { readonly phase: 'update'; readonly message: string; readonly progress?: Progress; readonly key?: string }
  | { readonly phase: 'question'; readonly question: Omit<Question, 'id'> };

export function firstTold(callId: string, output: Output, said: Said, terms: DeliveryTerms): readonly RecordBody[] {
  if (said.phase === 'update')
    return [
      {
        type: 'task_backgrounded',
        callId,
        reason: 'update',
        output,
        message: said.message,
        ...progressOf(said.progress),
        ...keyOf(said),
        ...quietIf(terms.mode === 'silent'),
      },
    ];
  const { question } = said;
  return [
    { type: 'task_asked', callId, question: { ...question, id: callId } },
    { type: 'task_backgrounded', callId, reason: 'question', output, message: question.message },
  ];
}

export function laterTold(record: TaskRecord, said: Said, delivery: DeliveryTerms): RecordBody {
  const { callId, id } = record;
  if (said.phase === 'question')
    return { type: 'task_asked', callId, record, question: { ...said.question, id }, delivery };
  const { message, progress } = said;
  return { type: 'task_updated', callId, record, delivery, message, ...progressOf(progress), ...keyOf(said) };
}

const quiet = { quiet: true } as const;
const nothing = {} as const;

export function quietIf(isQuiet: boolean): { quiet?: true } {
  return isQuiet ? quiet : nothing;
}

function keyOf({ key }: { readonly key?: string }): { key?: string } {
  return key === undefined ? nothing : { key };
}
