import { describe, expect, test } from 'vitest';
import {
  holderOf,
  isSilent,
  isWaitedFor,
  judge,
  type CurrentFacts,
  type FloorFacts,
  type Wish,
} from '../../src/session/floor-rules.ts';

const agent: CurrentFacts = {
  activityId: 'desk',
  paused: [],
  tellsDeliveries: false,
  isTask: false,
  underLease: undefined,
};
const subtask: CurrentFacts = { ...agent, activityId: 'ask', paused: ['desk'], isTask: true };

/** Nobody has said anything for a second. */
const rest: FloorFacts = {
  current: agent,
  closing: false,
  speaking: false,
  pending: false,
  goesOn: false,
  userSpeaking: false,
  userAway: false,
  userTurn: false,
  blocking: 0,
  leases: [],
  silentSince: 1000,
  quietMs: 400,
  now: 2000,
};

const delivery: Wish = { kind: 'delivery', owner: 'session', level: 'quiet' };
const of = (wish: Partial<Wish>, facts: Partial<FloorFacts> = {}) =>
  judge({ ...delivery, ...wish }, { ...rest, ...facts });

describe('silent', () => {
  test('S6.1 nobody speaks, nothing is on its way, and no turn of the user is open', () => {
    expect(isSilent(rest)).toBe(true);
  });

  test.each([
    ['a speech plays', { speaking: true }],
    ['one is queued or being generated', { pending: true }],
    ['the user speaks', { userSpeaking: true }],
    ['a turn of the user is open', { userTurn: true }],
  ])('S6.1 not while %s', (_, facts: Partial<FloorFacts>) => {
    expect(isSilent({ ...rest, ...facts })).toBe(false);
    expect(of({}, facts)).toBe('no');
  });

  test('S6.1 a user who is away is silent', () => {
    expect(isSilent({ ...rest, userSpeaking: true, userAway: true })).toBe(true);
    expect(of({}, { userSpeaking: true, userAway: true })).toBe('yes');
  });
});

describe('quiet', () => {
  test('S6.1 silence counts from quietMs on, and is waited for until then', () => {
    expect(of({}, { now: 1399 })).toEqual({ at: 1400 });
    expect(of({}, { now: 1400 })).toBe('yes');
    expect(of({}, { now: 1000, quietMs: 0 })).toBe('yes');
  });

  test('S6.1 not while a call of the current activity blocks', () => {
    expect(of({}, { blocking: 1 })).toBe('no');
  });

  test('S6.1 S8.2 not for anybody between two agents, or while it closes', () => {
    expect(of({}, { current: undefined })).toBe('no');
    expect(of({}, { closing: true })).toBe('no');
  });

  test('S6.1 for a paused owner, or one that is gone, it is not quiet', () => {
    expect(of({ owner: 'desk' })).toBe('yes');
    expect(of({ owner: 'desk' }, { current: subtask })).toBe('no');
    expect(of({ owner: 'gone' })).toBe('no');
    expect(of({ kind: 'lease', owner: 'desk' }, { current: subtask })).toBe('no');
    expect(of({ kind: 'handoff', owner: 'desk' }, { current: subtask })).toBe('no');
  });

  test('S3.1 what must not wait for quiet waits for the gap, or cuts; never the user', () => {
    expect(of({ level: 'gap' }, { speaking: true })).toBe('no');
    expect(of({ level: 'gap' }, { pending: true, silentSince: undefined })).toBe('yes');
    expect(of({ level: 'gap' }, { pending: true, goesOn: true, silentSince: undefined })).toBe('no');
    expect(of({ level: 'now' }, { speaking: true })).toBe('cut');
    expect(of({ level: 'now' }, { blocking: 1, silentSince: undefined })).toBe('yes');
    for (const level of ['gap', 'now'] as const) {
      expect(of({ level }, { userSpeaking: true })).toBe('no');
      expect(of({ level }, { userTurn: true })).toBe('no');
    }
  });

  test('S6.9 what is not to be served yet is waited for, whatever its level', () => {
    for (const level of ['quiet', 'gap', 'now'] as const) {
      expect(of({ level, notBefore: 2001 })).toEqual({ at: 2001 });
      expect(of({ level, notBefore: 2000 })).toBe('yes');
    }
  });
});

describe('the place of a delivery while an AgentTask runs', () => {
  const inTask = (wish: Partial<Wish>, facts: Partial<CurrentFacts> = {}) =>
    of(wish, { current: { ...subtask, ...facts } });

  test('S8.4 its own are told, those of the paused agent and of the session wait', () => {
    expect(inTask({ owner: 'ask' })).toBe('yes');
    expect(inTask({ owner: 'desk' })).toBe('no');
    expect(inTask({ owner: 'session' })).toBe('no');
  });

  test('S8.4 except what interrupts or is held too long, and the session’s where it tells them', () => {
    for (const level of ['gap', 'now'] as const) expect(inTask({ owner: 'desk', level })).toBe('yes');
    expect(inTask({ owner: 'session' }, { tellsDeliveries: true })).toBe('yes');
    expect(inTask({ owner: 'desk' }, { tellsDeliveries: true })).toBe('no');
  });
});

describe('leases', () => {
  const held = { leases: ['call_1'] };

  test('S6.4 a lease stops deliveries at every level, fillers, handoffs and other leases', () => {
    for (const level of ['quiet', 'gap', 'now'] as const) expect(of({ level }, held)).toBe('no');
    for (const kind of ['filler', 'handoff', 'lease', 'idle'] as const) expect(of({ kind }, held)).toBe('no');
  });

  test('S6.4 what its holder asks for passes, as long as nobody took the floor after it', () => {
    for (const kind of ['filler', 'lease', 'idle'] as const) {
      expect(of({ kind, lease: 'call_1' }, held)).toBe('yes');
      expect(of({ kind, lease: 'call_1' }, { leases: ['call_1', 'call_2'] })).toBe('no');
    }
  });

  test('S6.4 in an AgentTask run under it, its own deliveries and handoffs pass, all others wait', () => {
    const under = { ...held, current: { ...subtask, underLease: 'call_1', tellsDeliveries: true } };
    expect(of({ owner: 'ask' }, under)).toBe('yes');
    expect(of({ kind: 'handoff', owner: 'ask' }, under)).toBe('yes');
    expect(of({ owner: 'session' }, under)).toBe('no');
    expect(of({ owner: 'desk', level: 'now' }, under)).toBe('no');
    expect(of({ kind: 'idle', owner: 'ask' }, under)).toBe('no');
    expect(of({ owner: 'ask' }, { ...under, current: { ...subtask, underLease: 'call_2' } })).toBe('no');
  });
});

test('S6.1 S6.4 the user has the floor before a lease, a lease before the agent', () => {
  expect(holderOf(rest)).toBe('nobody');
  expect(holderOf({ ...rest, pending: true })).toBe('agent');
  expect(holderOf({ ...rest, speaking: true, leases: ['call_1'] })).toEqual({ callId: 'call_1' });
  expect(holderOf({ ...rest, userTurn: true, leases: ['call_1'] })).toBe('user');
});

describe('a call that the user himself waits for', () => {
  const kept: Partial<FloorFacts> = { userTurn: true, keptFor: ['speech_1'] };
  const asks = (facts: Partial<FloorFacts> = {}, wish: Partial<Wish> = {}) =>
    of({ kind: 'lease', blocks: 'speech_1', ...wish }, { ...kept, ...facts });

  test('S6.8 is served though his turn is open, without a pause', () => {
    expect(asks()).toBe('yes');
    expect(asks({ silentSince: undefined })).toBe('yes');
    expect(asks({ now: 1000 })).toBe('yes');
    expect(isWaitedFor({ ...delivery, blocks: 'speech_1' }, { ...rest, ...kept })).toBe(true);
  });

  test.each<[string, Partial<FloorFacts>]>([
    ['a speech plays', { speaking: true }],
    ['one is queued', { pending: true }],
    ['he speaks', { userSpeaking: true }],
    ['another call blocks', { blocking: 1 }],
    ['another speech is waited for', { keptFor: ['speech_2'] }],
    ['no speech is', { keptFor: [] }],
    ['there is none to wait for', { keptFor: undefined }],
    ['it closes', { closing: true }],
    ['nobody is current', { current: undefined }],
    ['a lease stops it', { leases: ['call_1'] }],
  ])('S6.8 not while %s', (_name, facts) => {
    expect(asks(facts)).toBe('no');
  });

  test('S6.8 a call that blocks no speech is none, also where no speech is waited for', () => {
    expect(asks({ keptFor: [] }, { blocks: undefined })).toBe('no');
    expect(isWaitedFor(delivery, { ...rest, keptFor: [] })).toBe(false);
  });
});

test('S6.1 where nobody knows since when it is silent, it is not quiet yet', () => {
  expect(of({}, { silentSince: undefined })).toBe('no');
  expect(of({ level: 'gap' }, { silentSince: undefined })).toBe('yes');
});

test('S3.8 what goes between two speeches lets the pause pass in silence, and only then', () => {
  for (const level of ['gap', 'now'] as const) {
    expect(of({ level }, { now: 1100 })).toEqual({ at: 1400 });
    expect(of({ level }, { now: 1100, pending: true })).toBe('yes');
  }
});

test('S8.4 a delivery is told here only where its owner is here, or below', () => {
  const over = { ...agent, activityId: 'next', paused: ['desk'] };
  expect(of({ owner: 'desk' }, { current: over })).toBe('yes');
  expect(of({ owner: 'desk' }, { current: { ...over, paused: [] } })).toBe('no');
  expect(of({ kind: 'filler', owner: 'gone' }, { current: over })).toBe('yes');
  expect(of({ kind: 'idle', owner: 'gone' }, { current: over })).toBe('yes');
  expect(of({ kind: 'lease', owner: 'session' }, { current: subtask })).toBe('yes');
});

test('S6.4 what is asked under a lease that is over is asked like anything else', () => {
  expect(of({ kind: 'filler', lease: 'call_1' })).toBe('yes');
});

test('S6.4 an AgentTask’s lease or filler is stopped by the lease it runs under', () => {
  const under = { leases: ['call_1'], current: { ...subtask, underLease: 'call_1' } };
  for (const kind of ['lease', 'filler', 'idle'] as const) expect(of({ kind, owner: 'ask' }, under)).toBe('no');
});
