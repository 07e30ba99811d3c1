export { durable, type DurableOptions } from './durable.ts';
export { restateStore, type RestateStoreOptions } from './store.ts';
