/**
 * What a crash left open, as the records that close it. Pure: the state, the moment, and what may run again.
 *
 * Of a process that died, its speeches are over and so are its bodies. What of a speech the user heard nobody knows, so what
 * it was telling is told again as *maybe covered*, and never as if it were new. A step whose calls were still running gets
 * its batch: no request contains a call without its output (S1.4). The order is that of a turn's own end: outputs, their
 * batch, what wants telling (S5.6), the speech; then the activities that nobody is left to go on with.
 */
import type { Batch, BatchCall, Item, Output, TaskRecord } from '../chat/items.ts';
import type { RecordBody } from '../chat/records.ts';
import type { ActivityState, DeliveryState, EndedTask, SessionState, SpeechState, TaskState } from '../chat/state.ts';

export interface Recovery {
  /** The session's clock, in ms. */
  readonly now: number;
  /** Will this task's body be run again? Else it ends as failed. */
  readonly runsAgain: (task: TaskState) => boolean;
  /** Does its tool tell nothing aloud that is no error? */
  readonly isSilent: (toolName: string) => boolean;
  /** What the model is told of a task whose body died. */
  readonly lost: (task: TaskState) => Output;
  /** What it is told of one that goes on, as its call's own output. */
  readonly goesOn: (task: TaskState) => Output;
  readonly newId: (prefix: string) => string;
}

export function recover(state: SessionState, how: Recovery): RecordBody[] {
  const { tasks } = state;
  const running = [...tasks.running.values()];
  return [
    ...running.flatMap((task) => closeQuestion(task, how)),
    ...running.flatMap((task) => (task.phase === 'blocking' ? answerCall(task, how) : [])),
    ...batches(state, how),
    ...running.flatMap((task) => (task.phase === 'background' && !how.runsAgain(task) ? endTask(task, how) : [])),
    ...[...tasks.deliveries.values()].flatMap((delivery) => returnDelivery(state, delivery)),
    ...[...state.speeches.values()].flatMap((speech) => closeSpeech(state, speech, how)),
    ...[...state.stack].reverse().flatMap((id) => leave(state, id)),
  ];
}

/** Of turns that nobody goes on with: the batches of their calls, what wants telling (S5.6), and their end. */
export function closeSpeeches(state: SessionState, how: Recovery): RecordBody[] {
  return [...batches(state, how), ...[...state.speeches.values()].flatMap((speech) => closeSpeech(state, speech, how))];
}

/** Is the agent that was current still there? Not where it was on its way out, or nobody had come yet. */
export function staysOnStage(state: SessionState): ActivityState | undefined {
  const [id] = state.stack;
  const outermost = id === undefined ? undefined : state.activities.get(id);
  return outermost?.exiting ? undefined : outermost;
}

/** Who runs again asks again; the end of one that does not closes its question itself. */
function closeQuestion(task: TaskState, how: Recovery): RecordBody[] {
  const { callId, question } = task;
  if (!question || !how.runsAgain(task)) return [];
  return [{ type: 'task_answered', callId, questionId: question.id, action: 'cancel' }];
}

/** Its call still waited for an output. */
function answerCall(task: TaskState, how: Recovery): RecordBody[] {
  const { callId } = task;
  return how.runsAgain(task)
    ? [{ type: 'task_backgrounded', callId, reason: 'interrupted', output: how.goesOn(task) }]
    : [{ type: 'task_ended', callId, state: 'failed', output: how.lost(task) }];
}

function endTask(task: TaskState, how: Recovery): RecordBody[] {
  const { callId, toolName, input, owner } = task;
  const output = how.lost(task);
  const record: TaskRecord = {
    kind: 'record',
    id: `${callId}_final`,
    callId,
    phase: 'final',
    toolName,
    input,
    output,
    owner,
    at: how.now,
  };
  return [{ type: 'task_ended', callId, state: 'failed', output, record, delivery: { mode: 'when_idle' } }];
}

/** Steps whose calls are in no context yet, each as one batch, in the order of the calls. */
function batches(state: SessionState, how: Recovery): RecordBody[] {
  const steps = new Map<string, (TaskState | EndedTask)[]>();
  for (const task of unbatched(state)) {
    const key = `${task.activityId} ${task.speechId} ${String(task.step)}`;
    steps.set(key, [...(steps.get(key) ?? []), task]);
  }
  return [...steps.values()].flatMap((calls) => {
    const [first] = calls;
    if (!first || !state.activities.has(first.activityId)) return [];
    const { activityId, speechId, step } = first;
    const batch: Batch = {
      kind: 'batch',
      id: how.newId('item'),
      at: how.now,
      speechId,
      step,
      calls: calls.map((task) => toBatchCall(task, how)),
    };
    return [{ type: 'batch_added', activityId, batch }];
  });
}

function unbatched({ tasks, speeches }: SessionState): (TaskState | EndedTask)[] {
  return [...tasks.running.values(), ...tasks.ended.values()]
    .filter((task) => !task.batched && speeches.has(task.speechId))
    .sort((a, b) => a.order - b.order);
}

function toBatchCall(task: TaskState | EndedTask, how: Recovery): BatchCall {
  const { callId, toolName } = task;
  if (isRunning(task)) return { callId, toolName, input: task.input, output: outputOf(task, how) };
  return { callId, toolName, ...(task.open ?? nothing) };
}

const nothing = { input: {}, output: { type: 'text', text: '' } } as const;

function outputOf(task: TaskState, how: Recovery): Output {
  if (task.output) return task.output;
  return how.runsAgain(task) ? how.goesOn(task) : how.lost(task);
}

function isRunning(task: TaskState | EndedTask): task is TaskState {
  return 'phase' in task;
}

function closeSpeech(state: SessionState, speech: SpeechState, how: Recovery): RecordBody[] {
  return [...untoldOutputs(state, speech, how), { type: 'speech_closed', speechId: speech.id, outcome: 'interrupted' }];
}

/** It may have been heard, unless its speech is open and has asked for no words yet. */
function returnDelivery({ speeches }: SessionState, { id, attempts, taken, heard = '' }: DeliveryState): RecordBody[] {
  if (taken === undefined) return [];
  if (speeches.get(taken)?.requests.size === 0) return [{ type: 'delivery_returned', id, attempts }];
  return [{ type: 'delivery_returned', id, attempts: attempts + 1, heard }];
}

/** Outputs that wanted a reply and got none: deliveries from now on, under their calls' own ids (S5.6). */
function untoldOutputs(state: SessionState, speech: SpeechState, how: Recovery): RecordBody[] {
  const activity = state.activities.get(speech.activityId);
  const made = unbatched(state).filter((task) => task.speechId === speech.id);
  const early = made.map((task) => toBatchCall(task, how));
  const entered = (activity?.context.items ?? []).flatMap((item, position) =>
    callsOf(item, speech, activity, position),
  );
  const owner = activity && staysOnStage(state)?.id === activity.id ? activity.id : 'session';
  return [...entered, ...early].flatMap(({ callId, toolName, input, output }) => {
    if (output.text === '' || !wantsReply(state, callId, how)) return [];
    if (output.type === 'text' && how.isSilent(toolName)) return [];
    const record: TaskRecord = {
      kind: 'record',
      id: callId,
      callId,
      phase: state.tasks.running.get(callId)?.phase === 'background' ? 'update' : 'final',
      toolName,
      input,
      output,
      owner,
      at: how.now,
    };
    return [{ type: 'delivery_opened', callId, record, delivery: { mode: 'when_idle' } }];
  });
}

/** At tail: no words were heard over a request that held them. */
function callsOf(
  item: Item,
  speech: SpeechState,
  activity: ActivityState | undefined,
  position: number,
): readonly BatchCall[] {
  if (item.kind !== 'batch' || item.speechId !== speech.id) return [];
  return position >= (activity?.context.coveredTo ?? 0) ? item.calls : [];
}

function wantsReply({ tasks }: SessionState, callId: string, how: Recovery): boolean {
  if (tasks.deliveries.has(callId) || tasks.joined.has(callId)) return false;
  const running = tasks.running.get(callId);
  const task = running ?? tasks.ended.get(callId);
  if (task?.quiet || task?.outputIsStale) return false;
  // A later call took its place (S3.6).
  if (task?.supersedeKey !== undefined && tasks.latest.get(task.supersedeKey) !== callId) return false;
  if (!running) return true;
  const runsAgain = how.runsAgain(running);
  // One that says only that it goes on wants none; a question is asked again; what ends in the background tells that.
  if (running.phase === 'blocking') return !runsAgain;
  return runsAgain && !running.goesOn && running.question?.id !== callId;
}

/** An AgentTask's awaiter died with the process, and who was on his way out has gone (S8.3, S8.4). */
function leave(state: SessionState, activityId: string): RecordBody[] {
  const activity = state.activities.get(activityId);
  if (!activity || staysOnStage(state) === activity) return [];
  const { running, deliveries } = state.tasks;
  const own = new Set<string>();
  for (const task of running.values()) if (task.owner === activityId) own.add(task.callId);
  for (const delivery of deliveries.values()) if (delivery.owner === activityId) own.add(delivery.callId);
  return [
    ...[...own].map((callId): RecordBody => ({ type: 'task_moved', callId, owner: 'session' })),
    ...(activity.exiting ? [] : [{ type: 'agent_exiting', activityId } as const]),
    { type: 'agent_left', activityId, merge: activity.parent === undefined ? 'none' : 'messages' },
  ];
}
