/**
 * What it costs that a session survives, after `npm ci --prefix restate`. Server, workers and what is measured share the
 * machine.
 *
 *     npm run bench:durable                     all
 *     npm run bench:durable -- --only stores    or dispatch; of the other the last figures stay
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureDispatch, type DispatchFigures } from '../../restate/bench/dispatch.ts';
import { readMachine } from '../machine.ts';
import { measureStores, toTable, type StoreFigures } from './stores.ts';

interface Figures {
  readonly stores?: readonly StoreFigures[];
  readonly dispatch?: DispatchFigures;
}

const { only } = parseArgs({ options: { only: { type: 'string' } } }).values;
if (only !== undefined && only !== 'stores' && only !== 'dispatch')
  throw new Error(`--only: there is no "${only}". Known: stores, dispatch.`);

const folder = join(import.meta.dirname, '../results');
const file = join(folder, 'durable.json');
const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Figures) : {};
const figures: Figures = {
  ...before,
  ...(only !== 'dispatch' && { stores: await measureStores((text) => process.stderr.write(`${text}\n`)) }),
  ...(only !== 'stores' && { dispatch: await measureDispatch() }),
};
mkdirSync(folder, { recursive: true });
const report = { ...figures, machine: readMachine(), date: new Date().toISOString() };
writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`);
if (figures.stores) console.log(toTable(figures.stores));
if (figures.dispatch) console.log(inWords(figures.dispatch));

function inWords({ firstUpdateMs: { p50, p99 }, bookingsPerSecond }: DispatchFigures): string {
  const bookings = bookingsPerSecond.map((each) => `${each.bookings.toFixed(0)} with ${String(each.workers)}`);
  return [
    `Call to first update, ms: p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}`,
    `Bookings per second, by workers: ${bookings.join(', ')}`,
  ].join('\n');
}
