/** A conversation and a page that reads as it likes, without a wire between them. */
import { Agent, AgentSession } from 'meanwhile';
import { createVirtualClock, scriptedModel } from 'meanwhile/testing';
import { expect, onTestFinished, test } from 'vitest';
import { Talk, type Page } from '../../src/server/talk.ts';
import type { ServerMessage } from '../../src/wire/index.ts';

test('a page that comes back to much is sent it as it reads, then what happened meanwhile, in order', async () => {
  const clock = createVirtualClock();
  const session = new AgentSession({ llm: scriptedModel([{ text: 'Yes.' }, { text: 'Indeed.' }], { clock }), clock });
  const talk = new Talk(
    { session, agent: new Agent({ instructions: 'You agree.' }) },
    { clock, graceMs: 1_000, maxRecords: 100, onOver: () => undefined, onError: () => undefined },
  );
  await talk.start();
  onTestFinished(() => clock.runUntil(session.close()));
  await session.run({ userInput: 'Is it?' });
  const sent: ServerMessage[] = [];
  let [room, go]: [number, () => void] = [3, () => undefined];
  const page: Page = {
    send: (message) => {
      room -= 1;
      sent.push(message);
    },
    sendSound: () => undefined,
    close: () => undefined,
    get hasRoom() {
      return room > 0;
    },
    whenRoom: (next) => (go = next),
  };
  talk.attach(page);
  expect(sent.map(({ type }) => type)).toEqual(['welcome', 'record', 'record']);
  await session.run({ userInput: 'Really?' });
  expect(sent).toHaveLength(3);
  room = 2;
  go();
  expect(sent).toHaveLength(5);
  room = 1_000;
  go();
  const seen = sent.flatMap((message) => (message.type === 'record' ? [message.record.seq] : []));
  expect(seen).toEqual(Array.from({ length: session.state.seq }, (_none, index) => index + 1));
  expect(sent.at(-1)?.type).toBe('state');
});
