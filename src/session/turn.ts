/**
 * One turn of the agent: request, words, calls, and again while an output wants a reply (S1.2).
 *
 * It runs without yielding from its start to the model call when nobody speaks, which is what makes S3.3 hold. The
 * order in which things enter the context is S2.3's: the words when they were heard or cut, then the step's calls with
 * their outputs.
 */
import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { describeError, OutputError } from '../errors.ts';
import type { Batch, BatchCall, Message, MessagePart } from '../chat/items.ts';
import type { FirstOutput, HandoffIntent, StartedCall, TurnRef } from '../engine/seam.ts';
import type { Activity } from './activity.ts';
import type { Core } from './core.ts';
import { callModel, type ModelCallEnd } from './model-call.ts';
import type { MadeRequest } from './model-view.ts';
import { StepParts } from './step-parts.ts';
import type { SpeechHandle, SpeechResult } from './speech-handle.ts';
import { Utterance, type Spoken } from './utterance.ts';

export interface TurnPlan {
  /** What it answers: enters the context when its turn comes, behind what is being said now. */
  readonly userInput?: string;
  readonly instructions?: string;
  readonly toolChoice?: ToolChoice;
  /** It was given the floor: what queues comes after it. */
  readonly ahead?: boolean;
}

type ToolChoice = 'auto' | 'none' | 'required';

type Read = { readonly type: ModelCallEnd } | { readonly type: 'failed'; readonly error: unknown };

interface StepMade {
  readonly goOn: boolean;
  readonly error?: unknown;
}

export class Turn {
  readonly #core: Core;
  readonly #activity: Activity;
  readonly #speech: SpeechHandle;
  readonly #plan: TurnPlan;
  /** Calls whose outputs want a reply, over all steps. */
  readonly #wants = new Set<string>();
  readonly #startedIn: Activity['phase'];
  readonly #heard: string[] = [];
  #lastCut = false;
  #stepsWithCalls = 0;
  #handoff: HandoffIntent | undefined;

  constructor(core: Core, activity: Activity, speech: SpeechHandle, plan: TurnPlan) {
    this.#core = core;
    this.#activity = activity;
    this.#speech = speech;
    this.#plan = plan;
    this.#startedIn = activity.phase;
  }

  /** Never rejects. */
  async run(): Promise<void> {
    let failure: { error: unknown } | undefined;
    try {
      for (let step = 0; ; step += 1) {
        const granted = this.#acquire(step === 0 && this.#plan.ahead === true);
        const mayBegin = granted === true || (await granted);
        if (step === 0) this.#addInput();
        if (!mayBegin) break;
        if (!this.#mayGoOn() || this.#isUnder) {
          this.#core.mouth.release(this.#speech);
          break;
        }
        const made = await this.#step(step);
        if (made.error !== undefined) failure = { error: made.error };
        if (!made.goOn) break;
      }
    } catch (error) {
      failure = { error };
    }
    this.#end(failure);
  }

  /** Told while an AgentTask runs, it would be the paused agent that speaks (S8.4). */
  get #isUnder(): boolean {
    const { stack } = this.#core.stage;
    return stack.at(-1) !== this.#activity && stack.includes(this.#activity);
  }

  /** True at once when nobody speaks; false when it was cut while it waited, for the mouth or for an AgentTask. */
  #acquire(ahead: boolean): true | Promise<boolean> {
    const { mouth, stage } = this.#core;
    const mustWait = (): boolean => this.#isUnder && !this.#speech.interrupted && !stage.isClosing;
    if (mustWait()) return this.#onTopOrCut().then(() => this.#acquire(ahead));
    const granted = mouth.acquire(this.#speech, ahead);
    if (granted === true) return true;
    return granted.then((mayBegin) => {
      if (!mayBegin || !mustWait()) return mayBegin;
      // One began while it queued.
      mouth.release(this.#speech);
      return this.#acquire(ahead);
    });
  }

  /** Cut while it is paused, it does not wait for the AgentTask to end. */
  async #onTopOrCut(): Promise<void> {
    const { promise: cut, resolve } = Promise.withResolvers<void>();
    const stopListening = this.#speech.onInterrupt(() => resolve());
    await Promise.race([this.#core.stage.whenOnTop(this.#activity), cut]);
    stopListening();
  }

  async #step(step: number): Promise<StepMade> {
    const speech = this.#speech;
    speech.step = step;
    speech.phase = 'speaking';
    this.#core.floor.changed();
    const toolChoice = this.#toolChoice(step);
    const request = this.#request(step, toolChoice);
    const utterance = new Utterance(this.#core, speech, this.#activity.agent.name);
    const abort = new AbortController();
    const parts = new StepParts((call, cutOff) =>
      this.#core.executor.start(call, this.#ref(step, toolChoice !== 'none', cutOff)),
    );
    const stopListening = speech.onInterrupt((by) => {
      abort.abort();
      utterance.cut();
      if (by === 'user') this.#core.executor.turnInterrupted(speech.id);
      else this.#core.executor.turnToBackground(speech.id);
    });
    const read = await this.#read(request, abort.signal, parts, utterance);
    const isWhole = read.type === 'finished';
    if (isWhole && !speech.interrupted) parts.startDeferred();
    const spoken = await utterance.finish(isWhole);
    this.#addMessage(step, spoken, parts, read.type !== 'failed');
    speech.phase = 'tools';
    this.#core.mouth.release(speech);
    if (read.type === 'failed') this.#core.executor.turnToBackground(speech.id);
    this.#core.floor.changed();
    if (parts.calls.length > 0) await this.#collect(step, parts);
    stopListening();
    if (read.type === 'failed') return { goOn: false, error: read.error };
    return { goOn: this.#goesOn(parts.calls) };
  }

  /** What a call keeps of its turn, as long as its task runs: none of the step's own things. */
  #ref(step: number, toolsAllowed: boolean, cutOff: boolean): TurnRef {
    return {
      speechId: this.#speech.id,
      step,
      activityId: this.#activity.id,
      tools: this.#activity.toolbox.engineTools,
      toolsAllowed,
      speech: this.#speech,
      model: this.#activity.view.ref,
      ...(cutOff ? { cutOff: () => true } : {}),
    };
  }

  #addInput(): void {
    const { userInput: text } = this.#plan;
    if (text === undefined || this.#core.stage.isClosed) return;
    const message: Message = {
      kind: 'message',
      id: this.#core.newId('item'),
      role: 'user',
      parts: [{ type: 'text', text }],
      at: this.#core.clock.now(),
    };
    this.#core.log.commit({ type: 'message_added', activityId: this.#activity.id, message });
  }

  #request(step: number, toolChoice: ToolChoice): MadeRequest {
    const instructions = step === 0 ? this.#plan.instructions : undefined;
    const running = this.#runningNote();
    const late = [instructions, running].filter((text) => text !== undefined).join('\n\n');
    const request = this.#activity.view.request({
      toolChoice,
      ...(late === '' ? {} : { late }),
    });
    const { from, to } = request;
    this.#core.log.commit({
      type: 'request_made',
      speechId: this.#speech.id,
      activityId: this.#activity.id,
      step,
      from,
      to,
    });
    return request;
  }

  #toolChoice(step: number): ToolChoice {
    if (this.#stepsWithCalls >= this.#core.options.maxToolSteps || this.#handoff) return 'none';
    const wanted = this.#plan.toolChoice ?? this.#activity.agent.options.toolChoice ?? 'auto';
    return wanted === 'required' && step > 0 ? 'auto' : wanted;
  }

  /** Calls of other open turns are in no context yet: without a note the model would make them again. */
  #runningNote(): string | undefined {
    const { speeches } = this.#activity;
    if (speeches.size <= 1) return undefined;
    const others = [...speeches].filter((speech) => speech !== this.#speech).map((speech) => speech.id);
    const calls = this.#core.executor.runningCalls(others);
    if (calls.length === 0) return undefined;
    const runningCalls = calls.map((call) => `- ${call.toolName}(${call.arguments})`).join('\n');
    return this.#core.wording(this.#activity.agent)('runningCalls', { runningCalls });
  }

  async #read(request: MadeRequest, signal: AbortSignal, parts: StepParts, utterance: Utterance): Promise<Read> {
    const { clock, logger, options, usage, modelWatch } = this.#core;
    const watched = modelWatch.begin(this.#speech.id, request.model, request.options);
    const onPart = (part: LanguageModelV4StreamPart): boolean | Promise<boolean> => {
      parts.take(part);
      watched?.take(part);
      if (part.type === 'finish') usage.add(part.usage);
      if (part.type !== 'text-delta' || typeof part.delta !== 'string' || part.delta === '')
        return parts.calls.length > 0 || utterance.hasBegun;
      const written = utterance.write(part.delta);
      return written ? written.then(() => true) : true;
    };
    try {
      const end = await callModel(request.model, request.options, signal, onPart, {
        clock,
        maxRetries: options.maxRetries,
        onRetry: (error, attempt, delayMs) => {
          parts.reset();
          logger.warn(
            `The model failed (${describeError(error)}); attempt ${String(attempt + 1)} in ${String(delayMs)} ms.`,
          );
        },
      });
      watched?.end(end);
      return { type: end };
    } catch (error) {
      watched?.end('failed', error);
      return { type: 'failed', error: error ?? new Error('The model failed.') };
    }
  }

  /**
   * What was said enters when it was heard or cut; a message that was cut carries no metadata (S2.3). What a model said
   * before it failed covers nothing (S3.5).
   */
  #addMessage(step: number, spoken: Spoken, parts: StepParts, covers: boolean): void {
    const heard = spoken.heard.trim();
    if (spoken.text.trim() !== '') this.#lastCut = spoken.cut;
    if (heard === '') return;
    this.#heard.push(heard);
    const reasoning: readonly MessagePart[] = parts.calls.length === 0 ? parts.reasoning : [];
    const whole = reasoning.concat(parts.texts);
    const message: Message = {
      kind: 'message',
      id: this.#core.newId('item'),
      role: 'assistant',
      parts: spoken.cut ? [{ type: 'text', text: spoken.heard }] : whole,
      at: this.#core.clock.now(),
      ...(spoken.cut ? { cut: true } : {}),
      speechId: this.#speech.id,
      model: this.#activity.view.ref,
    };
    this.#core.log.commit({
      type: 'message_added',
      activityId: this.#activity.id,
      message,
      ...(covers ? { step } : {}),
    });
  }

  /** The tool phase: it ends when each call has settled or gone to the background, and then all enter together. */
  async #collect(step: number, parts: StepParts): Promise<void> {
    const { calls } = parts;
    const firsts = await Promise.all(calls.map((call) => call.first));
    if (this.#core.stage.isClosed) return;
    const { intent, outputs } = this.#core.handoffs.ofBatch(this.#activity, firsts);
    this.#handoff ??= intent;
    const batch: Batch = {
      kind: 'batch',
      id: this.#core.newId('item'),
      at: this.#core.clock.now(),
      speechId: this.#speech.id,
      step,
      ...(parts.reasoning.length === 0 ? {} : { reasoning: parts.reasoning }),
      calls: calls.map((call, index) => toBatchCall(call, outputs[index])),
      model: this.#activity.view.ref,
    };
    this.#core.log.commit({ type: 'batch_added', activityId: this.#activity.id, batch });
    this.#stepsWithCalls += 1;
    for (const [index, call] of calls.entries()) if (outputs[index]?.wantsReply) this.#wants.add(call.callId);
  }

  #goesOn(calls: readonly StartedCall[]): boolean {
    if (this.#wasStopped()) return false;
    return calls.some((call) => this.#wants.has(call.callId));
  }

  #end(failure: { error: unknown } | undefined): void {
    const { log, executor, events, logger, speeches, mouth, stage, floor, handoffs } = this.#core;
    const speech = this.#speech;
    mouth.release(speech);
    if (failure) {
      logger.error(`The turn of ${this.#activity.agent.name} failed: ${describeError(failure.error)}`);
      events.emit('error', { source: failure.error instanceof OutputError ? 'output' : 'model', error: failure.error });
    }
    const result = this.#result(failure);
    const unfinished = failure !== undefined || this.#wasStopped() || this.#lastCut;
    if (!stage.isClosed) {
      executor.turnEnded(speech.id, unfinished ? this.#atTail() : []);
      log.commit({ type: 'speech_closed', speechId: speech.id, outcome: result.type });
    }
    if (this.#handoff && !stage.isClosed) handoffs.afterTurn(this.#handoff);
    this.#activity.speeches.delete(speech);
    speeches.delete(speech);
    speech.finish(result);
    floor.changed();
  }

  /** An agent on its way out takes no further step, but tells what goes with its own handoff, and what `onExit` asks for. */
  #mayGoOn(): boolean {
    if (this.#handoff !== undefined || this.#startedIn === 'exiting') return this.#activity.phase !== 'gone';
    return this.#activity.phase === 'here';
  }

  #wasStopped(): boolean {
    return this.#speech.interrupted || !this.#mayGoOn();
  }

  /** Outputs that want a reply and that no request led to heard words over (S5.6). */
  #atTail(): string[] {
    const context = this.#activity.state?.context;
    return [...this.#wants].filter((callId) => {
      const position = context?.positions.get(callId);
      return position === undefined || position >= (context?.coveredTo ?? 0);
    });
  }

  #result(failure: { error: unknown } | undefined): SpeechResult {
    const toolsCalled = this.#stepsWithCalls > 0;
    const heard = this.#heard.join(' ');
    if (failure) return { type: 'failed', error: failure.error, toolsCalled };
    if (heard === '' && this.#lastCut && !this.#wasStopped()) {
      return {
        type: 'failed',
        error: new Error('Nothing of the reply was heard, though nobody cut it: the output failed.'),
        toolsCalled,
      };
    }
    if (this.#lastCut || (heard === '' && this.#wasStopped())) return { type: 'interrupted', heard, toolsCalled };
    return heard === '' ? { type: 'nothing_said', toolsCalled } : { type: 'completed', heard, toolsCalled };
  }
}

function toBatchCall(call: StartedCall, first: FirstOutput | undefined): BatchCall {
  return {
    callId: call.callId,
    ...(call.wireId === call.callId ? {} : { wireId: call.wireId }),
    toolName: call.toolName,
    input: call.input,
    ...(call.providerMetadata === undefined ? {} : { providerMetadata: call.providerMetadata }),
    output: first?.output ?? { type: 'text' as const, text: '' },
  };
}
