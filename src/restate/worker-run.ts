/**
 * One run of a body on a worker. What it tells becomes entries: durable promises of its workflow, by number. What it does
 * once, and what it was answered, stands in the workflow's journal.
 */
import { RestatePromise, type WorkflowContext } from '@restatedev/restate-sdk';
import { TaskAbortedError, type Answer, type Clock, type Json } from '../index.ts';
import { names, type AbortRequest, type Entry, type PlainError } from './entries.ts';
import { fromPlain, toPlain } from './plain-errors.ts';
import { IdleWatch, type AskForAbort } from './idle-watch.ts';
import { requireFit } from './size.ts';
import { Waits } from './waits.ts';

export interface WorkerRunOptions {
  readonly toolCallId: string;
  /** A promise of this workflow that was awaited before. */
  readonly settled: RestatePromise<unknown>;
  readonly clock: Clock;
  readonly askForAbort: AskForAbort;
}

type StepResult = { readonly value: Json } | { readonly thrown: PlainError };

export class WorkerRun {
  readonly key: string;
  readonly #restate: WorkflowContext;
  readonly #settled: RestatePromise<unknown>;
  readonly #waits: Waits;
  readonly #watch: IdleWatch;
  readonly #abort = new AbortController();
  readonly #over = new AbortController();
  #entries = 0;
  #isAbandoned = false;

  constructor(restate: WorkflowContext, { toolCallId, settled, clock, askForAbort }: WorkerRunOptions) {
    this.key = restate.key;
    this.#restate = restate;
    this.#settled = settled;
    const abort = (why: TaskAbortedError['why']): Error => {
      const error = new TaskAbortedError(toolCallId, why);
      this.#abort.abort(error);
      return error;
    };
    const abandon = ({ why }: AbortRequest): Error => {
      this.#isAbandoned = true;
      return abort(why);
    };
    this.#watch = new IdleWatch(clock, askForAbort, abandon);
    this.#waits = new Waits(restate.promise<AbortRequest>(names.abort).get(), {
      onAbort: (value) => (value instanceof Error ? abort('cancelled') : abandon(value as AbortRequest)),
      onChange: (isWaiting) => (isWaiting || this.#over.signal.aborted ? this.#watch.end() : this.#watch.begin()),
    });
    this.#watch.begin();
    // Another run of the body takes its place: what this one still does reaches nobody.
    const { attemptCompletedSignal } = restate.request();
    const cutOff = (): void => {
      this.close();
      abort('suspended');
    };
    attemptCompletedSignal.addEventListener('abort', cutOff, { signal: this.#over.signal });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The session wants no more of it. Not where it was cancelled in Restate itself: the session is told of that. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /** It has come to its end: its signal fires no more. */
  close(): void {
    this.#watch.end();
    this.#over.abort();
  }

  /** The entry's number. `told` resolves when Restate has it; where something is waited for just now, when it was sent. */
  tell(entry: Entry): { readonly n: number; readonly told: Promise<void> } {
    this.#entries += 1;
    const n = this.#entries;
    const kept = this.#restate.promise<Entry>(names.entry(n)).resolve(entry) as RestatePromise<void>;
    if (!this.#waits.isWaiting) return { n, told: this.#waits.for(kept) };
    // A wait that is under way does not send what is written. One for what is settled does that, and nothing else.
    RestatePromise.all([this.#settled]).then(ignore, ignore);
    return { n, told: Promise.resolve() };
  }

  /** What `fn` gave or threw is kept, so that it is the same where the body runs again. Never tried again. */
  async step(name: string, fn: () => Promise<unknown>): Promise<unknown> {
    const run = this.#restate.run(name, async (): Promise<StepResult> => {
      try {
        const value = (await fn()) as Json;
        const what = `ctx.step: what "${name}" gave`;
        requireFit(what, JSON.stringify(value), 'It was done; keep it elsewhere, and give back where it is.');
        return { value };
      } catch (thrown) {
        return { thrown: toPlain(thrown) };
      }
    });
    const result = await this.#waits.for(run);
    if ('thrown' in result) throw fromPlain(result.thrown);
    return result.value;
  }

  /** Rejects with a TaskAbortedError when the task ends before. */
  answerTo(n: number): Promise<Answer<Json>> {
    return this.#waits.for(this.#restate.promise<Answer<Json>>(names.answer(n)).get(), { endsOnAbort: true });
  }
}

function ignore(): void {}
