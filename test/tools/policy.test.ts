import { describe, expect, test } from 'vitest';
import { checkPolicy, effectivePolicy, type ToolPolicy } from '../../src/tools/policy.ts';

const failure = (policy: object) => {
  try {
    checkPolicy('Tool "t"', policy);
  } catch (error) {
    return (error as Error).message;
  }
  return 'no error';
};

describe('wrong options fail, with the fact, the value and the remedy', () => {
  const ms = (name: string, got: string) =>
    `Tool "t": expected ${name} in milliseconds, 0 or more, got ${got}. Leave it out for none.`;
  const above = (name: string, got: string) =>
    `Tool "t": expected ${name} in milliseconds, more than 0, got ${got}. Leave it out for no limit.`;
  const concurrency = (got: string) =>
    `Tool "t": expected maxConcurrency to be { limit, whenFull?: 'queue' | 'reject' } with a whole limit of 1 or more, got ${got}.`;

  test.each<[object, string]>([
    [{ timeoutMs: -5 }, above('timeoutMs', '-5')],
    [{ timeoutMs: 0 }, above('timeoutMs', '0')],
    [{ noProgressTimeoutMs: NaN }, above('noProgressTimeoutMs', 'NaN')],
    [{ autoBackgroundMs: NaN }, ms('autoBackgroundMs', 'NaN')],
    [{ duplicateWindowMs: '5000' }, ms('duplicateWindowMs', '"5000"')],
    [{ maxHoldMs: -1 }, ms('maxHoldMs', '-1')],
    [{ expiresMs: -1 }, ms('expiresMs', '-1')],
    [
      { onDuplicate: 'ask' },
      'Tool "t": expected onDuplicate to be one of "join", "allow", "reject", "replace", "confirm", got "ask".',
    ],
    [{ duplicateKey: 'args' }, `Tool "t": expected duplicateKey to be 'arguments', 'name' or a function, got "args".`],
    [{ deliver: 'later' }, 'Tool "t": expected deliver to be one of "when_idle", "interrupt", "silent", got "later".'],
    [{ onInterrupt: 'cancel' }, 'Tool "t": expected onInterrupt to be one of "background", "abort", got "cancel".'],
    [{ onHandoff: 'stay' }, 'Tool "t": expected onHandoff to be one of "move", "cancel", "wait", got "stay".'],
    [
      { deliveryToolChoice: 'required' },
      'Tool "t": expected deliveryToolChoice to be one of "auto", "none", got "required".',
    ],
    [{ allowCancellation: 1 }, 'Tool "t": expected allowCancellation to be true or false, got 1.'],
    [{ asks: 'yes' }, 'Tool "t": expected asks to be true or false, got "yes".'],
    [{ needsApproval: 'yes' }, 'Tool "t": expected needsApproval to be true, false or a function, got "yes".'],
    [{ supersedeKey: 7 }, 'Tool "t": expected supersedeKey to be a string or a function, got 7.'],
    [{ maxConcurrency: 3 }, concurrency('3')],
    [{ maxConcurrency: null }, concurrency('null')],
    [{ maxConcurrency: { limit: 0 } }, concurrency('{"limit":0}')],
    [{ maxConcurrency: { limit: 1.5 } }, concurrency('{"limit":1.5}')],
    [{ maxConcurrency: { limit: 1, whenFull: 'wait' } }, concurrency('{"limit":1,"whenFull":"wait"}')],
    [{ maxConcurrency: { limit: 1, max: 2 } }, concurrency('{"limit":1,"max":2}')],
  ])('%o', (policy, message) => {
    expect(failure(policy)).toBe(message);
  });

  test('what is right, absent or undefined passes', () => {
    const right: ToolPolicy = {
      onDuplicate: 'confirm',
      duplicateKey: () => 'k',
      duplicateWindowMs: 0,
      allowCancellation: true,
      autoBackgroundMs: 0,
      timeoutMs: Infinity,
      noProgressTimeoutMs: 0.5,
      maxConcurrency: { limit: Infinity },
      needsApproval: () => true,
      asks: true,
      deliver: 'silent',
      maxHoldMs: 0,
      expiresMs: Infinity,
      supersedeKey: 'k',
      onInterrupt: 'abort',
      onHandoff: 'wait',
      deliveryToolChoice: 'none',
    };
    for (const policy of [right, {}, { timeoutMs: undefined, onDuplicate: undefined }])
      expect(failure(policy)).toBe('no error');
  });
});

describe('what is in force', () => {
  test('S4.1 a tool that says nothing has no duplicate mode, and the arguments as its key', () => {
    expect(effectivePolicy([{}])).toEqual({
      onDuplicate: undefined,
      duplicateKey: 'arguments',
      duplicateWindowMs: undefined,
      allowCancellation: false,
      autoBackgroundMs: undefined,
      timeoutMs: undefined,
      noProgressTimeoutMs: undefined,
      maxConcurrency: undefined,
      needsApproval: false,
      asks: false,
      deliver: 'when_idle',
      maxHoldMs: undefined,
      expiresMs: undefined,
      supersedeKey: undefined,
      onInterrupt: 'background',
      onHandoff: 'move',
      idempotent: false,
      whenSessionEnds: undefined,
      deliveryToolChoice: undefined,
    });
  });

  test('S8.1 comes option by option from the first layer that has it', () => {
    const tool: ToolPolicy = { timeoutMs: 1, onDuplicate: undefined as never };
    const inner: ToolPolicy = { timeoutMs: 2, onDuplicate: 'reject', allowCancellation: false };
    const outer: ToolPolicy = { timeoutMs: 3, onDuplicate: 'join', allowCancellation: true, maxHoldMs: 9 };
    expect(effectivePolicy([tool, inner, outer])).toMatchObject({
      timeoutMs: 1,
      onDuplicate: 'reject',
      allowCancellation: false,
      maxHoldMs: 9,
    });
  });

  test('S5.5 Infinity is none, also against a default', () => {
    const none = { timeoutMs: Infinity, expiresMs: Infinity, maxConcurrency: { limit: Infinity } };
    const set = { timeoutMs: 5, expiresMs: 5, maxConcurrency: { limit: 1 } };
    expect(effectivePolicy([none, set])).toMatchObject({
      timeoutMs: undefined,
      expiresMs: undefined,
      maxConcurrency: undefined,
    });
    expect(effectivePolicy([set])).toMatchObject({ maxConcurrency: { limit: 1, whenFull: 'queue' } });
  });
});
