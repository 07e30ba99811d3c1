/** Sessions in Restate that book, in this process; and what must be true of each, whatever died meanwhile. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { AgentSession, fold, type SessionRecord } from '../src/index.ts';
import { restateStore } from '../src/restate/store.ts';
import { scriptedModel } from '../src/testing/index.ts';
import { agent, bookingTool, listeningOutput, script } from './kill/booking.ts';

export interface Booking {
  readonly name: string;
  readonly session: AgentSession;
  /** How the result was told, each time. */
  readonly told: readonly string[];
  /** The sources of its errors. */
  readonly errors: readonly string[];
  /** Its body has made its third update. */
  readonly halfway: Promise<void>;
}

export async function beginBooking(folder: string, name: string, ingress: readonly string[]): Promise<Booking> {
  const told: string[] = [];
  const errors: string[] = [];
  const session = new AgentSession({
    llm: scriptedModel(script),
    tools: [bookingTool(join(folder, name))],
    output: listeningOutput((how) => told.push(how)),
    store: restateStore({ ingress }),
    sessionId: name,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  const halfway = Promise.withResolvers<void>();
  let updates = 0;
  session.on('task_updated', () => ((updates += 1) === 3 ? halfway.resolve() : undefined));
  session.on('error', ({ source }) => errors.push(source));
  await session.start({ agent: agent() });
  await session.run({ userInput: 'Book it.' });
  return { name, session, told, errors, halfway: halfway.promise };
}

/** Nothing was lost, doubled or told twice; waits until all is kept. */
export async function judgeBooking(
  folder: string,
  { name, session, told, errors }: Booking,
  ingress: readonly string[],
): Promise<void> {
  expect([name, told]).toEqual([name, ['new']]);
  const deeds = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n');
  expect(deeds.map((deed) => deed.split(' ')[1])).toEqual(['1', '2', '3', '4', '5']);
  const records = await written(name, ingress, session.state.seq);
  expect(records.map(({ seq }) => seq)).toEqual(records.map((_record, index) => index + 1));
  expect(fold(records)).toEqual(session.state);
  // The store may have failed for a while: nothing else.
  expect(errors.filter((source) => source !== 'store')).toEqual([]);
  await session.suspend();
}

/** As soon as there are so many. */
async function written(name: string, ingress: readonly string[], count: number): Promise<SessionRecord[]> {
  const store = restateStore({ ingress });
  const records: SessionRecord[] = [];
  for (;;) {
    const some = await store.read(name, records.length);
    if (some.length === 0 && records.length >= count) return records;
    records.push(...some);
  }
}
