/** The store's half that runs in Restate: bind these to an endpoint, or let `meanwhile worker` serve them. */
import type { VirtualObjectDefinition } from '@restatedev/restate-sdk';
import { systemClock, type Clock } from '../index.ts';
import { indexObject, userObject } from './store-directory.ts';
import { sessionObject } from './store-session.ts';

export interface RestateStoreServicesOptions {
  /**
   * What leases and idle sessions are counted by. Default: the system's. The machines that serve the store must agree on
   * the time to within a fifth of `leaseMs`.
   */
  readonly clock?: Clock;
}

export function restateStoreServices(
  options: RestateStoreServicesOptions = {},
): readonly VirtualObjectDefinition<string, unknown>[] {
  const { clock = systemClock } = options;
  return [sessionObject(clock), userObject(clock), indexObject()];
}
