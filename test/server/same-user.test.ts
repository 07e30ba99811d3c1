import { describe, expect, test } from 'vitest';
import { isSameData } from '../../src/server/same-user.ts';

class Account {
  readonly #id: number;
  constructor(id: number) {
    this.#id = id;
  }
  get id(): number {
    return this.#id;
  }
}

const eve = new Account(2);

function endless(): unknown[] {
  const list: unknown[] = [];
  list.push(list);
  return list;
}

describe('the same', () => {
  test.each<[string, unknown, unknown]>([
    ['nobody', undefined, undefined],
    ['a text', 'ada', 'ada'],
    ['plain data', { id: 1n, roles: ['a', 'b'], none: NaN }, { none: NaN, id: 1n, roles: ['a', 'b'] }],
    ['the same object of a class', eve, eve],
    ['plain data with it', { account: eve }, { account: eve }],
  ])('%s', (_name, one, other) => {
    expect(isSameData(one, other)).toBe(true);
  });
});

describe('another', () => {
  test.each<[string, unknown, unknown]>([
    ['one that hides who it is', new Account(1), eve],
    ['plain data with one', { account: new Account(1) }, { account: new Account(1) }],
    ['one of a class and one that looks like it', Object.assign(new Account(1), { name: 'a' }), { name: 'a' }],
    ['two maps', new Map([['id', 1]]), new Map([['id', 2]])],
    ['two dates', new Date(1), new Date(2)],
    ['two functions', () => 1, () => 2],
    ['one that has less', { id: 1 }, { id: 1, admin: true }],
    ['one that has another field of the same worth', { id: undefined }, { name: undefined }],
    ['a list and an object', [], {}],
    ['one whose symbol differs', { [Symbol.for('id')]: 1 }, { [Symbol.for('id')]: 2 }],
    [
      'one that answers what it likes',
      {
        get id() {
          return 1;
        },
      },
      {
        get id() {
          return 1;
        },
      },
    ],
    ['one that holds itself', endless(), endless()],
    ['nobody and a prototype', undefined, Object.prototype],
  ])('%s', (_name, one, other) => {
    expect(isSameData(one, other)).toBe(false);
  });
});
