/** Where sound goes. A loudspeaker, a page, a telephone line: each is one object of this shape. */
import type { AudioFrame } from './frames.ts';

export interface AudioOutput {
  /** Samples a second that it wants. */
  readonly rate: number;
  /** Plays it behind what was written before. Called ahead of time, a few hundred ms at most. */
  write(frame: AudioFrame): void;
  /** Stops at once and forgets what was not played: how many ms of what was written since the last `clear` really were. */
  clear(): number | Promise<number>;
  /** Resolves when all that was written has been played, or was cleared. */
  drain(): void | Promise<void>;
}
