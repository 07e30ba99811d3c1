/**
 * One run of a case: the talk, its records, and the few steps that most cases share. What is expected and does not
 * happen is an error that shows what happened instead.
 */
import assert from 'node:assert/strict';
import type { Prompts, SessionRecord } from '../../index.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';
import type { HandTool, Job } from './hand-tool.ts';
import type { ConformanceHost, ConformanceTalk, ModelRequest } from './host.ts';
import { checkRest, describe } from './records.ts';

export const coalesceMs = 50;
export const maxAttempts = 3;
export const retryDelayMs = 1000;
/** Longer than any host waits before it tells something, and than any retry. */
const longMs = 20_000;

/** Words by which a case knows what a reply was asked to do. */
const words: Partial<Prompts> = {
  update: '[progress of {callId}] {message}',
  backgrounded: '[goes on: {callId}]',
  ask: '[question of {callId}] {message}',
  replyAtTail: '[tell: {callIds}]',
  replyMaybeCovered: '[tell the rest of: {callIds}] [new: {newCallIds}] [heard: {heard}]',
};

/** A reply over what is due. */
export interface Telling {
  readonly request: ModelRequest;
  /** The user may know some of it already (S3.5): then only the rest is asked for. */
  readonly isRest: boolean;
  /** Of the rest, what he cannot know. */
  readonly isNew: readonly string[];
  /** What he heard of an attempt that was cut. */
  readonly heard: string;
}

export class Scene {
  readonly clock: VirtualClock = createVirtualClock();
  readonly records: SessionRecord[] = [];
  /** Runs with each record, right after it was applied. */
  onRecord: (record: SessionRecord) => void = () => undefined;
  #talk: ConformanceTalk | undefined;

  get talk(): ConformanceTalk {
    assert(this.#talk, 'The talk is not open.');
    return this.#talk;
  }

  /** Opens, plays, closes, and looks that nothing was lost or left. */
  async play(
    host: ConformanceHost,
    { tools, prompts }: { readonly tools: readonly HandTool[]; readonly prompts: Partial<Prompts> },
    script: (scene: Scene) => Promise<void>,
  ): Promise<void> {
    try {
      this.#talk = await host.open({
        clock: this.clock,
        tools: tools.map((each) => each.tool),
        coalesceMs,
        maxAttempts,
        retryDelayMs,
        prompts: { ...words, ...prompts },
        onRecord: (record) => {
          this.records.push(record);
          this.onRecord(record);
        },
      });
      await script(this);
      await this.#talk.close();
      checkRest(this.records, this.clock);
    } catch (error) {
      const happened = this.#whatHappened();
      // What it left running would be the next case's.
      await this.#talk?.close().catch(() => undefined);
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${happened}`, { cause: error });
    }
  }

  /** The one request that waits for its answer. */
  get request(): ModelRequest {
    const [request, ...others] = this.talk.asks;
    assert(request, 'Expected the model to be asked for a reply; it was not.');
    assert.equal(others.length, 0, `Expected one request to the model, got ${String(others.length + 1)} at once.`);
    return request;
  }

  /** The user says it, and the model is asked. */
  async asks(text = 'Please.'): Promise<ModelRequest> {
    await this.talk.userSays(text);
    return this.request;
  }

  /** The model says it, and all of it is heard. */
  async says(request: ModelRequest, text: string): Promise<void> {
    await request.says(text);
    await this.talk.ends();
  }

  /** The user says something and is answered, all of it being heard. Gives the request. */
  async chats(text = 'How are you?', answer = 'Fine.'): Promise<ModelRequest> {
    const request = await this.asks(text);
    await this.says(request, answer);
    return request;
  }

  /** The user asks for it, the model calls the tool; the body is in the case's hands and blocks. */
  async begins(hand: HandTool, args: object = {}): Promise<Job> {
    const request = await this.asks();
    const before = hand.jobs.length;
    await request.calls(nameOf(hand), args);
    const job = hand.jobs[before];
    assert(job, `Expected the body of ${nameOf(hand)} to start when the model calls it.`);
    return job;
  }

  /** The same, gone to the background with an update that the turn has told. The talk is at rest. */
  async inBackground(hand: HandTool, args: object = {}): Promise<Job> {
    const job = await this.begins(hand, args);
    void job.ctx.update('Began.');
    await this.talk.advance(0);
    await this.says(this.request, 'I am on it.');
    return job;
  }

  /** Nothing is asked of the model for so long. */
  async staysQuiet(ms = longMs): Promise<void> {
    this.#assertNotAsked();
    await this.talk.advance(ms);
    this.#assertNotAsked();
  }

  /** Lets time pass until the model is asked to tell exactly these records. */
  async isToldOf(...ids: readonly string[]): Promise<Telling> {
    for (let ms = 0; this.talk.asks.length === 0 && ms < longMs; ms += coalesceMs) await this.talk.advance(coalesceMs);
    return this.tells(...ids);
  }

  /** The model is being asked now to tell exactly these records, and nothing of an earlier reply's instructions is left. */
  tells(...ids: readonly string[]): Telling {
    const { request } = this;
    const asked = [...request.prompt.matchAll(/\[tell(?<rest> the rest of)?: (?<ids>[^\]]*)\]/g)];
    const last = asked.at(-1)?.groups;
    assert(last, `Expected the model to be asked to tell ${ids.join(', ')}; its prompt was:\n${request.prompt}`);
    assert.equal(
      last['ids'],
      ids.join(', '),
      `Expected one reply over exactly these records, in the order of recording.`,
    );
    assert.equal(asked.length, 1, 'Expected the instructions of a reply to hold for that reply only (S3.7).');
    const isNew = /\[new: (?<ids>[^\]]*)\]/.exec(request.prompt)?.groups?.['ids'] ?? '';
    return {
      request,
      isRest: last['rest'] !== undefined,
      isNew: isNew === '' ? [] : isNew.split(', '),
      heard: /\[heard: (?<heard>[^\]]*)\]/.exec(request.prompt)?.groups?.['heard'] ?? '',
    };
  }

  /** What became of a record: its receipt, and the reason where there is one. */
  receipt(id: string): string | undefined {
    const ended = this.records.find((record) => record.type === 'delivery_ended' && record.id === id);
    if (ended?.type !== 'delivery_ended') return undefined;
    return ended.receipt;
  }

  assertReceipt(id: string, receipt: string): void {
    assert.equal(this.receipt(id), receipt, `Expected the receipt of ${id} to be "${receipt}".`);
  }

  #assertNotAsked(): void {
    const [request] = this.talk.asks;
    assert.equal(
      request,
      undefined,
      `Expected nothing to be asked of the model; it was asked with:\n${request?.prompt}`,
    );
  }

  #whatHappened(): string {
    const { asks, saying, heard } = this.#talk ?? { asks: [], saying: undefined, heard: [] };
    return [
      'What happened:',
      ...describe(this.records),
      `Heard: ${JSON.stringify(heard)}. Being said: ${JSON.stringify(saying ?? null)}. Open requests: ${String(asks.length)}.`,
    ].join('\n');
  }
}

function nameOf(hand: HandTool): string {
  return hand.tool.name ?? '';
}
