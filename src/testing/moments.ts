/** Moments of a conversation, in words: what a step of a script waits for, and where an assertion begins to look. */
import { show } from './alike.ts';
import type { Delivery, Reading } from './reading.ts';
import { isWords, says, wordingOf } from './times.ts';

/**
 * - `{ agentSays }`: these words have been heard; a string is a part of what was said.
 * - `{ userSays }`: the user has said or written this.
 * - `{ tool, is }`: a tool was started, has told an update, has ended, or something of it was told to the user. `tool` is
 *   its name, or `book_flight#2` for one of its runs.
 */
export type Moment =
  | 'agent starts speaking'
  | 'agent stops speaking'
  | { readonly agentSays: string | RegExp }
  | { readonly userSays: string | RegExp }
  | { readonly tool: string; readonly is: (typeof toolMoments)[number] };

/** Throws a TypeError for what only JavaScript, or a cast, can make of a moment: it would never come. */
export function checkMoment(given: unknown, where: string): void {
  if (given === 'agent starts speaking' || given === 'agent stops speaking') return;
  const { agentSays, userSays, tool, is } = Object(given) as Readonly<Record<string, unknown>>;
  if (isWords(agentSays) || isWords(userSays)) return;
  if (typeof tool === 'string' && tool !== '' && toolMoments.some((each) => each === is)) return;
  throw new TypeError(
    `${where}: expected a moment, got ${show(given)}. Write 'agent starts speaking', 'agent stops speaking', { agentSays }, { userSays } or { tool, is: ${toolMoments.map((each) => `'${each}'`).join(' | ')} }.`,
  );
}

const toolMoments = ['started', 'updated', 'ended', 'told'] as const;

/** When it came, each time, in ms from the start. */
export function timesOf(moment: Moment, reading: Reading): number[] {
  const { speech, user } = reading;
  if (moment === 'agent starts speaking') return speech.map((each) => each.from);
  if (moment === 'agent stops speaking') return speech.flatMap((each) => each.to ?? []);
  if ('agentSays' in moment) return speech.flatMap((each) => heardAt(each, reading, moment.agentSays) ?? []);
  if ('userSays' in moment) {
    return user.flatMap((each) => (each.to !== undefined && says(each.text, moment.userSays) ? each.to : []));
  }
  return timesOfTool(moment, reading);
}

export function wordingOfMoment(moment: Moment): string {
  if (typeof moment === 'string') return `the ${moment}`;
  if ('agentSays' in moment) return `the agent says ${wordingOf(moment.agentSays)}`;
  if ('userSays' in moment) return `the user says ${wordingOf(moment.userSays)}`;
  return `${moment.tool} ${moment.is === 'ended' ? 'has ended' : `was ${moment.is}`}`;
}

export function isTold({ receipt }: Delivery): boolean {
  return receipt === 'completed' || receipt === 'skipped' || receipt === 'accepted';
}

function heardAt(speech: Reading['speech'][number], { heard }: Reading, wanted: string | RegExp): number | undefined {
  const word = heard.get(speech)?.find((each) => says(each.text, wanted));
  if (word) return word.at;
  return speech.to !== undefined && says(speech.text, wanted) ? speech.to : undefined;
}

function timesOfTool({ tool, is }: Extract<Moment, { tool: string }>, reading: Reading): number[] {
  const runs = reading.tasks.filter((task) => task.toolName === tool || task.name === tool || task.callId === tool);
  if (is === 'started') return runs.map((run) => run.from);
  if (is === 'ended') return runs.flatMap((run) => run.to ?? []);
  const ids = new Set(runs.map((run) => run.callId));
  if (is === 'updated') return reading.updates.filter((each) => ids.has(each.callId)).map((each) => each.at);
  return reading.deliveries.flatMap((each) => (ids.has(each.callId) && isTold(each) ? (each.to ?? []) : []));
}
