/**
 * The travel agent whose bookings run on other machines: on workers, as workflows of Restate. Kill any part and start it
 * again, and the booking goes on. Three terminals:
 *
 *     npx @restatedev/restate-server@1.7.12
 *     npx meanwhile worker examples/travel-workers.ts
 *     npm run chat -- examples/travel-workers.ts --store calls.db
 */
import type { Tool } from 'meanwhile';
import { durable } from 'meanwhile/restate';
import { createBookFlight, createTravelAgent, note } from './travel-durable.ts';

export { note };

/** What a worker serves. */
export const bookFlight = durable(createBookFlight(), {
  ingress: process.env['RESTATE_INGRESS'] ?? 'http://127.0.0.1:8080',
});

export default () => createTravelAgent(bookFlight as Tool);
