/** The bounds of a body and the places of a tool (S5.5): pure, but for the virtual clock. */
import { createVirtualClock } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import { Limit, Places } from '../../src/engine/limits.ts';

function limit(limitMs: number) {
  const clock = createVirtualClock();
  const passed: number[] = [];
  const begin = clock.now();
  return { clock, passed, limit: new Limit(clock, limitMs, () => passed.push(clock.now() - begin)) };
}

describe('a limit', () => {
  test('S5.5 counts from go, and passes once', async () => {
    const t = limit(100);
    await t.clock.advance(1000);
    expect(t.passed).toEqual([]);
    t.limit.go();
    t.limit.go();
    await t.clock.advance(1000);
    expect(t.passed).toEqual([1100]);
    t.limit.restart();
    t.limit.hold();
    t.limit.go();
    expect(t.clock.pending()).toEqual([]);
  });

  test('S5.5 does not count while it is held', async () => {
    const t = limit(100);
    t.limit.go();
    await t.clock.advance(60);
    t.limit.hold();
    expect(t.clock.pending()).toEqual([]);
    await t.clock.advance(10_000);
    t.limit.hold();
    t.limit.go();
    expect(t.clock.pending()).toMatchObject([{ inMs: 40 }]);
    await t.clock.advance(40);
    expect(t.passed).toEqual([10_100]);
  });

  test('S5.5 starts over, also while it is held', async () => {
    const t = limit(100);
    t.limit.go();
    await t.clock.advance(60);
    t.limit.restart();
    expect(t.clock.pending()).toMatchObject([{ inMs: 100 }]);
    await t.clock.advance(60);
    t.limit.hold();
    t.limit.restart();
    expect(t.clock.pending()).toEqual([]);
    t.limit.go();
    expect(t.clock.pending()).toMatchObject([{ inMs: 100 }]);
  });

  test('S5.5 is over when it is off', async () => {
    const t = limit(100);
    t.limit.go();
    t.limit.off();
    t.limit.go();
    t.limit.restart();
    expect(t.clock.pending()).toEqual([]);
    await t.clock.advance(200);
    expect(t.passed).toEqual([]);
  });
});

describe('places', () => {
  /** Calls that start are written down; `leave` gives their places back. */
  function places(limitOf = 2) {
    const all = new Places();
    const started: string[] = [];
    const enter = (callId: string): (() => void) | undefined => {
      if (all.take('book', callId, limitOf)) started.push(callId);
      else return all.wait('book', callId, () => started.push(callId));
      return undefined;
    };
    return { all, started, enter, leave: (callId: string) => all.leave('book', callId) };
  }

  test('S5.5 there are as many as the limit says, by tool', () => {
    const { all, enter, started } = places();
    for (const callId of ['a', 'b', 'c']) enter(callId);
    expect(started).toEqual(['a', 'b']);
    expect([all.isFull('book', 2), all.isFull('search', 2)]).toEqual([true, false]);
    expect([all.holds('book', 'a'), all.holds('book', 'c')]).toEqual([true, false]);
  });

  test('S5.5 of a tool that never ran nobody has a place, and nobody leaves one', () => {
    const { all, enter, leave, started } = places();
    all.leave('search', 'a');
    expect(all.holds('search', 'a')).toBe(false);
    enter('a');
    enter('b');
    leave('a');
    expect([all.holds('book', 'a'), all.holds('book', 'b'), all.isFull('book', 1)]).toEqual([false, true, true]);
    leave('b');
    enter('c');
    expect(started).toEqual(['a', 'b', 'c']);
  });

  test('S5.5 who waits is served in the order of the calls', () => {
    const { enter, started, leave } = places(1);
    for (const callId of ['a', 'b', 'c']) enter(callId);
    leave('a');
    expect(started).toEqual(['a', 'b']);
    leave('b');
    leave('c');
    expect(started).toEqual(['a', 'b', 'c']);
  });

  test('S5.5 who leaves the queue is not served; leaving twice gives back one place', () => {
    const { enter, started, leave, all } = places(1);
    enter('a');
    const leaveQueue = enter('b');
    enter('c');
    leaveQueue?.();
    leaveQueue?.();
    leave('a');
    leave('a');
    expect(started).toEqual(['a', 'c']);
    expect(all.isFull('book', 1)).toBe(true);
  });

  test('S4.3 a place is inherited from what is replaced, past those who wait', () => {
    const { enter, started, leave, all } = places(1);
    enter('a');
    enter('b');
    expect(all.inherit('book', ['x', 'a'], 'heir')).toBe(true);
    expect(all.inherit('book', ['a'], 'nobody')).toBe(false);
    expect(all.inherit('search', ['a'], 'nobody')).toBe(false);
    leave('a');
    expect(started).toEqual(['a']);
    leave('heir');
    expect(started).toEqual(['a', 'b']);
  });
});
