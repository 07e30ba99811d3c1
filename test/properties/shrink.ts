/**
 * Makes a script that fails small. fast-check's own shrinking would draw a new schedule for each smaller plan, and so
 * lose what only one order of events shows: here the order is part of what is made smaller.
 */
import { examine, type ExamineOptions } from './examine.ts';
import type { Action, Plan } from './plan.ts';
import { schedulerOf } from './shuffle.ts';

/** A session to be replayed: what happens, and who went first each time. */
export interface Script extends Plan {
  readonly picks: readonly number[];
}

export interface ShrinkOptions extends ExamineOptions {
  /** Most real time for it. Default 20,000. */
  readonly limitMs?: number;
}

/** The smallest script found that still breaks the invariant. */
export async function shrink(script: Script, invariant: string, options: ShrinkOptions = {}): Promise<Script> {
  const until = performance.now() + (options.limitMs ?? 20_000);
  const fails = async (tried: Script): Promise<boolean> => {
    const { picks, ...plan } = tried;
    const { wrongs } = await examine(plan, schedulerOf(picks), options);
    return wrongs.some((wrong) => wrong.invariant === invariant);
  };
  let best = script;
  let size = Infinity;
  while (sizeOf(best) < size && performance.now() < until) {
    size = sizeOf(best);
    for (const smaller of smallerOnes) {
      for (let again = true; again && performance.now() < until; ) {
        again = false;
        for (const tried of smaller(best)) {
          if (performance.now() > until) break;
          if (!(await fails(tried))) continue;
          best = tried;
          again = true;
          break;
        }
      }
    }
  }
  return best;
}

function sizeOf({ actions, tools, hooks, picks }: Script): number {
  const shuffled = picks.filter((pick) => pick > 0).length;
  return actions.length * 4 + tools.length + hooks.length + picks.length + shuffled * 2;
}

type Smaller = (script: Script) => Iterable<Script>;

function* withoutActions(script: Script): Iterable<Script> {
  for (const actions of withoutChunks(script.actions)) yield { ...script, actions };
}

function* withoutPicks(script: Script): Iterable<Script> {
  const { picks } = script;
  if (picks.length === 0) return;
  yield { ...script, picks: [] };
  for (let length = picks.length >> 1; length < picks.length; length += Math.max(1, (picks.length - length) >> 1))
    yield { ...script, picks: picks.slice(0, length) };
  for (let chunk = picks.length >> 1; chunk >= 1; chunk >>= 1)
    for (let at = 0; at < picks.length; at += chunk) {
      if (!picks.slice(at, at + chunk).some((pick) => pick > 0)) continue;
      yield { ...script, picks: picks.map((pick, index) => (index >= at && index < at + chunk ? 0 : pick)) };
    }
}

function* withoutTools(script: Script): Iterable<Script> {
  const { tools, hooks } = script;
  for (const fewer of withoutChunks(tools)) if (fewer.length > 0) yield { ...script, tools: fewer };
  for (const fewer of withoutChunks(hooks)) if (fewer.length > 0) yield { ...script, hooks: fewer };
  for (const [index, tool] of tools.entries())
    for (const [name, plain] of Object.entries(plainTool)) {
      const changed = { ...tool, [name]: plain as unknown };
      if (JSON.stringify(changed) !== JSON.stringify(tool)) yield { ...script, tools: tools.with(index, changed) };
    }
  for (const [index, hook] of hooks.entries())
    if (hook !== 'nothing') yield { ...script, hooks: hooks.with(index, 'nothing') };
}

const plainTool: Plan['tools'][number] = {
  of: 'session',
  inSet: false,
  onHandoff: 'move',
  onInterrupt: 'background',
  deliver: 'when_idle',
  deaf: false,
  limit: 'none',
  hold: false,
  onDuplicate: 'allow',
  more: 'nothing',
};

/** Fewer calls in one step, and the plainest of each kind of action. */
function* withPlainActions(script: Script): Iterable<Script> {
  for (const [index, action] of script.actions.entries())
    for (const plain of plainer(action)) yield { ...script, actions: script.actions.with(index, plain) };
}

function* plainer(action: Action): Iterable<Action> {
  if (action.do === 'order' && action.what !== 'update') yield { ...action, what: 'update' };
  if (action.do === 'end' && action.how !== 'return') yield { ...action, how: 'return' };
  if ('body' in action && action.body > 0) yield { ...action, body: 0 };
  if ('task' in action && action.task > 0) yield { ...action, task: 0 };
  if (action.do === 'run') yield { ...action, do: 'message' };
  if ('calls' in action)
    for (const calls of withoutChunks(action.calls)) if (calls.length > 0) yield { ...action, calls };
}

/** The list without each of its parts, large ones first. */
function* withoutChunks<T>(list: readonly T[]): Iterable<T[]> {
  for (let chunk = Math.max(1, list.length >> 1); list.length > 0; chunk >>= 1) {
    for (let at = 0; at < list.length; at += chunk) yield [...list.slice(0, at), ...list.slice(at + chunk)];
    if (chunk === 1) return;
  }
}

const smallerOnes: readonly Smaller[] = [withoutPicks, withoutActions, withoutTools, withPlainActions];
