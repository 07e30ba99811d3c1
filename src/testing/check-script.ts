/** Mistakes in a script that only JavaScript, or a cast, can make; and a step in words. */
import { show } from './alike.ts';
import { checkSettings } from './check-settings.ts';
import { checkMoment } from './moments.ts';
import type { Script, Step } from './script.ts';
import { wordingOf } from './times.ts';

const acts = ['userSays', 'userTypes', 'userNoiseMs', 'userStops', 'userHangsUp', 'modelFailsForMs', 'does'] as const;
const timings = ['at', 'on', 'afterMs', 'forMs', 'interrupts'] as const;
const belongings = { forMs: ['userSays'], interrupts: ['userSays', 'userNoiseMs'] } as const;
const members = ['app', 'steps', 'tools', 'model', 'voice', 'user', 'limitMs'];

/** Throws a TypeError that names the step. */
export function checkScript(script: Script): void {
  const given: unknown = script;
  if (typeof given !== 'object' || given === null)
    throw new TypeError(`simulate: expected a script, got ${show(given)}. Write simulate({ app, steps: [] }).`);
  const unknown = Object.keys(given).find((name) => !members.includes(name));
  if (unknown !== undefined) throw new TypeError(`simulate: unknown member ${unknown}. Known: ${members.join(', ')}.`);
  if (!script.app) throw new TypeError('simulate: expected app, got nothing. Write app: { agent, llm }.');
  if (!Array.isArray(script.steps))
    throw new TypeError(`simulate: expected steps to be a list, got ${show(script.steps)}. Write steps: [].`);
  checkSettings(script);
  for (const [index, step] of script.steps.entries())
    checkStep(step as Readonly<Record<string, unknown>>, `simulate, step ${String(index + 1)}`);
}

function checkStep(step: Readonly<Record<string, unknown>>, where: string): void {
  const given = acts.filter((act) => step[act] !== undefined);
  if (given.length !== 1)
    throw new TypeError(`${where}: expected one of ${acts.join(', ')}, got ${given.join(' and ') || 'none'}.`);
  const unknown = Object.keys(step).find((name) => ![...acts, ...timings].some((known) => known === name));
  if (unknown !== undefined)
    throw new TypeError(`${where}: unknown member ${unknown}. Known: ${[...acts, ...timings].join(', ')}.`);
  for (const name of ['at', 'afterMs', 'forMs', 'userNoiseMs', 'modelFailsForMs']) {
    const value = step[name];
    if (value === undefined || (typeof value === 'number' && value >= 0 && value < Infinity)) continue;
    throw new TypeError(`${where}: expected ${name} to be a number of ms, 0 or more, got ${show(value)}.`);
  }
  if (step['at'] !== undefined && (step['on'] !== undefined || step['afterMs'] !== undefined))
    throw new TypeError(`${where}: at is a time of its own. Leave out on and afterMs, or leave out at.`);
  const { on } = step;
  if (on !== undefined && on !== 'idle' && on !== 'at once') checkMoment(on, `${where}, on`);
  for (const [name, of] of Object.entries(belongings)) {
    if (step[name] !== undefined && !given.some((act) => of.some((each) => each === act)))
      throw new TypeError(`${where}: ${name} belongs to ${of.join(' and ')}. Leave it out.`);
  }
}

/** `Step 3 (userSays "Wait")`. */
export function wordingOfStep(step: Step, index: number): string {
  const act = acts.find((each) => step[each] !== undefined);
  const value: unknown = act === undefined ? undefined : step[act];
  const detail =
    typeof value === 'string' ? ` ${wordingOf(value)}` : typeof value === 'number' ? ` ${String(value)}` : '';
  return `Step ${String(index + 1)} (${act ?? 'nothing'}${detail})`;
}
