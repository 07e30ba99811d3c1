import { describe, expect, test } from 'vitest';
import { asHandoff, findAgent, handoff, isAgentRef, isHandoff } from '../../src/tools/handoff.ts';

class FakeAgent {
  readonly kind = 'agent';
  readonly name: string;
  constructor(name = 'billing') {
    this.name = name;
  }
}

const agent = new FakeAgent();

describe('S8.5 handing over', () => {
  test('S8.5 handoff(agent, { returns }) and handoff({ agent, returns }) are the same', () => {
    expect(handoff(agent, { returns: 'Bye.' })).toEqual(handoff({ agent, returns: 'Bye.' }));
    expect(handoff(agent)).toEqual(handoff({ agent }));
    expect(handoff(agent)).not.toHaveProperty('returns');
    expect(handoff({ agent, returns: { a: 1 } })).toMatchObject({ agent, returns: { a: 1 } });
  });

  test('S8.5 a bare agent is a handoff without returns', () => {
    expect(asHandoff(agent)).toEqual(handoff(agent));
    const made = handoff(agent, { returns: 1 });
    expect(asHandoff(made)).toBe(made);
    expect([asHandoff(undefined), asHandoff('agent'), asHandoff([agent]), asHandoff({ agent })]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('S8.5 without an agent it throws', () => {
    for (const wrong of [undefined, null, {}, { agent: 'billing' }, 'billing', { kind: 'agent' }]) {
      expect(() => handoff(wrong as never), JSON.stringify(wrong)).toThrow('handoff: expected an Agent');
    }
  });

  test('S8.5 only what handoff() made is a handoff', () => {
    expect([isHandoff(handoff(agent)), isHandoff({ agent, returns: 1 }), isHandoff(null)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('S8.5 an agent inside another value is found', () => {
  test('S8.5 at any depth, in whatever holds it', () => {
    const holders = [
      [agent, 'text'],
      { a: { b: [0, { c: agent }] } },
      new Map([['a', agent]]),
      new Map([[agent, 'a']]),
      { deep: new Set([[agent]]) },
      handoff(new FakeAgent('first'), { returns: agent }),
      { handoff: handoff(agent) },
    ];
    expect(holders.map((it) => findAgent(it)?.name)).toEqual(
      [1, 2, 3, 4, 5].map(() => 'billing').concat('first', 'billing'),
    );
    expect(findAgent(agent)).toBe(agent);
  });

  test('S8.5 the first of several', () => {
    expect(findAgent([{ a: new FakeAgent('one') }, new FakeAgent('two')])?.name).toBe('one');
  });

  test('S8.5 a value without one has none, whatever it is', () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = [cycle];
    const failing = {
      get a() {
        throw new Error('no');
      },
    };
    for (const value of [cycle, failing, undefined, null, 'agent', 7, () => agent, new Uint8Array(9)]) {
      expect(findAgent(value)).toBeUndefined();
    }
  });

  test('S8.5 a row of data that looks like an agent is data', () => {
    const row = { kind: 'agent', name: 'Smith' };
    expect([isAgentRef(row), asHandoff(row), findAgent([row])]).toEqual([false, undefined, undefined]);
    expect(isAgentRef(agent)).toBe(true);
  });
});
