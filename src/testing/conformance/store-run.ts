/** The cases for stores against one store, as a list for a test runner. */
import { unmetStoreNeed, type PlannedStoreCase, type StoreUnderTest } from './store-case.ts';
import { storeCases } from './store-cases.ts';

/**
 * ```ts
 * for (const each of planStoreConformance({ open: async () => sqlite('test.db', { clock }), pass })) {
 *   test(each.title, { skip: each.skip !== undefined }, each.run);
 * }
 * ```
 */
export function planStoreConformance(store: StoreUnderTest): PlannedStoreCase[] {
  return storeCases.map((each) => {
    const unmet = unmetStoreNeed(each.needs, store);
    const reason = unmet && `the test has no way to: ${unmet}`;
    const title = `${each.id}: ${each.behaviour}`;
    return {
      id: each.id,
      title: reason === undefined ? title : `${title} (skipped: ${reason})`,
      skip: reason,
      run: () => each.run(store),
    };
  });
}
