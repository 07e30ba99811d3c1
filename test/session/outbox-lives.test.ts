/**
 * One user, several sessions at once, and anything happens to them: booked in, hung up, killed, suspended, restored, taken over,
 * their stores failing. In the end each result was told, and none was told again as if it were new (S3.4, S3.5, S8.7).
 */
import fc from 'fast-check';
import { Agent, AgentSession, tool, type AgentSessionOptions, type SessionRecord } from 'meanwhile';
import { createVirtualClock, scriptedModel, type VirtualClock } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { memory, type MemoryStore } from '../../src/store/index.ts';
import { dyingStore } from '../support/dying-store.ts';
import { createPlayback } from '../support/playback.ts';
import { moodyStore, type MoodyStore, type StoreMood } from '../support/store.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const leaseMs = 15_000;
const stepMs = 100;

const action = fc.record({
  phone: fc.nat(1),
  what: fc.constantFrom(
    'call',
    'call',
    'book',
    'book',
    'book',
    'hang up',
    'hang up',
    'drain',
    'kill',
    'suspend',
    'take over',
  ),
  mood: fc.option(fc.constantFrom<StoreMood>('fails', 'loses answers', 'hangs'), { nil: undefined, freq: 5 }),
  thenMs: fc.constantFrom(300, 300, 600, 600, 1000, 3000, 6000, 16_000),
});
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** What became of each result, over all sessions. */
class Results {
  readonly wrong: string[] = [];
  readonly told = new Set<string>();
  /** How often a session got one of another. */
  received = 0;
  readonly #received = new Map<string, string>();
  readonly #telling = new Map<string, readonly string[]>();

  take(sessionId: string, record: SessionRecord): void {
    if (record.type === 'result_received') {
      this.received += 1;
      this.#received.set(`${sessionId}/${record.record.id}`, record.result.deliveryId);
    }
    if (record.type === 'delivery_taken') {
      const results = record.ids.filter((id) => id.endsWith('_final'));
      for (const id of results)
        if (this.told.has(this.#nameOf(sessionId, id)) && !record.covered.includes(id))
          this.wrong.push(`${this.#nameOf(sessionId, id)} is told by ${sessionId} again as if it were new`);
      const names = results.map((id) => this.#nameOf(sessionId, id));
      this.#telling.set(`${sessionId}/${record.speechId}`, names);
    }
    if (record.type === 'message_added' && record.message.role === 'assistant')
      for (const name of this.#telling.get(`${sessionId}/${String(record.message.speechId)}`) ?? [])
        this.told.add(name);
  }

  #nameOf(sessionId: string, recordId: string): string {
    const own = `${sessionId}/${recordId}`;
    return this.#received.get(own) ?? own;
  }
}

/** One process with one session. */
class Process {
  readonly id: string;
  readonly clock: VirtualClock;
  readonly store: MoodyStore;
  session: AgentSession | undefined;
  isDead = false;
  readonly #options: AgentSessionOptions & { sessionId: string; store: MoodyStore };

  constructor(world: World, sessionId: string) {
    this.id = sessionId;
    this.clock = createVirtualClock({ startAt: world.clock.now() });
    this.store = moodyStore(dyingStore(world.store));
    const { clock } = this;
    this.#options = {
      llm: scriptedModel([], { clock, fallback: ({ prompt }) => answerTo(prompt) }),
      output: createPlayback(clock),
      tools: [booking(clock)],
      store: this.store,
      sessionId,
      userKey: 'ada',
      leaseMs,
      maxAttempts: 1000,
      clock,
      logger: quiet,
      userAwayMs: Infinity,
      onRecord: (record) => {
        if (!this.isDead) world.results.take(sessionId, record);
      },
    };
  }

  /** The session of before, if it can go on; else a new one, if there was none. */
  live(isKept: boolean, takeOver: boolean): void {
    if (isKept) {
      AgentSession.restore({ ...this.#options, agents, takeOver }).then(
        (session) => (this.session = session),
        () => (this.isDead = true),
      );
      return;
    }
    const session = new AgentSession(this.#options);
    session.start({ agent: agents.travel() }).then(
      () => (this.session = session),
      () => (this.isDead = true),
    );
  }
}

const agents = { travel: () => new Agent({ name: 'travel', instructions: 'You are a travel agent.' }) };

const booking = (clock: VirtualClock) =>
  tool({
    name: 'book',
    whenSessionEnds: 'finish',
    idempotent: true,
    execute: async (_args, { ctx }) => {
      await ctx.update('Booking.', { deliver: 'silent', key: 'begun' });
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 5000));
      return `It is booked under ${ctx.idempotencyKey}.`;
    },
  });

/** It books when it is asked to, and says something else every other time. */
function answerTo(prompt: readonly { readonly role: string }[]): { text?: string; calls?: { name: string }[] } {
  return prompt.at(-1)?.role === 'user' && JSON.stringify(prompt.at(-1)).includes('Book it')
    ? { calls: [{ name: 'book' }] }
    : { text: 'This is what there is to say.' };
}

class World {
  readonly clock = createVirtualClock();
  readonly store: MemoryStore = memory({ clock: this.clock });
  readonly results = new Results();
  readonly ids: string[] = [];
  /** What the user has before him: one that he has hung up goes on beside it. */
  readonly #phones = new Map<number, Process>();
  readonly #all: Process[] = [];

  async play({ phone, what, mood, thenMs }: Action): Promise<void> {
    const process = this.#phones.get(phone);
    const session = process?.isDead ? undefined : process?.session;
    // What a process has not kept when it ends is lost with it.
    const fails = process && mood !== undefined && !['kill', 'suspend', 'take over'].includes(what);
    if (fails) process.store.mood = mood;
    if (what === 'call' || !process) await this.#live(phone, process?.isDead ? process.id : this.#newId(), false);
    else if (what === 'take over') await this.#live(phone, process.id, true);
    else if (what === 'book') session?.sendMessage('Book it').catch(() => undefined);
    else if (what === 'kill') this.#kill(process);
    else if (what === 'suspend') void session?.suspend();
    else void session?.close({ drain: what === 'drain' });
    await this.pass(thenMs);
    if (!fails) return;
    process.store.mood = 'works';
    await this.pass(5000);
  }

  /** All die and come back, and hang up; then the user calls twice more. */
  async end(): Promise<void> {
    for (const process of this.#all) this.#kill(process);
    await this.pass(leaseMs);
    for (const id of [...this.ids, this.#newId(), this.#newId()]) {
      await this.#live(0, id, false);
      await this.pass(20_000);
      void this.#phones.get(0)?.session?.close();
      await this.pass(5000);
    }
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      for (const each of this.#all) if (!each.isDead) await each.clock.advance(stepMs);
      await this.clock.advance(stepMs);
    }
  }

  #newId(): string {
    const id = `call-${String(this.ids.length)}`;
    this.ids.push(id);
    return id;
  }

  /** A process that is taken over from lives on: it hears of it when it next asks its store. */
  async #live(phone: number, id: string, takeOver: boolean): Promise<void> {
    const process = new Process(this, id);
    this.#phones.set(phone, process);
    this.#all.push(process);
    process.live((await this.store.read(id, 0, 1)).length > 0, takeOver);
    await this.pass(stepMs);
  }

  #kill(process: Process): void {
    process.isDead = true;
    process.store.mood = 'hangs';
  }
}

/** Of the calls that are in the store. */
async function owed({ store, ids }: World): Promise<string[]> {
  const records = await Promise.all(ids.map((id) => store.read(id, 0, Infinity)));
  return records.flatMap((each, index) =>
    each.flatMap((it) => (it.type === 'task_started' ? [`${ids[index] ?? ''}/${it.callId}_final`] : [])),
  );
}

test('S3.4 S3.5 S8.7 whatever becomes of the sessions of one user, each result is told, and never again as new', async () => {
  let bookings = 0;
  let handedOver = 0;
  const found: string[] = [];
  const numRuns = 100;
  await fc.check(
    fc.asyncProperty(fc.array(action, { minLength: 8, maxLength: 40, size: 'max' }), async (actions) => {
      const world = new World();
      for (const each of actions) await world.play(each);
      await world.end();
      const all = await owed(world);
      bookings += all.length;
      handedOver += world.results.received;
      const lost = all.filter((id) => !world.results.told.has(id)).map((id) => `${id} was never told`);
      const wrong = [...world.results.wrong, ...lost];
      if (wrong.length > 0) found.push(`${JSON.stringify(actions)}: ${wrong.join('; ')}`);
      return wrong.length === 0;
    }),
    { numRuns, seed: 20_261_120 },
  );
  expect(found.slice(-1)).toEqual([]);
  expect(bookings).toBeGreaterThan(numRuns);
  expect(handedOver).toBeGreaterThan(numRuns / 10);
}, 600_000);
