/**
 * A process with one call of a user on a SQLite file: `caller.ts PATH SESSION book|restore|call|slow [STEP]`. The one that books
 * hangs up when the booking has begun, and stands still after STEP of its five steps; one that is slow tells nothing. It says by
 * IPC `{ step }`, `{ heard }` for the agent's words, `{ received }` and `{ receipt }` for the result, `{ idle }` and `{ over }`.
 */
import { Agent, AgentSession, createTextOutput, tool, type AgentSessionOptions } from '../../src/index.ts';
import { scriptedModel, type ScriptedStep } from '../../src/testing/index.ts';
import { sqlite } from '../../src/store/sqlite.ts';

const [path = '', sessionId = '', how = '', lastStep = ''] = process.argv.slice(2);
const tell = (what: object): unknown => process.send?.(what);
const hungUp = Promise.withResolvers<void>();
if (how !== 'book') hungUp.resolve();

const book = tool({
  name: 'book',
  idempotent: true,
  whenSessionEnds: 'finish',
  execute: async (_args, { ctx }) => {
    await ctx.update('Booking.');
    await hungUp.promise;
    for (let step = 1; step <= 5; step += 1) {
      await ctx.update(`Step ${String(step)}.`);
      tell({ step });
      // Here it is killed.
      if (lastStep === String(step)) await new Promise<never>(() => undefined);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return 'Code AB12.';
  },
});

const answer: ScriptedStep = ({ prompt }) => {
  const all = JSON.stringify(prompt);
  if (!all.includes('AB12')) return 'I am booking.';
  return all.includes('may have told the user already') ? 'As I said: AB12.' : 'It is AB12.';
};
const agent = (): Agent => new Agent({ name: 'booking', instructions: 'You book.' });
let line = '';
const options: AgentSessionOptions = {
  llm: scriptedModel([
    ...(how === 'book' ? [{ calls: [{ name: 'book' }] }] : []),
    ...Array<ScriptedStep>(9).fill(answer),
  ]),
  tools: [book],
  userKey: 'ada',
  leaseMs: 600,
  // One that is to be killed before it has told anything.
  coalesceMs: how === 'slow' ? 600_000 : 50,
  output: createTextOutput({
    onText: (text) => (line += text),
    onEnd: () => {
      tell({ heard: line });
      line = '';
    },
  }),
};
const kept = { store: sqlite(path), sessionId };

const session =
  how === 'restore'
    ? await AgentSession.restore({ ...options, ...kept, agents: { booking: agent }, takeOver: true })
    : new AgentSession({ ...options, ...kept });
session.watchRecords((record) => {
  if (record.type === 'delivery_ended' && record.id.endsWith('_final')) tell({ receipt: record.receipt });
  if (record.type === 'result_received') tell({ received: true });
});
if (how !== 'restore') await session.start({ agent: agent() });
if (how === 'book') await session.run({ userInput: 'Book it.' });
// A call ends when the parent says so: what is there to be told is told by then.
if (how === 'call' || how === 'slow') {
  const told = new Promise((resolve) => process.once('message', resolve));
  if (how === 'call') await session.waitForIdle();
  tell({ idle: true });
  await told;
}
await session.close();
hungUp.resolve();
await session.finished;
tell({ over: true });
process.exit(0);
