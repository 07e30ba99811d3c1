/** An airline's slow computers, simulated. All time goes through the clock, so that a test can play it at once. */
import type { Clock } from 'meanwhile';
import { sleep } from './sleep.ts';

export interface Flight {
  readonly airline: string;
  readonly departs: string;
  readonly priceEur: number;
}

export interface Airline {
  /** Takes five seconds. */
  search(origin: string, destination: string, signal: AbortSignal): Promise<Flight[]>;
  /** Takes four seconds. */
  reserve(flight: Flight, signal: AbortSignal): Promise<void>;
  /** Takes three seconds. With an `idempotencyKey` that was used before it buys nothing and gives the same code. */
  buy(flight: Flight, signal: AbortSignal, idempotencyKey?: string): Promise<string>;
}

export function createAirline(clock: Clock): Airline {
  let sold = 0;
  const codes = new Map<string, string>();
  return {
    async search(_origin, _destination, signal) {
      await sleep(5000, { clock, signal });
      return [
        { airline: 'ANA', departs: '9:05', priceEur: 820 },
        { airline: 'Air France', departs: '13:30', priceEur: 640 },
        { airline: 'JAL', departs: '19:50', priceEur: 760 },
      ];
    },
    async reserve(_flight, signal) {
      await sleep(4000, { clock, signal });
    },
    async buy({ airline }, signal, idempotencyKey = '') {
      await sleep(3000, { clock, signal });
      const before = codes.get(idempotencyKey);
      if (before !== undefined) return before;
      sold += 1;
      const code = `${airline.slice(0, 2).toUpperCase()}-${4700 + sold}`;
      if (idempotencyKey !== '') codes.set(idempotencyKey, code);
      return code;
    },
  };
}
