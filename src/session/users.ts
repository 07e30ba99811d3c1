/**
 * The user: what he says, and whether he is speaking or away (S1.8, S6.1, S6.7).
 *
 * Input is taken one after another: it waits for an agent to be current, waits for a speech that may not be
 * interrupted, interrupts what may be, and enters the context behind what was said until then (S2.3). While the hook
 * that looks at an input itself waits (for an AgentTask, say), the next one is taken (S6.8).
 */
import type { TimerHandle } from '../clock.ts';
import { describeError, StopResponse } from '../errors.ts';
import { messageText, type Message, type MessagePart } from '../chat/items.ts';
import type { Activity } from './activity.ts';
import { runAs, whoRuns } from './ambient.ts';
import type { Core } from './core.ts';
import type { UserState } from './events.ts';
import type { SpeechHandle } from './speech-handle.ts';
import { UserTurn } from './user-turn.ts';

export type UserContent = string | readonly MessagePart[];

interface Input {
  readonly content: UserContent;
  readonly answered: (speech: SpeechHandle | undefined) => void;
}

export class Users {
  readonly #core: Core;
  readonly #inputs: Input[] = [];
  #turns: readonly UserTurn[] = [];
  #speaking = false;
  #away = false;
  #taking = false;
  #isKept = false;
  #awayTimer: TimerHandle | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  get isSpeaking(): boolean {
    return this.#speaking;
  }

  get isAway(): boolean {
    return this.#away;
  }

  /** Said, and not yet being answered. */
  get turnIsOpen(): boolean {
    return this.#inputs.length > 0 || this.#openTurn !== undefined;
  }

  /** For each turn of his that is about to be answered, what settles when it is, or when its hook waits itself. */
  get answering(): Promise<void>[] {
    return this.#turns.filter((turn) => turn.isOpen).map((turn) => turn.whenFree);
  }

  /** The speeches that may not be interrupted, and whose end his words wait for: one that a call of another began, too. */
  get keptFor(): readonly string[] {
    const { current } = this.#core.stage;
    return this.#isKept && current ? this.#fixed(current).map((speech) => speech.id) : [];
  }

  get state(): UserState {
    return this.#away ? 'away' : this.#speaking ? 'speaking' : 'listening';
  }

  startedSpeaking(): void {
    if (this.#speaking) return;
    this.#change(() => {
      this.#speaking = true;
      this.#away = false;
    });
    this.#core.speaking.holdBack();
  }

  stoppedSpeaking(): void {
    if (!this.#speaking) return;
    this.#change(() => {
      this.#speaking = false;
    });
  }

  /** Resolves with the speech that answers it; undefined when none does. */
  async say(content: UserContent): Promise<SpeechHandle | undefined> {
    const { promise, resolve } = Promise.withResolvers<SpeechHandle | undefined>();
    const running = whoRuns();
    running?.letGo?.('change');
    const goOn = running?.waits?.();
    this.#inputs.push({ content, answered: resolve });
    this.#change(() => {
      this.#away = false;
    });
    this.#cutLeaving();
    if (!this.#taking) void this.#take();
    return await promise.finally(goOn);
  }

  /** The input waits for the agent that comes; what the one that leaves still says is cut like any other (S3.8). */
  #cutLeaving(): void {
    const { stage } = this.#core;
    const top = stage.stack.at(-1);
    if (!top || stage.current || stage.isClosing) return;
    for (const speech of [...top.speeches]) if (speech.allowInterruptions) speech.cut('user');
  }

  /** Silence, the agent, or the running tools have changed: the time until the user counts as away starts in full (S6.7). */
  look(): void {
    const { clock, options, log, floor, stage } = this.#core;
    const mayLeave = !this.#away && floor.silentSince !== undefined && stage.current !== undefined;
    const counts = mayLeave && !stage.isClosing && log.state.tasks.running.size === 0;
    if (counts && this.#awayTimer) return;
    clock.clearTimeout(this.#awayTimer);
    this.#awayTimer = undefined;
    if (!counts || options.userAwayMs === undefined) return;
    this.#awayTimer = clock.setTimeout(() => {
      this.#awayTimer = undefined;
      this.#change(() => {
        this.#away = true;
      });
    }, options.userAwayMs);
  }

  close(): void {
    this.#core.clock.clearTimeout(this.#awayTimer);
    this.#awayTimer = undefined;
    for (const input of this.#inputs.splice(0)) input.answered(undefined);
  }

  async #take(): Promise<void> {
    const { stage, floor } = this.#core;
    this.#taking = true;
    while (this.#inputs.length > 0 && !stage.isClosing) {
      const open = this.#openTurn;
      if (open) {
        await open.whenFree;
        continue;
      }
      const activity = await stage.whenCurrent();
      if (!activity) break;
      const [fixed] = this.#fixed(activity);
      if (fixed) {
        this.#isKept = true;
        floor.changed();
        // An AgentTask that its tool runs hears him instead.
        await Promise.race([fixed.done, stage.whenChanged()]);
        this.#isKept = false;
        continue;
      }
      const cut = this.#inTheWay(activity);
      for (const speech of cut) speech.cut('user');
      await Promise.all(cut.map((speech) => speech.done));
      if (stage.current !== activity || activity.phase !== 'here' || this.#inTheWay(activity).length > 0) continue;
      void this.#answer(activity, this.#inputs.splice(0));
    }
    this.#taking = false;
    floor.changed();
  }

  get #openTurn(): UserTurn | undefined {
    return this.#turns.find((turn) => turn.isOpen);
  }

  #fixed(activity: Activity): SpeechHandle[] {
    return this.#inTheWay(activity).filter((speech) => !speech.allowInterruptions);
  }

  /** What plays, and the turns of this agent. A paused activity's turn is not interrupted (S5.6). */
  #inTheWay(activity: Activity): SpeechHandle[] {
    const { holder } = this.#core.mouth;
    const speeches = new Set(activity.speeches);
    if (holder) speeches.add(holder);
    return [...speeches];
  }

  async #answer(activity: Activity, inputs: readonly Input[]): Promise<void> {
    const { stage, speaking, log, hooks } = this.#core;
    const turn = new UserTurn(hooks.begin());
    this.#turns = [...this.#turns, turn];
    let speech: SpeechHandle | undefined;
    let place: Activity | undefined = activity;
    try {
      const wanted: boolean[] = [];
      for (const input of inputs) {
        const parts = toParts(input.content);
        const verdict = place ? await this.#ask(place, parts, turn) : { parts, reply: false };
        // The hook may have handed the conversation over: then the next agent answers.
        if (place?.phase !== 'here') place = await stage.whenCurrent();
        if (stage.isClosed) return;
        const message = this.#message(verdict.parts);
        log.commit({ type: 'message_added', ...(place ? { activityId: place.id } : {}), message });
        wanted.push(verdict.reply);
      }
      if (place && wanted.includes(true)) speech = speaking.reply(place, {});
    } finally {
      this.#turns = this.#turns.filter((other) => other !== turn);
      turn.end();
      for (const input of inputs) input.answered(speech);
    }
  }

  #message(parts: readonly MessagePart[]): Message {
    return { kind: 'message', id: this.#core.newId('item'), role: 'user', parts, at: this.#core.clock.now() };
  }

  /** The agent's hook. One that throws is an event, and the user is answered all the same. */
  async #ask(
    activity: Activity,
    parts: readonly MessagePart[],
    turn: UserTurn,
  ): Promise<{ parts: readonly MessagePart[]; reply: boolean }> {
    const { agent } = activity;
    const text = messageText({ ...this.#message(parts) });
    try {
      const context = this.#core.session.contextOf(agent);
      const running = { session: this.#core.session, activityId: activity.id, waits: () => turn.waits() };
      const changed = await runAs(running, async () => await agent.onUserTurnCompleted(context, { text, parts }));
      return { parts: typeof changed === 'string' ? toParts(changed) : parts, reply: true };
    } catch (error) {
      if (error instanceof StopResponse) return { parts, reply: false };
      this.#core.logger.error(`onUserTurnCompleted of ${agent.name} threw: ${describeError(error)}`);
      this.#core.events.emit('error', { source: 'hook', error });
      return { parts, reply: true };
    }
  }

  #change(set: () => void): void {
    const was = this.state;
    set();
    if (this.state !== was) this.#core.events.emit('user_state_changed', { state: this.state, was });
    this.#core.floor.changed();
  }
}

function toParts(content: UserContent): readonly MessagePart[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content.map((part) => structuredClone(part));
}
