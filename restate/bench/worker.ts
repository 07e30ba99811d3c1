/** A worker of the measured booking: `worker.ts PORT`. Several of them share the port, connection by connection. */
import { durable } from '../../src/restate/index.ts';
import { durableServices, serveServices } from '../../src/restate/worker.ts';
import { bookingTool } from './booking.ts';

const tool = durable(bookingTool, { ingress: 'http://127.0.0.1:1' });
const { port } = await serveServices({
  services: durableServices([tool]),
  port: Number(process.argv[2] ?? 0),
  log: () => undefined,
});
process.send?.(port);
