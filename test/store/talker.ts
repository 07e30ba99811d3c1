/**
 * A process with a session on a SQLite file: `talker.ts PATH begin|restore`. Its tool books in five steps, each of which writes
 * one line to PATH.steps. It tells by IPC `{ step }` after each, and `{ heard }` what the agent said when it was heard.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { Agent, AgentSession, createTextOutput, tool, type AgentSessionOptions } from '../../src/index.ts';
import { scriptedModel, type ScriptedStep } from '../../src/testing/index.ts';
import { sqlite } from '../../src/store/sqlite.ts';

const [path = '', how = ''] = process.argv.slice(2);
const tell = (what: object): unknown => process.send?.(what);

/** What was done under the call's key is not done again. */
const book = tool({
  name: 'book',
  idempotent: true,
  execute: async (_args, { ctx }) => {
    for (let step = 1; step <= 5; step += 1) {
      const line = `${ctx.idempotencyKey} ${String(step)}\n`;
      if (!existsSync(`${path}.steps`) || !readFileSync(`${path}.steps`, 'utf8').includes(line))
        appendFileSync(`${path}.steps`, line);
      await ctx.update(`Step ${String(step)}.`, { deliver: 'silent' });
      tell({ step });
      await new Promise((resolve) => setImmediate(resolve));
    }
    return 'Booked.';
  },
});

const answer: ScriptedStep = ({ prompt }) =>
  JSON.stringify(prompt.at(-1)).includes('user already') ? 'As I said: booked.' : 'Booked.';
const script: ScriptedStep[] = Array.from({ length: 20 }, () => answer);
const agent = (): Agent => new Agent({ name: 'booking', instructions: 'You book.' });
let line = '';
const options: AgentSessionOptions = {
  llm: scriptedModel(how === 'begin' ? [{ calls: [{ name: 'book' }] }, ...script] : script),
  tools: [book],
  output: createTextOutput({
    onText: (text) => (line += text),
    onEnd: () => {
      tell({ heard: line });
      line = '';
    },
  }),
};
const kept = { store: sqlite(path), sessionId: 'call' };

const session =
  how === 'begin'
    ? new AgentSession({ ...options, ...kept })
    : await AgentSession.restore({ ...options, ...kept, agents: { booking: agent }, takeOver: true });
session.on('delivery_ended', ({ id, receipt }) => tell({ id, receipt }));
if (how === 'begin') {
  await session.start({ agent: agent() });
  await session.run({ userInput: 'Book it.' });
}
while (session.tasks.list().length > 0 || session.state.tasks.deliveries.size > 0) {
  await session.waitForIdle();
  await new Promise((resolve) => setImmediate(resolve));
}
tell({ told: true });
// Nobody closes it: its conversation could go on.
process.exit(0);
