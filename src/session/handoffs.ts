/**
 * Handoffs that tools ask for (S8.5). Of several the first counts: in one batch in the model's order, otherwise in the
 * order of recording. The same agent twice is no conflict; every other is told that it did not happen.
 */
import { emptyMap, put, remove } from '../chat/tables.ts';
import type { FirstOutput, HandoffIntent } from '../engine/seam.ts';
import { MeanwhileError, SessionClosedError } from '../errors.ts';
import type { Activity } from './activity.ts';
import { Agent } from './agent.ts';
import { requireLiveBody, whoRuns } from './ambient.ts';
import type { Core } from './core.ts';
import { agentRefusal } from './given.ts';

interface Promised {
  readonly intent: HandoffIntent;
  /** Leaves the queue for a quiet moment. */
  readonly leaveQueue: () => void;
}

export class Handoffs {
  readonly #core: Core;
  /** By activity: the handoff that will end it. */
  #promised: ReadonlyMap<string, Promised> = emptyMap();

  constructor(core: Core) {
    this.#core = core;
  }

  /** Why the call may not switch to this agent; undefined if it may. */
  refusal({ activityId, agent }: Pick<HandoffIntent, 'activityId' | 'agent'>): string | undefined {
    const { stage } = this.#core;
    const activity = stage.activity(activityId);
    const wrong = agentRefusal(agent);
    if (wrong !== undefined) return wrong;
    if (activity?.phase !== 'here' || stage.isClosing)
      return 'the agent that asked for it is no longer in the conversation.';
    const earlier = this.#promised.get(activityId)?.intent.agent;
    return earlier && earlier !== agent ? `it is already being handed over to ${earlier.name}.` : undefined;
  }

  /** After an update: the switch waits for quiet, right behind the delivery of what was returned. */
  whenQuiet(intent: HandoffIntent): void {
    if (this.#promised.has(intent.activityId)) return;
    // What was recorded before stands before it (S6.9).
    this.#core.executor.announcer.look();
    const leaveQueue = this.#core.floor.wait({
      kind: 'handoff',
      owner: intent.activityId,
      level: 'quiet',
      order: this.#core.log.state.seq,
      serve: () => this.#switch(intent),
    });
    this.#promised = put(this.#promised, intent.activityId, { intent, leaveQueue });
  }

  /** The outputs of a batch, with an error where another handoff counts. */
  ofBatch(
    activity: Activity,
    firsts: readonly FirstOutput[],
  ): { intent: HandoffIntent | undefined; outputs: readonly FirstOutput[] } {
    let intent: HandoffIntent | undefined;
    const outputs = firsts.map((first): FirstOutput => {
      const wanted = first.handoff;
      if (!wanted || wanted.agent === intent?.agent) return first;
      const reason = intent ? `it is already being handed over to ${intent.agent.name}.` : this.refusal(wanted);
      if (reason === undefined) {
        intent = wanted;
        return first;
      }
      const text = this.#refusalText(activity, wanted, reason);
      const told = first.output.text === '' ? text : `${first.output.text}\n${text}`;
      return { output: { type: 'error', text: told }, wantsReply: true, background: false };
    });
    if (intent && !this.#promised.has(activity.id))
      this.#promised = put(this.#promised, activity.id, { intent, leaveQueue: () => undefined });
    return { intent, outputs };
  }

  /** What was returned in a turn has been told, or its telling was cut: the switch follows. */
  afterTurn(intent: HandoffIntent): void {
    if (this.refusal(intent) === undefined) this.#switch(intent);
  }

  /** The application, or a tool, switches agents itself. Resolves when the new agent's `onEnter` has begun. */
  async updateAgent(agent: Agent, cut: boolean): Promise<void> {
    const { stage } = this.#core;
    if (stage.isClosing) throw new SessionClosedError('updateAgent');
    if (this.#core.log.state.status === 'new' && !stage.isChanging) {
      throw new MeanwhileError(
        'session_state',
        'updateAgent: the session has not been started. Await session.start({ agent }) first.',
      );
    }
    const wrong = agentRefusal(agent);
    if (wrong !== undefined)
      throw new MeanwhileError('invalid_value', `updateAgent: ${wrong} Write session.updateAgent(new Agent({ … })).`);
    if (stage.current?.agent === agent && !stage.isChanging) return;
    requireLiveBody();
    const body = whoRuns()?.body;
    const wait = whoRuns()?.waits;
    whoRuns()?.letGo?.('change');
    const settled = stage.afterCall(body);
    // Its own call settles before the switch: it must not be taken for one that blocks while it awaits this.
    const goOn = wait?.();
    const done = stage.change(async () => {
      await settled;
      if (stage.isClosing || stage.current?.agent !== agent) await stage.handOver(agent, cut);
      // It goes on before the change is over: between the two it would be quiet.
      goOn?.();
    });
    await done.finally(() => goOn?.());
  }

  /** A promise that the activity's end has overtaken is told as not kept. */
  left(activity: Activity): void {
    const promised = this.#promised.get(activity.id);
    if (!promised) return;
    remove(this.#promised, activity.id);
    promised.leaveQueue();
    if (activity.successor === promised.intent.agent) return;
    this.#tellRefused(activity, promised.intent);
  }

  #switch(intent: HandoffIntent): void {
    const { stage, logger } = this.#core;
    const activity = stage.activity(intent.activityId);
    const { agent } = intent;
    if (!activity || !(agent instanceof Agent)) return;
    for (const each of stage.stack) {
      each.phase = 'ending';
      each.successor = agent;
    }
    stage
      .change(() => stage.handOver(agent, false))
      .catch((error: unknown) => {
        if (stage.isClosing) return;
        logger.error(`The handoff to ${agent.name} failed: ${String(error)}`);
        this.#core.events.emit('error', { source: 'hook', error });
      });
  }

  #tellRefused(activity: Activity, intent: HandoffIntent): void {
    const { clock, log, executor, stage } = this.#core;
    if (stage.isClosing) return;
    const text = this.#refusalText(activity, intent, 'the conversation had moved on before.');
    log.commit({
      type: 'record_added',
      record: {
        kind: 'record',
        id: `${intent.callId}_handoff`,
        callId: intent.callId,
        phase: 'final',
        toolName: intent.toolName,
        input: {},
        output: { type: 'error', text },
        owner: 'session',
        at: clock.now(),
      },
      delivery: { mode: 'when_idle' },
    });
    executor.announcer.recorded();
  }

  #refusalText(activity: Activity, intent: HandoffIntent, reason: string): string {
    return this.#core.wording(activity.agent)('handoffRefused', { agent: intent.agent.name, reason });
  }
}
