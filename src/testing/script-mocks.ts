/** The mocks of a script: each is in force from when an agent that has the tool, or the session, is there. */
import { MeanwhileError, overrideTools, type AgentSession, type Clock, type ToolBodies } from '../index.ts';
import { toBody, type ToolScript } from './tool-script.ts';

export class Mocks {
  readonly #session: AgentSession;
  readonly #waiting: Map<string, ToolBodies[string]>;

  constructor(session: AgentSession, scripts: Readonly<Record<string, ToolScript>>, clock: Clock) {
    this.#session = session;
    this.#waiting = new Map(Object.entries(scripts).map(([name, script]) => [name, toBody(script, clock)]));
  }

  /** Puts in force those whose tools there are by now. */
  apply(): void {
    for (const [name, body] of this.#waiting) {
      try {
        overrideTools(this.#session, { [name]: body });
        this.#waiting.delete(name);
      } catch (error) {
        if (!(error instanceof MeanwhileError && error.code === 'invalid_option')) throw error;
      }
    }
  }

  /** Throws MeanwhileError `invalid_option` for those that never were a tool. */
  check(): void {
    const [name] = this.#waiting.keys();
    if (name === undefined) return;
    throw new MeanwhileError(
      'invalid_option',
      `simulate: tools has "${name}", which was no tool of the session or of an agent that took part.`,
    );
  }
}
