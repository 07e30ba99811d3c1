/**
 * A booking whose caller hangs up, and his next two calls, with a process that dies at any call of its store, before or after
 * it took effect. However that falls, the result is told, and never twice as if it were new.
 */
import {
  Agent,
  AgentSession,
  tool,
  type AgentSessionOptions,
  type RestoreOptions,
  type SessionRecord,
} from 'meanwhile';
import { createVirtualClock, scriptedModel, type VirtualClock } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import { memory, type MemoryStore } from '../../src/store/index.ts';
import { dyingStore, type Death, type DyingStore } from '../support/dying-store.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const leaseMs = 15_000;

/** Something of the result was heard. */
interface Telling {
  readonly sessionId: string;
  readonly asNew: boolean;
}

interface World {
  readonly store: MemoryStore;
  readonly storeClock: VirtualClock;
  readonly tellings: Telling[];
  readonly given: string[];
  readonly onUndelivered: boolean;
  /** The booking is in the store: what is not cannot outlive its process. */
  isBooked: boolean;
}

function createWorld(onUndelivered = false): World {
  const storeClock = createVirtualClock();
  return { store: memory({ clock: storeClock }), storeClock, tellings: [], given: [], onUndelivered, isBooked: false };
}

/** One process with one session. */
class Process {
  readonly store: DyingStore;
  readonly clock: VirtualClock;
  readonly #world: World;
  readonly #sessionId: string;
  session: AgentSession | undefined;

  constructor(world: World, sessionId: string, death?: Death) {
    this.#world = world;
    this.#sessionId = sessionId;
    this.store = dyingStore(world.store, death);
    this.clock = createVirtualClock({ startAt: world.storeClock.now() });
  }

  async start(): Promise<void> {
    const session = new AgentSession(this.#options());
    this.session = session;
    void session.start({ agent: agents.travel() });
    await this.#go(200);
  }

  /** False where there is nothing to restore: it was never begun, or had come to its end. */
  async restore(): Promise<boolean> {
    const restored = AgentSession.restore({ ...this.#options(), agents, takeOver: true } as RestoreOptions);
    let refusal: unknown;
    restored.catch((error: unknown) => (refusal = error));
    await this.#go(1000);
    if (refusal !== undefined) {
      expect((refusal as Error).message).toMatch(/was closed|is not in the store/);
      return false;
    }
    this.session = await restored;
    await this.#go(3000);
    return true;
  }

  async book(): Promise<void> {
    void this.session?.sendMessage('Book it').catch(() => undefined);
    await this.#go(200);
  }

  async hangUp(): Promise<void> {
    void this.session?.close().catch(() => undefined);
    await this.#go(40_000);
  }

  async talk(): Promise<void> {
    await this.#go(1000);
  }

  /** Nothing happens in a process that has died. */
  async #go(ms: number): Promise<void> {
    for (let passed = 0; passed < ms && !this.store.isDead; passed += 50) {
      await this.clock.advance(50);
      if (!this.store.isDead) await this.#world.storeClock.advance(50);
    }
  }

  #options(): AgentSessionOptions {
    const { tellings, given, onUndelivered } = this.#world;
    return {
      llm: scriptedModel([], { clock: this.clock, fallback: ({ prompt }) => answerTo(JSON.stringify(prompt)) }),
      tools: [booking(this.clock)],
      store: this.store,
      sessionId: this.#sessionId,
      userKey: 'ada',
      leaseMs,
      clock: this.clock,
      logger: quiet,
      userAwayMs: Infinity,
      onRecord: new Listening(this.#sessionId, tellings).take,
      ...(onUndelivered ? { onUndelivered: ({ deliveryId }) => void given.push(deliveryId) } : {}),
    };
  }
}

const agents = { travel: () => new Agent({ name: 'travel', instructions: 'You are a travel agent.' }) };

/** Takes long enough for the caller to hang up. */
const booking = (clock: VirtualClock) =>
  tool({
    name: 'book',
    whenSessionEnds: 'finish',
    idempotent: true,
    execute: async (_args, { ctx }) => {
      await ctx.update('Booking.', { deliver: 'silent' });
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 20_000));
      return 'AB12';
    },
  });

function answerTo(prompt: string): { text?: string; calls?: { name: string }[] } {
  if (prompt.includes('AB12')) return { text: 'AB12 is booked.' };
  return prompt.includes('Booking.') || !prompt.includes('Book it')
    ? { text: 'I am booking.' }
    : { calls: [{ name: 'book' }] };
}

/** Which replies told the result, and how. */
class Listening {
  readonly #sessionId: string;
  readonly #tellings: Telling[];
  readonly #asNew = new Map<string, boolean>();

  constructor(sessionId: string, tellings: Telling[]) {
    this.#sessionId = sessionId;
    this.#tellings = tellings;
  }

  readonly take = (record: SessionRecord): void => {
    if (record.type === 'delivery_taken') {
      const results = record.ids.filter((id) => id.endsWith('_final'));
      if (results.length > 0)
        this.#asNew.set(
          record.speechId,
          results.some((id) => !record.covered.includes(id)),
        );
    }
    if (record.type !== 'message_added' || record.message.speechId === undefined) return;
    const asNew = this.#asNew.get(record.message.speechId);
    if (asNew !== undefined) this.#tellings.push({ sessionId: this.#sessionId, asNew });
  };
}

async function begun(world: World, sessionId: string, death?: Death): Promise<Process> {
  const process = new Process(world, sessionId, death);
  await process.start();
  return process;
}

/** The call in which he books, then two more; each process that dies is restored, or the user's next call comes first. */
async function live(world: World, deaths: { first?: Death; second?: Death }, thenRestore: boolean): Promise<string[]> {
  const first = await begun(world, 'call-1', deaths.first);
  await first.book();
  await first.hangUp();
  world.isBooked = (await world.store.read('call-1', 0)).some(({ type }) => type === 'task_started');
  if (first.store.isDead) await comeBack(world, 'call-1');
  const second = await begun(world, 'call-2', deaths.second);
  await second.talk();
  await second.hangUp();
  if (second.store.isDead && thenRestore) await comeBack(world, 'call-2');
  if (second.store.isDead && !thenRestore) await world.storeClock.advance(leaseMs);
  for (const sessionId of ['call-3', 'call-4']) {
    const next = await begun(world, sessionId);
    await next.talk();
    await next.hangUp();
    // Late.
    if (second.store.isDead && !thenRestore && sessionId === 'call-3') await comeBack(world, 'call-2');
  }
  return [...first.store.calls, '|', ...second.store.calls];
}

async function comeBack(world: World, sessionId: string): Promise<void> {
  const process = new Process(world, sessionId);
  if (await process.restore()) await process.hangUp();
}

function judge({ tellings, isBooked }: World): string[] {
  if (tellings.length === 0 && isBooked) return ['it was never told'];
  const wrong: string[] = [];
  if (tellings.length > 2) wrong.push(`it was told ${String(tellings.length)} times`);
  if (tellings.slice(1).some(({ asNew }) => asNew)) wrong.push('it was told again as if it were new');
  return wrong;
}

describe('S3.4 S3.5 S8.7 whoever dies between any two steps, the result is told, and never again as new', () => {
  test('where nobody dies it is told once, in the next call', async () => {
    const world = createWorld();
    const calls = await live(world, {}, true);
    expect(world.tellings).toEqual([{ sessionId: 'call-2', asNew: true }]);
    for (const name of ['post', 'collect', 'settle', 'append', 'release']) expect(calls).toContain(name);
  });

  test.each([
    ['the first', 'first', true],
    ['the second, which is restored', 'second', true],
    ['the second, and the user’s next call comes before it is restored', 'second', false],
  ] as const)('%s', async (_what, who, thenRestore) => {
    const all = await live(createWorld(), {}, true);
    const middle = all.indexOf('|');
    const steps = who === 'first' ? middle : all.length - middle - 1;
    const found: string[] = [];
    let twice = 0;
    for (let at = 0; at < steps; at += 1) {
      for (const when of ['before', 'after'] as const) {
        const world = createWorld();
        await live(world, { [who]: { at, when } }, thenRestore);
        if (world.tellings.length > 1) twice += 1;
        const name = all[who === 'first' ? at : middle + 1 + at];
        found.push(...judge(world).map((wrong) => `${when} ${String(name)} (${String(at)}): ${wrong}`));
      }
    }
    expect(found).toEqual([]);
    expect(steps).toBeGreaterThan(8);
    // Only where it died while it was telling.
    expect(twice).toBeLessThanOrEqual(who === 'first' ? 0 : 3);
  });
});

test('S3.4 S3.5 and if both die', async () => {
  const all = await live(createWorld(), {}, true);
  const middle = all.indexOf('|');
  const found: string[] = [];
  let lives = 0;
  // Each of the first's with a few of the second's, and the other way round.
  for (let a = 0; a < 2 * middle; a += 1) {
    for (let b = a % 5; b < 2 * (all.length - middle - 1); b += 5) {
      const death = (n: number): Death => ({ at: Math.floor(n / 2), when: n % 2 ? 'after' : 'before' });
      const world = createWorld();
      await live(world, { first: death(a), second: death(b) }, lives % 2 === 0);
      lives += 1;
      found.push(...judge(world).map((wrong) => `${String(a)}, ${String(b)}: ${wrong}`));
    }
  }
  expect(found).toEqual([]);
  expect(lives).toBeGreaterThan(100);
}, 60_000);

test('S8.7 whenever the first dies, onUndelivered is called, with one deliveryId, or the user was told', async () => {
  const steps = (await live(createWorld(true), {}, true)).indexOf('|');
  for (let at = 0; at < steps; at += 1) {
    for (const when of ['before', 'after'] as const) {
      const world = createWorld(true);
      await live(world, { first: { at, when } }, true);
      const reached = world.tellings.length + world.given.length;
      expect([when, at, world.isBooked && reached === 0]).toEqual([when, at, false]);
      expect(new Set(world.given).size).toBeLessThanOrEqual(1);
    }
  }
});
