/** While the user types, the floor is his (S3.8): until the line is empty or sent, or he pauses for a while. */
import type { AgentSession, Clock, TimerHandle } from '../../index.ts';

/** So long after the last key he counts as typing. */
const pauseMs = 3000;

export class Typing {
  readonly #session: AgentSession;
  readonly #clock: Clock;
  #timer: TimerHandle | undefined;

  constructor(session: AgentSession, clock: Clock) {
    this.#session = session;
    this.#clock = clock;
  }

  /** The line is now this. A command is not for the agent. */
  typed(line: string): void {
    if (line.trim() === '' || line.startsWith('/')) return this.stop();
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => this.stop(), pauseMs);
    this.#session.userStartedSpeaking();
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#session.userStoppedSpeaking();
  }
}
