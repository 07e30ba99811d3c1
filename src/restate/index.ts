export { durable, type DurableOptions } from './durable.ts';
export type { IngressOptions } from './ingress.ts';
