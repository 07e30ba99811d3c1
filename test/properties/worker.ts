/** One process of `run.ts`: draws a batch of sessions when it is told to. */
import { report } from './replay.ts';
import { search, small } from './search.ts';

export interface Order {
  readonly seed: number;
  readonly runs: number;
  /** Real time. Default: none. */
  readonly limitMs?: number;
  /** Compares fold and state after every few records, and sends more prompts to the wire. */
  readonly thorough: boolean;
}

export interface Told {
  readonly ran: number;
  /** Something was found: what is to be printed. */
  readonly report?: string;
}

/** Real time for making what was found smaller. */
const smallerMs = 30_000;

async function obey({ thorough, ...order }: Order): Promise<Told> {
  const depth = thorough ? { foldEvery: 3, wireEvery: 25 } : { foldEvery: 40, wireEvery: 500 };
  const { ran, found } = await search({ ...order, ...depth });
  return found ? { ran, report: await report(await small(found, smallerMs)) } : { ran };
}

process.on('message', (order: Order) => {
  void obey(order).then((told) => process.send?.(told));
});
