/** The session lives, in this process; what is killed stands behind it: the worker, Restate's server, a node of its cluster. */
import { setTimeout as pause } from 'node:timers/promises';
import { AgentSession } from '../../src/index.ts';
import { durable } from '../../src/restate/index.ts';
import { memory } from '../../src/store/index.ts';
import { scriptedModel } from '../../src/testing/index.ts';
import { agent, bookingTool, listeningOutput, script, type Told, whenOver } from './booking.ts';
import { allRecords, type Folder } from './folder.ts';
import { judge } from './judge.ts';
import type { Kill } from './kinds.ts';

export interface Victim {
  /** Resolves when it is dead. */
  kill(): Promise<void>;
  /** Resolves when it works again. */
  revive(): Promise<void>;
}

/** `lifeMs`: of a booking, about. */
export async function killBackstage(
  folder: Folder,
  number: number,
  moment: { readonly lifeMs: number; readonly random: () => number; readonly ingress: string | readonly string[] },
  victim: Victim,
): Promise<Kill> {
  const sessionId = `call-${String(number)}`;
  const store = memory();
  const told: Told[] = [];
  const session = new AgentSession({
    llm: scriptedModel(script),
    tools: [durable(bookingTool(folder.deeds), { ingress: moment.ingress })],
    output: listeningOutput((how) => told.push(how)),
    store,
    sessionId,
    logger: { debug() {}, info() {}, warn: console.warn, error: console.error },
  });
  let hit = true;
  const booking = (async () => {
    await session.start({ agent: agent() });
    await session.run({ userInput: 'Book it.' });
    await whenOver(session);
    hit = false;
  })();
  await Promise.race([pause(moment.random() * moment.lifeMs), booking]);
  const fell = hit;
  await victim.kill();
  await victim.revive();
  await booking;
  await session.suspend();
  const records = await allRecords(store, sessionId);
  const verdict = judge({ records, deeds: folder.deedsOf(`${sessionId}/call_1`), told, speakerDied: false });
  return { ...verdict, hit: fell };
}
