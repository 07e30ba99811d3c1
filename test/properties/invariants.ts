/**
 * What must hold of a session that has come to rest, and of one that is over. Each invariant gives the facts that break
 * it. Those that are judged while it runs are in `watch.ts`.
 */
import { getEventListeners } from 'node:events';
import type { Item } from 'meanwhile';
import type { World } from './world.ts';
import type { Of, Watch } from './watch.ts';

type Invariant = (world: World) => readonly string[];

const of = <T extends Watch['records'][number]['type']>({ records }: Watch, type: T): Of<T>[] =>
  records.filter((record): record is Of<T> => record.type === type);

const twice = (ids: readonly string[]): string[] => ids.filter((id, index) => ids.indexOf(id) !== index);

/** Everything that was to be told has one receipt, none has two (S3.4). */
const everyDeliveryHasOneReceipt: Invariant = ({ watch }) => {
  const opened = watch.events.flatMap((event) => (event.type === 'delivery_scheduled' ? [event.id] : []));
  const ended = new Set<string>();
  const wrong = twice(opened).map((id) => `${id} is opened twice`);
  for (const { id } of of(watch, 'delivery_ended')) {
    if (ended.has(id)) wrong.push(`${id} has two receipts`);
    ended.add(id);
  }
  for (const record of watch.records) {
    const id = 'delivery' in record && record.delivery && record.record ? record.record.id : undefined;
    if (id !== undefined && !ended.has(id)) wrong.push(`${id} has no receipt`);
  }
  return [...wrong, ...opened.filter((id) => !ended.has(id)).map((id) => `${id} has no receipt`)];
};

/** Every task ends once and says nothing after it; every one that started ends (S1.4). */
const everyTaskEndsOnce: Invariant = ({ watch }) => {
  const wrong: string[] = [];
  const running = new Set<string>();
  for (const record of watch.records) {
    switch (record.type) {
      case 'task_started':
        running.add(record.callId);
        break;
      case 'task_ended':
        if (!running.delete(record.callId)) wrong.push(`${record.callId} ends twice`);
        break;
      case 'task_updated':
      case 'task_asked':
      case 'task_backgrounded':
        if (!running.has(record.callId)) wrong.push(`${record.callId} says something after its end`);
        break;
      default:
    }
  }
  return [...wrong, ...[...running].map((callId) => `${callId} never ends`)];
};

/** What a body said in time is in the conversation, what it said too late is not (S1.4, S2.3, S5.3). */
const everyWordOfABodyIsKept: Invariant = ({ session, watch }) => {
  const told = session.state.history.flatMap(textsOf).join('\n');
  return [...watch.recorded].filter((text) => !told.includes(text)).map((text) => `"${text}" is lost`);
};

const nothingAfterTheEnd: Invariant = ({ session, watch }) => {
  if (watch.late.length === 0) return [];
  const told = session.state.history.flatMap(textsOf).join('\n');
  return watch.late.filter((text) => told.includes(text)).map((text) => `"${text}" was said after the end`);
};

function textsOf(item: Item): string[] {
  if (item.kind === 'record') return [item.output.text];
  return item.kind === 'batch' ? item.calls.map(({ output }) => output.text) : [];
}

/** What the user said is in the conversation, once (S1.8). */
const everyInputIsKept: Invariant = ({ session, watch }) => {
  const said = session.state.history.flatMap((item) =>
    item.kind === 'message' && item.role === 'user'
      ? item.parts.flatMap((part) => (part.type === 'text' ? [part.text] : []))
      : [],
  );
  return [...watch.inputs].flatMap((text) => {
    const times = said.filter((each) => each === text).length;
    return times === 1 ? [] : [`"${text}" stands there ${String(times)} times`];
  });
};

/**
 * An output that wanted a reply was answered: something was heard over it, or the turn went on with it and came to its
 * end, or it became a delivery, which has a receipt (S1.2, S5.6).
 */
const everyOutputIsAnswered: Invariant = ({ watch }) => {
  const { records } = watch;
  const wants = new Map<string, { speechId: string; step: number }>();
  for (const { batch } of of(watch, 'batch_added'))
    for (const { callId } of batch.calls) wants.set(callId, { speechId: batch.speechId, step: batch.step });
  const ended = new Set(of(watch, 'delivery_ended').map(({ id }) => id));
  const later = new Set<string>();
  const silent = new Set<string>();
  const wentOn = new Map<string, number>();
  const outcome = new Map<string, string>();
  for (const record of records) {
    if (record.type === 'task_ended') {
      if (record.record) later.add(record.callId);
      else if (record.output.text === '' || record.state === 'cancelled') silent.add(record.callId);
    } else if (record.type === 'task_updated') later.add(record.callId);
    else if (record.type === 'request_made') wentOn.set(record.speechId, record.step);
    else if (record.type === 'speech_closed') outcome.set(record.speechId, record.outcome);
  }
  const finals = of(watch, 'task_ended').filter((record) => !record.record && wants.has(record.callId));
  return finals.flatMap(({ callId, output }) => {
    const place = wants.get(callId);
    if (!place || silent.has(callId) || later.has(callId) || isFinished(output.text)) return [];
    if (watch.heard.has(callId) || ended.has(callId)) return [];
    const goesOn = (wentOn.get(place.speechId) ?? 0) > place.step;
    const isOver = outcome.get(place.speechId);
    if (goesOn && (isOver === 'completed' || isOver === 'nothing_said')) return [];
    return [`${callId} gave "${output.text}" and nobody answered it (${String(isOver)})`];
  });
};

/** The fixed output of a body that gave nothing: it wants no reply. */
function isFinished(text: string): boolean {
  return /has finished|is finished|finished\b/i.test(text);
}

/**
 * In every context a call's records stand in their order, behind the call where it is there (S2.3). What was told while
 * its step was open, because another call of it waited (S6.8), had to stand before the call.
 */
const contextsKeepOrder: Invariant = ({ session, watch }) => {
  const early = toldEarly(watch);
  return [...session.state.activities.values()].flatMap(({ context }) => disorder(context.items, early));
};

function disorder(items: readonly Item[], early: ReadonlySet<string>): string[] {
  const wrong: string[] = [];
  const ranks = new Map<string, number>();
  const ids = new Set<string>();
  const see = (id: string, callId: string): void => {
    if (early.has(callId) && id === callId) return;
    if (ids.has(id)) wrong.push(`${id} stands there twice`);
    ids.add(id);
    const rank = rankOf(id, callId);
    if (rank < (ranks.get(callId) ?? -1)) wrong.push(`${id} stands too late`);
    ranks.set(callId, rank);
  };
  for (const item of items) {
    if (item.kind === 'record' && item.id.startsWith(`${item.callId}_`)) see(item.id, item.callId);
    else if (item.kind === 'batch') for (const { callId } of item.calls) see(callId, callId);
  }
  return wrong;
}

function rankOf(id: string, callId: string): number {
  if (id === callId) return 0;
  const update = /_update_(\d+)$/.exec(id);
  return update ? Number(update[1]) : Infinity;
}

/** Calls of which something was told before they were in the context. */
function toldEarly(watch: Watch): Set<string> {
  const batched = new Set<string>();
  const early = new Set<string>();
  for (const record of watch.records) {
    if (record.type === 'batch_added') for (const { callId } of record.batch.calls) batched.add(callId);
    if (record.type !== 'delivery_taken') continue;
    for (const id of record.ids) {
      const callId = id.replace(/_(update_\d+|final|handoff)$/, '');
      if (!batched.has(callId)) early.add(callId);
    }
  }
  return early;
}

/** More than any pause before something is told. */
const patienceMs = 1000;

/**
 * What is due does not wait for something to happen by chance: nobody has the floor, nobody is about to do anything, and
 * it may be told here (S3.2, S6.2).
 */
const whatIsDueIsTold: Invariant = ({ session, clock, watch }) => {
  const { stack, tasks, speeches, activities } = session.state;
  const isStill = (watch.records.at(-1)?.at ?? 0) + patienceMs <= clock.now();
  const isFree = isStill && session.floor === 'nobody' && session.userState !== 'speaking' && speeches.size === 0;
  const place = stack[0];
  if (!isFree || stack.length !== 1 || place === undefined || activities.get(place)?.exiting !== false) return [];
  if (session.currentAgent === undefined || session.tasks.list().some(({ phase }) => phase === 'blocking')) return [];
  const belongs = (owner: string): boolean => owner === 'session' || owner === place;
  return [...tasks.deliveries.values()]
    .filter(({ owner, notBefore = 0 }) => belongs(owner) && notBefore + patienceMs <= clock.now())
    .map(({ id }) => `${id} is due, everybody is silent, and nothing happens`);
};

/** Nothing is left in the ledger, and nobody waits (S3.4, S6.3). */
const itComesToRest: Invariant = ({ session, open }) => [
  ...[...session.state.tasks.deliveries.values()].map(
    ({ id, owner, taken }) => `${id} of ${owner} is not told ${taken === undefined ? '' : `by ${taken}`}`,
  ),
  ...session.tasks.list().map(({ callId, state, phase }) => `${callId} is ${state}, ${phase}`),
  ...open.map((what) => `${what} waits for ever`),
];

/** Whoever held the floor has given it back (S6.4). */
const theFloorIsFree: Invariant = ({ session }) =>
  session.floor === 'nobody' ? [] : [`${JSON.stringify(session.floor)} has the floor`];

/** Whatever was waited for has settled (S8.7). */
const everyWaiterIsSettled: Invariant = ({ open }) => open.map((what) => `${what} waits after the close`);

/** No timer, no listener (S5.1, S8.7). */
const nothingIsLeft: Invariant = ({ clock, watch }) => [
  ...clock.pending().map((inMs) => `a timer is armed for ${String(inMs)} ms from now`),
  ...[...watch.signals].flatMap((signal) => {
    const listeners = getEventListeners(signal, 'abort').length;
    return listeners === 0 ? [] : [`a signal has ${String(listeners)} listeners`];
  }),
];

/** An update and a question of one key, and a step, are recorded once in a call. */
const aKeyHoldsOnce: Invariant = ({ watch }) => keysRecordedTwice(watch.records);

export function keysRecordedTwice(records: Watch['records']): string[] {
  const keys = records.flatMap((record) => {
    if (record.type === 'task_stepped') return [`step ${record.name} of ${record.callId}`];
    return 'key' in record && record.type !== 'task_started' && record.type !== 'task_validated'
      ? [`${record.type === 'task_answered' ? 'answer' : 'update'} ${String(record.key)} of ${record.callId}`]
      : [];
  });
  return twice(keys).map((key) => `${key} is recorded twice`);
}

/** What could not be told any more is given to somebody, once, and nothing else is (S3.4, S8.7). */
const whatIsLeftIsHandedOver: Invariant = ({ session, watch, given }) => {
  const accepted = of(watch, 'delivery_ended').flatMap(({ id, receipt }) =>
    receipt === 'accepted' ? [`${session.state.sessionId}/${id}`] : [],
  );
  return [
    ...twice(given).map((id) => `${id} is given twice`),
    ...given.filter((id) => !accepted.includes(id)).map((id) => `${id} is given, and has another receipt`),
    ...accepted.filter((id) => !given.includes(id)).map((id) => `${id} is accepted, and nobody was given it`),
  ];
};

/** Every toolset that was set up is closed (S8.6). */
const toolsetsAreClosed: Invariant = ({ watch }) =>
  watch.toolsets === 0 ? [] : [`${String(watch.toolsets)} toolsets are open`];

/** `closed` is the last event and comes once (S8.7). */
const closedIsTheEnd: Invariant = ({ watch }) => {
  const at = watch.events.findIndex(({ type }) => type === 'closed');
  return at === watch.events.length - 1 ? [] : [`"closed" is event ${String(at)} of ${String(watch.events.length)}`];
};

export const whenNothingHappens: Readonly<Record<string, Invariant>> = { whatIsDueIsTold };

export const whenItRests: Readonly<Record<string, Invariant>> = {
  itComesToRest,
  theFloorIsFree,
  everyWordOfABodyIsKept,
  everyInputIsKept,
  everyOutputIsAnswered,
  contextsKeepOrder,
};

export const whenItIsOver: Readonly<Record<string, Invariant>> = {
  everyDeliveryHasOneReceipt,
  everyTaskEndsOnce,
  nothingAfterTheEnd,
  everyWaiterIsSettled,
  nothingIsLeft,
  toolsetsAreClosed,
  aKeyHoldsOnce,
  whatIsLeftIsHandedOver,
  closedIsTheEnd,
};
