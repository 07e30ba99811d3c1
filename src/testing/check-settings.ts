/** Mistakes in what stands round a script's steps: mocks, and the paces of model, voice and user. */
import { show } from './alike.ts';
import type { Script } from './script.ts';

type Members = Readonly<Record<string, unknown>>;
type Check = readonly [what: string, holds: (value: unknown) => boolean];

const ms: Check = ['a number of ms, 0 or more', (value) => isNumber(value) && value >= 0];
const speed: Check = ['a number above 0', (value) => isNumber(value) && value > 0];
const count: Check = ['a whole number, 0 or more', (value) => Number.isInteger(value) && (value as number) >= 0];
const ordinal: Check = ['a whole number, 1 or more', (value) => Number.isInteger(value) && (value as number) >= 1];
const list: Check = ['a list', Array.isArray];
const anything: Check = ['anything', () => true];

const modelMembers = { firstTokenMs: ms, tokenMs: ms, failures: list };
const failureMembers = { request: ordinal, afterTokens: count, error: anything };
const voiceMembers = { wordsPerMinute: speed, msPerCharacter: ms, startMs: ms };
const userMembers = { wordsPerMinute: speed, interruptsAfterMs: ms, transcriptMs: ms };
const stepMembers = { afterMs: ms, updates: anything, returns: anything, throws: anything, hangs: anything };
const toolActs = ['updates', 'returns', 'throws', 'hangs'];

/** Throws a TypeError that names the member. */
export function checkSettings({ tools, model, voice, user }: Script): void {
  if (model !== undefined) checkMembers(model, modelMembers, 'simulate, model');
  for (const [index, failure] of (model?.failures ?? []).entries()) {
    const where = `simulate, model, failure ${String(index + 1)}`;
    checkMembers(failure, failureMembers, where);
    if (!('request' in failure)) throw new TypeError(`${where}: expected request, got nothing. Write { request: 2 }.`);
  }
  if (voice !== undefined && voice !== 'text') checkMembers(voice, voiceMembers, 'simulate, voice');
  if (user !== undefined) checkMembers(user, userMembers, 'simulate, user');
  for (const [name, script] of Object.entries(tools ?? {}))
    if (typeof script !== 'function') checkTool(script, `simulate, tools, ${name}`);
}

/** A step, a list of them, or a list of lists: nothing stands behind an end. */
function checkTool(script: unknown, where: string): void {
  if (!Array.isArray(script)) return checkToolStep(script, where);
  if (script.some(Array.isArray)) {
    for (const [index, steps] of script.entries()) {
      const call = `${where}, call ${String(index + 1)}`;
      if (!Array.isArray(steps)) throw new TypeError(`${call}: expected a list of steps, got ${show(steps)}.`);
      checkToolSteps(steps, call);
    }
  } else checkToolSteps(script, where);
}

function checkToolSteps(steps: readonly unknown[], where: string): void {
  for (const [index, step] of steps.entries()) {
    checkToolStep(step, `${where}, step ${String(index + 1)}`);
    if (index < steps.length - 1 && !('updates' in (step as Members)))
      throw new TypeError(`${where}, step ${String(index + 2)}: the tool has ended before. Only updates go on.`);
  }
}

function checkToolStep(step: unknown, where: string): void {
  checkMembers(step, stepMembers, where);
  const given = toolActs.filter((act) => act in (step as Members));
  if (given.length !== 1)
    throw new TypeError(`${where}: expected one of ${toolActs.join(', ')}, got ${given.join(' and ') || 'none'}.`);
}

function checkMembers(given: unknown, checks: Readonly<Record<string, Check>>, where: string): void {
  const names = Object.keys(checks).join(', ');
  if (typeof given !== 'object' || given === null)
    throw new TypeError(`${where}: expected an object of ${names}, got ${show(given)}.`);
  for (const [name, value] of Object.entries(given)) {
    const check = checks[name];
    if (!check) throw new TypeError(`${where}: unknown member ${name}. Known: ${names}.`);
    const [what, holds] = check;
    if (value !== undefined && !holds(value))
      throw new TypeError(`${where}: expected ${name} to be ${what}, got ${show(value)}.`);
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
