/**
 * A process with one session that books: `session.ts begin|restore SQLITE_FILE FOLDER [INGRESS]`. Without an ingress the
 * tool's body runs here, with one in a worker. It tells its parent `started`, and exits with 0 when all is told.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { AgentSession, type AgentSessionOptions, StoreError } from '../../src/index.ts';
import { sqlite } from '../../src/store/sqlite.ts';
import { scriptedModel } from '../../src/testing/index.ts';
import { agent, bookingTool, listeningOutput, script, whenOver } from './booking.ts';

const [how = '', file = '', folder = ''] = process.argv.slice(2);
if (how !== 'begin' && how !== 'restore') throw new Error(`Expected begin or restore, got "${how}".`);

const book = bookingTool(join(folder, 'deeds'));
const options: AgentSessionOptions = {
  llm: scriptedModel(script),
  tools: [book],
  // Before the first word: what is not written here nobody has heard.
  output: listeningOutput((told) => appendFileSync(join(folder, 'told'), `${told}\n`)),
  logger: { debug() {}, info() {}, warn: console.warn, error: console.error },
};
const kept = { store: sqlite(file), sessionId: 'call', leaseMs: 1000 };

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
