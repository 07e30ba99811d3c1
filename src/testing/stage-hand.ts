/** Plays the steps of a script, one after the other, on the clock. */
import type { AgentSession, Clock } from '../index.ts';
import { wordingOfStep } from './check-script.ts';
import { wordingOfMoment } from './moments.ts';
import { wait, type ModelWeather } from './paced-model.ts';
import type { Script, Step } from './script.ts';
import { wordMs } from './simulated-voice.ts';
import type { Watch } from './watch.ts';

const userWordsPerMinute = 150;

export class StageHand {
  readonly #session: AgentSession;
  readonly #clock: Clock;
  readonly #watch: Watch;
  readonly #script: Script;
  readonly #weather: ModelWeather;
  readonly #startAt: number;
  /** When the step before began to do its part, in ms from the start. */
  #since = 0;
  /** What it waits for or does, as a sentence. */
  #busyWith = 'It has not begun.';
  #isClosed = false;

  constructor(session: AgentSession, clock: Clock, watch: Watch, script: Script, weather: ModelWeather) {
    this.#session = session;
    this.#clock = clock;
    this.#watch = watch;
    this.#script = script;
    this.#weather = weather;
    this.#startAt = clock.now();
  }

  get busyWith(): string {
    return this.#busyWith;
  }

  async play(): Promise<void> {
    for (const [index, step] of this.#script.steps.entries()) {
      const name = wordingOfStep(step, index);
      await this.#when(step, name);
      this.#since = this.#now();
      this.#busyWith = `${name} is not over.`;
      await this.#act(step);
    }
  }

  /** Until nothing is left to be told, and no tool runs that could still tell something without the user. */
  async rest(): Promise<void> {
    while (!this.#isClosed) {
      const next = this.#watch.next;
      await this.#session.waitForIdle();
      if (this.#session.tasks.list().every((task) => task.state !== 'working')) return;
      await next;
    }
  }

  async #when(step: Step, name: string): Promise<void> {
    if (step.at !== undefined) {
      if (step.at < this.#now()) {
        const late = `${name} is to happen at ${String(step.at)} ms, but the step before was over at ${String(this.#now())} ms`;
        throw new TypeError(`simulate: ${late}. Give it a later time, or on: 'at once'.`);
      }
      this.#busyWith = `${name} waits for its time, ${String(step.at)} ms.`;
      return await wait(this.#clock, step.at - this.#now(), undefined);
    }
    const { on = 'idle', afterMs = 0 } = step;
    if (on === 'idle') {
      this.#busyWith = `${name} waits until the conversation is idle.`;
      await this.#session.waitForIdle();
    } else if (on !== 'at once') {
      this.#busyWith = `${name} waits until ${wordingOfMoment(on)}.`;
      await this.#watch.until(on, this.#since);
    }
    await wait(this.#clock, afterMs, undefined);
  }

  async #act(step: Step): Promise<void> {
    if (step.userSays !== undefined) return await this.#says(step);
    if (step.userNoiseMs !== undefined) return await this.#sounds('', step.userNoiseMs, step.interrupts ?? true);
    if (step.userTypes !== undefined) return this.#sends(step.userTypes);
    if (step.userStops) return this.#interrupts();
    if (step.modelFailsForMs !== undefined) {
      this.#weather.failsUntil = this.#clock.now() + step.modelFailsForMs;
      return;
    }
    if (step.userHangsUp) {
      this.#isClosed = true;
      return await this.#session.close({ reason: 'the user hung up' });
    }
    await step.does?.(this.#session);
  }

  async #says({ userSays, forMs, interrupts = true }: Extract<Step, { userSays: string }>): Promise<void> {
    const { wordsPerMinute = userWordsPerMinute, transcriptMs = 0 } = this.#script.user ?? {};
    const words = userSays.split(/\s+/).filter((word) => word !== '');
    const takesMs = forMs ?? words.reduce((sum, word) => sum + wordMs(word, { wordsPerMinute }), 0);
    await this.#sounds(userSays, takesMs, interrupts);
    await wait(this.#clock, transcriptMs, undefined);
    this.#sends(userSays);
  }

  async #sounds(words: string, forMs: number, interrupts: boolean): Promise<void> {
    this.#watch.note({ type: 'user_words', at: this.#clock.now(), text: words });
    this.#session.userStartedSpeaking();
    const noticedMs = Math.min(forMs, this.#script.user?.interruptsAfterMs ?? 0);
    await wait(this.#clock, noticedMs, undefined);
    if (interrupts && noticedMs < forMs) this.#interrupts();
    await wait(this.#clock, forMs - noticedMs, undefined);
    this.#session.userStoppedSpeaking();
  }

  #sends(words: string): void {
    // The session may be closed by then: what the user said to nobody is in the timeline all the same.
    this.#session.sendMessage(words).catch(() => undefined);
  }

  #interrupts(): void {
    // A speech that may not be interrupted goes on.
    this.#session.interrupt().catch(() => undefined);
  }

  #now(): number {
    return this.#clock.now() - this.#startAt;
  }
}
