/** Starting speeches: replies of the model, words of the application, fillers. What they then do is `turn.ts` and `say.ts`. */
import { MeanwhileError, SessionClosedError } from '../errors.ts';
import type { SayOptions } from '../tools/faces.ts';
import type { Activity } from './activity.ts';
import { requireLiveBody, runAsNobody, whoRuns } from './ambient.ts';
import type { Core } from './core.ts';
import type { AgentState } from './events.ts';
import { isActive } from './facts.ts';
import { runSay, type SayPlan } from './say.ts';
import { SpeechHandle } from './speech-handle.ts';
import { Turn, type TurnPlan } from './turn.ts';

export interface ReplyPlan extends TurnPlan {
  readonly allowInterruptions?: boolean;
  /** Records it tells (a delivery). */
  readonly about?: readonly string[];
  readonly speechId?: string;
}

interface Begin {
  readonly allowInterruptions: boolean | undefined;
  readonly about?: readonly string[] | undefined;
  readonly run: (activity: Activity) => Promise<void>;
}

export class Speaking {
  readonly #core: Core;
  #state: AgentState = 'initializing';
  /** The stretch, a step of a speech, of which words were put out last. */
  #spoken: { readonly id: string; readonly step: number } | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  get state(): AgentState {
    return this.#state;
  }

  /** Where `say` and `generateReply` speak; undefined while one agent follows another. Throws when nobody will come. */
  placeFor(what: 'say' | 'generateReply'): Activity | undefined {
    requireLiveBody();
    const { stage } = this.#core;
    const running = whoRuns();
    const hook = running?.hook && running.activityId !== undefined ? stage.activity(running.activityId) : undefined;
    if (stage.isClosing && (!hook || what !== 'say')) throw new SessionClosedError(what);
    if (hook && hook.phase !== 'gone') return hook;
    if (stage.stack.length > 0 || stage.isChanging) return stage.current;
    throw new MeanwhileError(
      'session_state',
      `${what}: the session has not been started. Await session.start({ agent }) first.`,
    );
  }

  /** A reply of the agent. Starts without yielding when nobody speaks (S3.3). */
  reply(activity: Activity | undefined, plan: ReplyPlan): SpeechHandle {
    const speech = new SpeechHandle(plan.speechId ?? this.#core.newId('speech'), 'reply');
    const { allowInterruptions, about } = plan;
    const run = (place: Activity): Promise<void> => {
      const turn = new Turn(this.#core, place, speech, plan);
      return runAsNobody(() => this.#core.traced({ type: 'turn', speechId: speech.id }, () => turn.run()));
    };
    this.#begin(speech, activity, { allowInterruptions, about, run });
    return speech;
  }

  say(
    activity: Activity | undefined,
    text: SayPlan['text'],
    options: SayOptions,
    kind: 'say' | 'filler' = 'say',
  ): SpeechHandle {
    const speech = new SpeechHandle(this.#core.newId('speech'), kind);
    const plan = { text, addToChatCtx: options.addToChatCtx ?? true };
    const { allowInterruptions } = options;
    this.#begin(speech, activity, { allowInterruptions, run: (place) => runSay(this.#core, place, speech, plan) });
    return speech;
  }

  /** The first words of a stretch were put out. */
  spoke(speech: SpeechHandle): void {
    this.#spoken = { id: speech.id, step: speech.step };
    this.update();
  }

  /** The user has begun to speak: a delivery of which no word was put out and that has called nothing waits for him (S3.8). */
  holdBack(): void {
    const { mouth, log, executor } = this.#core;
    const { holder } = mouth;
    if (!holder || !log.state.speeches.get(holder.id)?.about.length) return;
    if (holder.step > 0 || this.#hasSpoken(holder) || executor.madeCalls(holder.id, 0)) return;
    holder.cut('session');
  }

  /** Brings the agent's state up to date and tells a change. */
  update(): void {
    const state = this.#now();
    if (state === this.#state) return;
    const was = this.#state;
    this.#state = state;
    this.#core.events.emit('agent_state_changed', { state, was });
  }

  #now(): AgentState {
    const { mouth, stage, speeches, executor } = this.#core;
    if (stage.stack.length === 0 && this.#state === 'initializing') return 'initializing';
    if (mouth.holder && this.#hasSpoken(mouth.holder)) return 'speaking';
    let active = false;
    for (const speech of speeches) {
      // A turn whose calls only wait leaves the agent listening.
      if (speech.phase !== 'tools' || executor.blocking(speech.id) > 0) return 'thinking';
      active ||= isActive(this.#core, speech);
    }
    // Between two steps, or about to end: as it was.
    return active ? this.#state : 'listening';
  }

  #hasSpoken(speech: SpeechHandle): boolean {
    return this.#spoken?.id === speech.id && this.#spoken.step === speech.step;
  }

  #begin(speech: SpeechHandle, activity: Activity | undefined, how: Begin): void {
    const { speeches, log, floor, stage } = this.#core;
    speeches.add(speech);
    if (activity) {
      const { id, kind } = speech;
      const { about } = how;
      if (how.allowInterruptions === false || activity.agent.options.allowInterruptions === false)
        speech.disallowInterruptions();
      activity.speeches.add(speech);
      log.commit({ type: 'speech_opened', speechId: id, activityId: activity.id, kind, ...(about ? { about } : {}) });
      floor.changed();
      void how.run(activity);
      return;
    }
    void stage.whenCurrent().then((place) => {
      if (place && !speech.interrupted) return this.#begin(speech, place, how);
      speeches.delete(speech);
      speech.finish({ type: 'interrupted', heard: '', toolsCalled: false });
    });
  }
}
