/**
 * When a session's state is kept beside its records, so that a restore folds few of them. Writing one holds up the process
 * (3 ms for 10,000 records), so it is done while nobody speaks, and the next when there are twice as many; and when the
 * session is handed over, or was restored from far behind.
 */
import { stateToText } from '../chat/snapshot.ts';
import type { SessionState } from '../chat/state.ts';
import type { Snapshot } from '../chat/store.ts';

/** Fewer are folded as fast. */
const first = 10_000;
/** At a handover nobody is held up. */
const worthwhile = 1000;

export interface SnapshotPorts {
  readonly state: () => SessionState;
  /** Does anybody speak? */
  readonly isSilent: () => boolean;
  /** Keeps it if the store has all that it holds. A failure costs nothing: records are the truth. */
  readonly save: (snapshot: Snapshot) => Promise<void>;
}

export class Snapshots {
  readonly #ports: SnapshotPorts;
  /** The last record of the newest one. */
  #last = 0;
  #next = first;

  constructor(ports: SnapshotPorts) {
    this.#ports = ports;
  }

  /** Of a session that was restored: the one it was restored from. */
  begin(from: number): void {
    this.#last = from;
    this.#next = Math.max(first, from * 2);
  }

  /** The store has taken all that there is. */
  look(): void {
    if (this.#ports.state().seq >= this.#next && this.#ports.isSilent()) void this.#save();
  }

  /** It goes on elsewhere. */
  async beforeHandover(): Promise<void> {
    if (this.#ports.state().seq - this.#last >= worthwhile) await this.#save();
  }

  #save(): Promise<void> {
    const state = this.#ports.state();
    this.begin(state.seq);
    return this.#ports.save({ seq: state.seq, data: stateToText(state) });
  }
}
