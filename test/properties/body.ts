/**
 * The body of a tool: it does what it is ordered, one thing after another, until it is told how to end, or is aborted
 * and hears it.
 */
import {
  type Agent,
  type AgentTask,
  handoff,
  type RunContext,
  type SpeechRef,
  StopResponse,
  ToolError,
} from 'meanwhile';
import type { Ending, Order } from './plan.ts';
import type { Shuffle } from './shuffle.ts';

export interface BodyPorts {
  readonly shuffle: Shuffle;
  readonly newAgent: () => Agent;
  readonly newTask: () => AgentTask<string>;
  readonly gate: () => Promise<void>;
  /** Its lease begins, and ends. */
  readonly leased: (callId: string, holds: boolean) => void;
  /** `promise` must settle by the end of the session at the latest. */
  readonly watch: (what: string, promise: Promise<unknown>) => void;
  readonly close: () => Promise<void>;
  /** What it tells, and whether it may still be heard. */
  readonly says: (text: string, inTime: boolean) => void;
  /** What it told is recorded. */
  readonly recorded: (text: string) => void;
  readonly wrong: (invariant: string, fact: string) => void;
}

const ignore = (): void => undefined;

export class Body {
  readonly callId: string;
  readonly #ports: BodyPorts;
  readonly #ctx: RunContext;
  readonly #orders: Order[] = [];
  #ending: Ending | undefined;
  #told = Promise.withResolvers<void>();
  #said = 0;
  #steps = 0;

  constructor(ports: BodyPorts, ctx: RunContext) {
    this.#ports = ports;
    this.#ctx = ctx;
    this.callId = ctx.toolCallId;
  }

  order(what: Order): void {
    this.#orders.push(what);
    this.#told.resolve();
  }

  end(how: Ending): void {
    this.#ending ??= how;
    this.#told.resolve();
  }

  async run(deaf: boolean): Promise<unknown> {
    const { abortSignal: signal } = this.#ctx;
    const onAbort = (): void => this.end('nothing');
    if (!deaf) signal.addEventListener('abort', onAbort);
    try {
      return await this.#obeyAll();
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #obeyAll(): Promise<unknown> {
    for (;;) {
      const what = this.#orders.shift();
      if (what !== undefined) await this.#obey(what).catch(ignore);
      else if (this.#ending !== undefined) return this.#finish(this.#ending);
      else {
        await this.#told.promise;
        this.#told = Promise.withResolvers();
      }
      await this.#ports.shuffle.pass('body');
    }
  }

  async #obey(what: Order): Promise<unknown> {
    const { newTask, gate, close } = this.#ports;
    const ctx = this.#ctx;
    const { session } = ctx;
    switch (what) {
      case 'update':
        return this.#update({});
      case 'updates':
        return Promise.all([this.#update({}), this.#update({})]);
      case 'silent':
        return this.#update({ deliver: 'silent' });
      case 'urgent':
        return this.#update({ deliver: 'interrupt' });
      case 'held':
        return this.#update({ maxHoldMs: 200 });
      case 'fleeting':
        return this.#update({ expiresMs: 300 });
      case 'progress':
        return ctx.update({ progress: 1, total: 2 });
      case 'unfit':
        return ctx.update(new Map([[1, 2]]));
      case 'ask':
        return this.#watch('ask', ctx.ask({ message: 'Which?' }));
      case 'ask soon':
        return this.#watch('ask', ctx.ask({ message: 'Which, soon?', timeoutMs: 500 }));
      case 'step':
        return this.#step(() => this.#ports.shuffle.pass('step'));
      case 'broken step':
        return this.#step(() => Promise.reject(new Error('broken')));
      case 'keyed update':
        return ctx.update('Once.', { key: 'news' });
      case 'keyed ask':
        return this.#watch('ask', ctx.ask({ message: 'Which, once?', key: 'which', timeoutMs: 500 }));
      case 'lease':
        return ctx.foreground(() => this.#hold());
      case 'sub':
        return this.#watch('AgentTask', newTask().run());
      case 'idle':
        return this.#watch('idle', session.waitForIdle());
      case 'filler':
        return ctx.filler('One moment.', { delayMs: 50 }, gate);
      case 'fillers':
        return ctx.filler(() => 'Still at it.', { delayMs: 50, intervalMs: 200, maxSteps: 3 }, gate);
      case 'say':
        return this.#speak('say', () => session.say('Words of a tool.'));
      case 'reply':
        return this.#speak('reply', () => session.generateReply({ instructions: late('Go on.') }));
      case 'playout':
        return this.#watch('playout', ctx.waitForPlayout());
      case 'protect':
        ctx.disallowInterruptions();
        return Promise.resolve();
      case 'hand over':
        return this.#watch('handoff', session.updateAgent(this.#ports.newAgent()));
      case 'cancel itself':
        return this.#watch('cancel', session.tasks.cancel(this.callId));
      case 'close':
        return close();
    }
  }

  /** One that has ended is not heard (S5.3). */
  #speak(what: string, speak: () => SpeechRef): Promise<void> {
    const inTime = !this.#ctx.abortSignal.aborted;
    const speech = speak();
    if (!inTime) this.#ports.wrong('nothingAfterTheEnd', `${this.callId} speaks after its end`);
    return this.#watch(what, speech.waitForPlayout());
  }

  #watch<T>(what: string, promise: Promise<T>): Promise<T> {
    this.#ports.watch(what, promise);
    return promise;
  }

  /** What a body that has ended tells is refused (S2.4); what was recorded is there (S2.3). */
  async #update(options: Parameters<RunContext['update']>[1]): Promise<void> {
    const { wrong, recorded } = this.#ports;
    const inTime = !this.#ctx.abortSignal.aborted;
    const text = this.#words('News');
    await this.#ctx.update(text, options);
    if (!inTime) wrong('nothingAfterTheEnd', `${this.callId} updates after its end`);
    recorded(text);
  }

  #step(fn: () => Promise<void>): Promise<void> {
    this.#steps += 1;
    return this.#ctx.step(`step ${String(this.#steps)}`, fn);
  }

  async #hold(): Promise<void> {
    const { leased, gate } = this.#ports;
    const { abortSignal: signal } = this.#ctx;
    const over = (): void => leased(this.callId, false);
    leased(this.callId, true);
    signal.addEventListener('abort', over);
    try {
      await gate();
    } finally {
      over();
      signal.removeEventListener('abort', over);
    }
  }

  #words(kind: string): string {
    const text = `${kind} ${String((this.#said += 1))} of ${this.callId}.`;
    this.#ports.says(text, !this.#ctx.abortSignal.aborted);
    return text;
  }

  #finish(how: Ending): unknown {
    switch (how) {
      case 'return':
        return this.#words('Result');
      case 'nothing':
        return undefined;
      case 'throw':
        throw new Error('broken');
      case 'tool error':
        throw new ToolError(this.#words('Refusal'));
      case 'stop':
        throw new StopResponse();
      case 'handoff':
        return handoff(this.#ports.newAgent(), { returns: this.#words('Handoff') });
      case 'unfit':
        return new Map([[1, 2]]);
      case 'returns an error':
        return new ToolError(this.#words('Error'));
    }
  }
}

/** Marks what holds for one request only, so that a prompt can be read without it. */
export function late(text: string): string {
  return `${lateMark} ${text}`;
}

export const lateMark = '§late';
