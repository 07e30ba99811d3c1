import { expect, test } from 'vitest';
import { restateStore, type RestateStoreOptions } from '../../src/restate/store.ts';

test.each([undefined, '', '127.0.0.1:8080', 'ftp://there', [], ['http://127.0.0.1:8080', 'there']])(
  'an ingress that is no address is refused: %j',
  (ingress) => {
    const make = (): unknown => restateStore({ ingress } as RestateStoreOptions);
    expect(make).toThrow('restateStore: expected ingress to be an address like http://127.0.0.1:8080');
  },
);
