/** Plays one plan to its end and tells which invariants it breaks. */
import { WireCheck } from '../support/wire-check.ts';
import { whenItIsOver, whenItRests, whenNothingHappens } from './invariants.ts';
import type { Plan } from './plan.ts';
import { Shuffle, type Scheduler } from './shuffle.ts';
import { Watch, type Wrong } from './watch.ts';
import { World } from './world.ts';

export interface ExamineOptions {
  /** The fold is compared after so many records each. Default 1. */
  readonly foldEvery?: number;
  /** Sends every prompt to the wire of every provider. Default false. */
  readonly wire?: boolean;
  readonly runsAway?: () => never;
}

export interface Examined {
  readonly wrongs: readonly Wrong[];
  /** Who went first, each time: with the plan it replays the session. */
  readonly picks: readonly number[];
  readonly world: World;
}

/** Most virtual time that a session may take to close. */
const closeMs = 60_000;

const rejections: unknown[] = [];
let listens = false;

export async function examine(plan: Plan, scheduler: Scheduler, options: ExamineOptions = {}): Promise<Examined> {
  listen();
  const wire = options.wire ? new WireCheck() : undefined;
  const watch = new Watch({
    foldEvery: options.foldEvery ?? 1,
    ...(wire ? { onRecord: wire.note } : {}),
    ...(options.runsAway ? { runsAway: options.runsAway } : {}),
  });
  const shuffle = new Shuffle(scheduler);
  const world = new World(plan, shuffle, watch, (it) => judge(it, whenNothingHappens));
  try {
    await live(world, plan);
  } catch (error) {
    watch.wrong('nothingThrows', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  await wire?.finish().catch((error: unknown) => watch.wrong('promptsPassTheWire', String(error)));
  for (const error of rejections.splice(0)) watch.wrong('nothingIsUnhandled', String(error));
  return { wrongs: watch.wrongs, picks: shuffle.picks, world };
}

async function live(world: World, { actions }: Plan): Promise<void> {
  const { clock, watch } = world;
  await world.start();
  await world.play(actions);
  if (!world.isClosing) await world.stand();
  const rests = world.isClosing || (await world.calm());
  // A body may have closed it only now.
  if (!world.isClosing) {
    if (!rests) watch.wrong('itComesToRest', describe(world));
    judge(world, whenItRests);
  }
  await clock.runUntil(world.close(false), closeMs);
  watch.isOver = true;
  await world.drain();
  const stillOpen = whenItIsOver['everyWaiterIsSettled']?.(world) ?? [];
  for (const fact of stillOpen) watch.wrong('everyWaiterIsSettled', fact);
  // Bodies that did not listen end as they like, and nobody hears of it.
  await world.releaseAll();
  if (!(await clock.runUntil(world.session.finished, closeMs)))
    watch.wrong('everyWaiterIsSettled', 'the session never finishes');
  await world.drain();
  watch.finish();
  judge(world, whenItIsOver);
}

function judge(world: World, invariants: typeof whenItRests): void {
  for (const [name, invariant] of Object.entries(invariants))
    for (const fact of invariant(world)) world.watch.wrong(name, fact);
}

function describe({ session }: World): string {
  const { stack, tasks, speeches } = session.state;
  return JSON.stringify({
    floor: session.floor,
    user: session.userState,
    stack,
    deliveries: [...tasks.deliveries.keys()],
    tasks: session.tasks.list().map(({ callId, state, phase }) => `${callId} ${state} ${phase}`),
    speeches: [...speeches.keys()],
  });
}

/** Once for the process: thousands of sessions follow each other. */
function listen(): void {
  if (listens) return;
  listens = true;
  process.on('unhandledRejection', (error) => rejections.push(error));
}
