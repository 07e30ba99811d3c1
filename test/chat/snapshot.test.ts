import { expect, test } from 'vitest';
import { apply, fold } from '../../src/chat/fold.ts';
import type { SessionRecord } from '../../src/chat/records.ts';
import { createSessionState } from '../../src/chat/state.ts';
import { stateFromText, stateToText } from '../../src/chat/snapshot.ts';

function records(): SessionRecord[] {
  const at = { v: 1, at: 5 } as const;
  const input = JSON.parse('{"__proto__":{"a":1},"=":["=",0],"{":{"m":[]},"none":null}') as Record<string, never>;
  const message = {
    kind: 'message',
    id: 'item_1',
    role: 'user',
    parts: [{ type: 'text', text: '\u2028 ä 🛫' }],
    at: 5,
  } as const;
  return [
    { ...at, seq: 1, type: 'session_opened', sessionId: 's' },
    { ...at, seq: 2, type: 'agent_entered', activityId: 'a', agent: 'travel', context: 'inherit' },
    { ...at, seq: 3, type: 'message_added', activityId: 'a', message },
    { ...at, seq: 4, type: 'speech_opened', speechId: 'p', activityId: 'a', kind: 'reply' },
    { ...at, seq: 5, type: 'request_made', speechId: 'p', activityId: 'a', step: 0, from: 0, to: 1 },
    {
      ...at,
      seq: 6,
      type: 'task_started',
      callId: 'c',
      toolName: 't',
      input,
      owner: 'a',
      activityId: 'a',
      speechId: 'p',
      step: 0,
      key: 'k',
    },
  ];
}

test('a state comes back as it was, and grows as it would have grown', () => {
  const all = records();
  for (let at = 0; at <= all.length; at += 1) {
    const state = stateFromText(stateToText(fold(all.slice(0, at))));
    expect(state).toEqual(fold(all.slice(0, at)));
    for (const record of all.slice(at)) if (state) apply(state, record);
    expect(state).toEqual(fold(all));
  }
});

test('an item that stands in a context and in the history is one', () => {
  const state = stateFromText(stateToText(fold(records())));
  expect(state?.history[0]).toBeDefined();
  expect(state?.activities.get('a')?.context.items[0]).toBe(state?.history[0]);
});

test('two states made from one text share nothing, and an empty one is nobody else’s', () => {
  const text = stateToText(createSessionState());
  const [one, other] = [stateFromText(text), stateFromText(text)];
  one?.history.push({ kind: 'message', id: 'x', role: 'user', parts: [], at: 1 });
  one?.activities.set('a', undefined as never);
  expect(other).toEqual(createSessionState());
  expect(createSessionState().activities.size).toBe(0);
});

test.each([
  ['nothing', ''],
  ['half of one', stateToText(createSessionState()).slice(0, 50)],
  ['another version', '{"v":99,"state":["{",{}]}'],
  ['an unknown kind', '{"v":1,"state":["?"]}'],
])('what cannot be read is none: %s', (_what, text) => {
  expect(stateFromText(text)).toBeUndefined();
});
