/**
 * A process with a session in Restate: `store-talker.ts begin|restore book|talk INGRESS FOLDER`. One that books tells
 * `{ update }` after each, and `{ over }`; one that talks `{ heardAt }` for each sentence, for ever. `{ closed }`: why it is.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { AgentSession, createTextOutput, type AgentSessionOptions, type SpeechOutput } from '../src/index.ts';
import { restateStore } from '../src/restate/store.ts';
import { scriptedModel } from '../src/testing/index.ts';
import { agent, bookingTool, listeningOutput, script, whenOver } from './kill/booking.ts';

const [how = '', what = '', ingress = '', folder = ''] = process.argv.slice(2);
const tell = (news: object): unknown => process.send?.(news);
const now = (): number => performance.timeOrigin + performance.now();

const output: SpeechOutput =
  what === 'book'
    ? listeningOutput((told) => tell({ told }))
    : createTextOutput({ onText: () => tell({ heardAt: now() }) });
const options: AgentSessionOptions = {
  llm: scriptedModel(script),
  tools: [bookingTool(join(folder, 'deeds'))],
  output,
  logger: { debug() {}, info() {}, warn() {}, error: console.error },
};
const kept = { store: restateStore({ ingress }), sessionId: 'call', leaseMs: 3000 };

const session =
  how === 'begin'
    ? new AgentSession({ ...options, ...kept })
    : await AgentSession.restore({ ...options, ...kept, agents: { booking: agent } });
session.on('task_updated', () => tell({ update: true }));
session.on('closed', ({ reason }) => tell({ closed: reason }));
if (how === 'begin') await session.start({ agent: agent() });

if (what === 'book') {
  if (how === 'begin') await session.run({ userInput: 'Book it.' });
  await whenOver(session);
  await session.suspend();
  tell({ over: true });
  process.exit(0);
}
for (let isOpen = true; isOpen; ) {
  try {
    await session.say('Anybody?').waitForPlayout();
    await pause(10);
  } catch {
    isOpen = false;
  }
}
process.exit(0);
