/**
 * A process with one session that books. Its argument is a Task as JSON. It tells its parent `started`, and exits with 0 when
 * all is told.
 */
import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { AgentSession, type AgentSessionOptions, StoreError } from '../../src/index.ts';
import { durable } from '../../src/restate/index.ts';
import { sqlite } from '../../src/store/sqlite.ts';
import { scriptedModel } from '../../src/testing/index.ts';
import { agent, bookingTool, listeningOutput, script, whenOver } from './booking.ts';

export interface SessionTask {
  readonly how: 'begin' | 'restore';
  readonly sessionId: string;
  readonly database: string;
  /** Files that get a line for each side effect, and for each telling of the result. */
  readonly deeds: string;
  readonly told: string;
  /** Of the Restate that runs the tool; without one its body runs here. */
  readonly ingress?: string;
}

const task = JSON.parse(process.argv[2] ?? '') as SessionTask;
const { how, sessionId, ingress } = task;
const book = bookingTool(task.deeds);
const options: AgentSessionOptions = {
  llm: scriptedModel(script),
  tools: [ingress === undefined ? book : durable(book, { ingress })],
  // Before the first word: what is not written here nobody has heard.
  output: listeningOutput((told) => appendFileSync(task.told, `${told}\n`)),
  logger: { debug() {}, info() {}, warn: console.warn, error: console.error },
};
const kept = { store: sqlite(task.database), sessionId, leaseMs: 1000 };

process.send?.('started');
const session =
  how === 'begin'
    ? new AgentSession({ ...options, ...kept })
    : await AgentSession.restore({ ...options, ...kept, agents: { booking: agent }, takeOver: true });
if (how === 'begin') {
  await session.start({ agent: agent() }).catch(async (error: unknown) => {
    // One that was killed before its first record left its lease.
    if (!(error instanceof StoreError) || error.retryInMs === undefined) throw error;
    await pause(error.retryInMs);
    await session.start({ agent: agent() });
  });
}
// A caller whose words were lost before anybody had begun to answer says them again.
if (session.history.toArray().length === 0) await session.run({ userInput: 'Book it.' });
await whenOver(session);
// All is kept; its conversation could go on.
await session.suspend();
process.exit(0);
