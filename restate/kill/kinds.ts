/** What may be killed, and how one such booking is played. */
import { killSession } from './kill-session.ts';

export interface Kill {
  /** Did it fall into the booking? One that came after its end counts for nothing. */
  readonly hit: boolean;
  readonly faults: readonly string[];
  readonly stepsRepeated: number;
  readonly toldAgain: number;
}

/** Set up once for all kills of a kind. */
export interface Ground extends AsyncDisposable {
  kill(random: () => number): Promise<Kill>;
}

export const kinds: Readonly<Record<string, () => Promise<Ground>>> = {
  session: () =>
    Promise.resolve({
      kill: (random) => killSession(random),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
};
