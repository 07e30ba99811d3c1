/** A process that serves the booking: `worker.ts PORT DEEDS`. It tells its parent its port when it listens; port 0: any that is free. */
import { durable } from '../../src/restate/index.ts';
import { durableServices, serveServices } from '../../src/restate/worker.ts';
import { bookingTool } from './booking.ts';

const [port = '0', deeds = ''] = process.argv.slice(2);
// Where it is called from is the session's business.
const tool = durable(bookingTool(deeds), { ingress: 'http://127.0.0.1:1' });
const endpoint = await serveServices({ services: durableServices([tool]), port: Number(port), log: () => undefined });
process.send?.(endpoint.port);
