/** An engine without a session: its log, the virtual clock, and whichever conversation hosts it. */
import { createVirtualClock, type VirtualClock } from 'meanwhile/testing';
import { Log } from '../../src/chat/log.ts';
import type { SessionRecord } from '../../src/chat/records.ts';
import { Executor } from '../../src/engine/executor.ts';
import type {
  BodyHost,
  Conversation,
  EngineOptions,
  EngineReport,
  EngineTool,
  RunOptions,
  StartedCall,
} from '../../src/engine/seam.ts';
import { engineTool, turnOf, type EngineToolOptions } from './conversation.ts';
import { byHand, createLogCheck } from './session.ts';

/** A body in the test's hands. */
export interface Job {
  readonly callId: string;
  readonly ctx: RunOptions['ctx'];
  readonly call: StartedCall;
  /** Resolves or rejects what the body returned. */
  readonly end: PromiseWithResolvers<unknown>;
}

export interface TestEngineOptions extends Partial<EngineOptions> {
  /** Default true: the fold of the log is compared with the state after each record, which takes its time. */
  readonly checked?: boolean;
}

export class TestEngine<Host extends Conversation> {
  readonly clock: VirtualClock = createVirtualClock();
  readonly records: SessionRecord[];
  readonly reports: EngineReport[] = [];
  readonly host: Host;
  readonly log: Log;
  readonly executor: Executor;
  #calls = 0;

  constructor(
    createHost: (clock: VirtualClock) => Host & { changed?: () => void },
    { checked = true, ...options }: TestEngineOptions = {},
  ) {
    const { check, records } = createLogCheck();
    this.records = records;
    const host = createHost(this.clock);
    this.host = host;
    this.log = new Log({ now: () => this.clock.now(), ...(checked ? { sink: check } : {}) });
    this.log.commit({ type: 'session_opened', sessionId: 'session_1' });
    this.executor = new Executor({
      journal: this.log,
      clock: this.clock,
      conversation: this.host,
      body,
      options: { coalesceMs: 50, maxAttempts: 3, retryDelayMs: 1000, stopTimeoutMs: 2000, ...options },
      prompts: () => [],
      report: (report) => this.reports.push(report),
      changed: () => queueMicrotask(() => host.changed?.()),
    });
  }

  /** Receipts, in order: `call_1_final completed`. */
  get receipts(): string[] {
    return this.records.flatMap((record) =>
      record.type === 'delivery_ended' ? [`${record.id} ${record.receipt}`] : [],
    );
  }

  /** A call that has gone to the background with its first update; what it tells from now on is delivered. */
  job(options: EngineToolOptions & { name?: string } = {}): Job {
    const job = this.call(options);
    void job.ctx.update('Began.');
    return job;
  }

  call({ name = 'search', ...options }: EngineToolOptions & { name?: string } = {}): Job {
    this.#calls += 1;
    const end = byHand<unknown>();
    let given: RunOptions | undefined;
    const tool = engineTool(
      name,
      (run) => {
        given = run;
        return end.promise;
      },
      options,
    );
    const call = this.start(tool);
    if (!given) throw new Error(`The body of ${name} has not started.`);
    return { callId: call.callId, ctx: given.ctx, call, end };
  }

  start(tool: EngineTool, toolsAllowed = true): StartedCall {
    const wireId = `call_${String(this.#calls)}`;
    return this.executor.start(
      { wireId, toolName: tool.name, argumentsText: '{}' },
      turnOf(`speech_of_${wireId}`, [tool], toolsAllowed),
    );
  }
}

const body: BodyHost = {
  session: undefined,
  userData: undefined,
  around: (_body, fn) => fn(),
  waits: (body) => body.waits(),
  foreground: async (_body, fn) => await fn(),
  watchSilence: () => () => undefined,
  disallowInterruptions: () => undefined,
  waitForPlayout: () => Promise.resolve(),
  sayFiller: () => Promise.resolve(false),
};
