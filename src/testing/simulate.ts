/** Plays a script with an application on the virtual clock. The same script gives the same timeline (S10.3). */
import type { LanguageModelV4 } from '@ai-sdk/provider';
import { AgentSession, type Logger } from '../index.ts';
import { checkScript } from './check-script.ts';
import type { Note } from './notes.ts';
import { Observation } from './observation.ts';
import { watchWords } from './observe.ts';
import { pacedModel, type ModelPace, type ModelWeather } from './paced-model.ts';
import { picture, type Mark } from './picture.ts';
import { scriptedModel, type ScriptedModel } from './scripted-model.ts';
import type { ScriptedStep } from './scripted-step.ts';
import { Mocks } from './script-mocks.ts';
import type { App, Script, World } from './script.ts';
import { StageHand } from './stage-hand.ts';
import { ConversationError } from './verdict.ts';
import { createVirtualClock, StillOpenError, type VirtualClock } from './virtual-clock.ts';
import { createSimulatedVoice, type VoicePace } from './simulated-voice.ts';
import { Watch } from './watch.ts';

const hourMs = 3_600_000;

/** A conversation that was played to its end; its session is closed. */
export class Simulation extends Observation {
  /** Closed: its history can be read. */
  readonly session: AgentSession;
  readonly clock: VirtualClock;
  /** What the model was asked, where the script gave its steps. */
  readonly model: ScriptedModel | undefined;
  /** When it began, on the clock. */
  readonly startAt: number;

  constructor(made: Pick<Simulation, 'session' | 'clock' | 'model'>, startAt: number, graceMs: number) {
    super({ startAt, graceMs });
    this.session = made.session;
    this.clock = made.clock;
    this.model = made.model;
    this.startAt = startAt;
  }
}

/**
 * Plays the script and resolves when its steps are over, nothing is left to be told, and no tool runs that could still
 * tell something without the user. Then it closes the session; of the close nothing is in the timeline.
 *
 * Rejects with a TypeError for a script that contradicts itself, with MeanwhileError `invalid_option` for a mock that is
 * no tool of anybody, and with a ConversationError that prints the timeline when a step waits for what never comes, when
 * the conversation is longer than `limitMs`, and when the steps of a scripted model or the failures of one do not fit.
 * What `does` throws goes through.
 *
 * @example
 * const call = await simulate({
 *   app: { agent: new Agent({ instructions: 'You book tables.', tools: [bookTable] }), llm },
 *   tools: { book_table: [{ updates: 'Calling Roma' }, { afterMs: 4000, returns: 'At eight.' }] },
 *   steps: [
 *     { userSays: 'Book a table at Roma' },
 *     { at: 6000, userSays: 'What is a pizza there?' },
 *   ],
 * });
 * call.expectToolCalled('book_table').expectNoOverlap().expectSpoken('at eight');
 */
export async function simulate(script: Script): Promise<Simulation> {
  checkScript(script);
  const clock = createVirtualClock();
  const weather: ModelWeather = { requests: 0, failsUntil: -Infinity };
  const pace = pacer(script.model ?? {}, clock, weather);
  const { agent, llm, ...options } = await made(script.app, clock, pace);
  const model = isSteps(llm) ? scriptedModel(llm, { clock }) : undefined;
  // The voice is there before the session that speaks with it, and that before who watches it.
  const late: { watch?: Watch } = {};
  const output = createSimulatedVoice(clock, voicePace(script), (note) => late.watch?.note(note));
  const speaks = options.output === undefined && script.voice !== 'text';
  const session = new AgentSession({
    logger: silent,
    ...options,
    ...(speaks ? { output } : {}),
    llm: pace(model ?? (llm as LanguageModelV4)),
    clock,
  });
  const simulation = new Simulation({ session, clock, model }, clock.now(), script.user?.interruptsAfterMs ?? 0);
  const watch = (late.watch = new Watch(simulation));
  const mocks = new Mocks(session, script.tools ?? {}, clock);
  const note = (noted: Note): void => watch.note(noted);
  const stops = [session.on('*', note), session.on('*', () => mocks.apply())];
  if (!speaks) stops.push(watchWords(session, clock, note));
  try {
    await clock.runUntil(session.start({ agent }));
    mocks.apply();
    await play(new StageHand(session, clock, watch, script, weather), simulation, script);
  } finally {
    for (const stop of stops) stop();
    note({ type: 'observed', at: clock.now() });
    await clock.runUntil(session.close());
    mocks.check();
  }
  checkModel(simulation);
  checkFailures(script, weather, simulation);
  return simulation;
}

function made(app: Script['app'], clock: VirtualClock, paced: World['paced']): Promise<App> | App {
  if (typeof app !== 'function') return app;
  return clock.runUntil((async () => await app({ clock, paced }))());
}

/** A model that has the pace already is given back. */
function pacer(pace: ModelPace, clock: VirtualClock, weather: ModelWeather): World['paced'] {
  const done = new WeakSet<LanguageModelV4>();
  return (llm) => {
    if (done.has(llm)) return llm;
    const paced = pacedModel(llm, pace, clock, weather);
    done.add(paced);
    return paced;
  };
}

function voicePace({ voice }: Script): VoicePace {
  return voice === 'text' || voice === undefined ? {} : voice;
}

async function play(hand: StageHand, simulation: Simulation, { limitMs = hourMs }: Script): Promise<void> {
  const { clock } = simulation;
  let isOver = false;
  const steps = hand.play().then(() => (isOver = true));
  const whole = steps.then(() => hand.rest());
  try {
    await clock.runUntil(whole, { limitMs });
  } catch (error) {
    if (!(error instanceof StillOpenError)) throw error;
    const goesOn = clock.pending().some((timer) => timer.at < Infinity);
    // A tool that waits for nothing on this clock does not end: the conversation does.
    if (!goesOn && isOver) return;
    whole.catch(() => undefined);
    const waits = isOver ? 'The steps are over, and something goes on.' : hand.busyWith;
    if (!goesOn)
      throw standstill(`Nothing happens any more. ${waits}${hint(simulation)}`, simulation, 'nothing more happens');
    throw standstill(
      `The conversation is longer than limitMs, ${String(limitMs)} ms. ${waits}`,
      simulation,
      'and so on',
    );
  }
}

/** The first thing that goes wrong for a newcomer. */
function hint({ tools }: Simulation): string {
  const running = tools.find((task) => task.to === undefined);
  if (!running) return '';
  return ` ${running.name} is running, and waits for nothing on the virtual clock: mock it in tools, or give it the clock.`;
}

function standstill(fact: string, simulation: Simulation, note: string): ConversationError {
  return failure(fact, simulation, { at: simulation.clock.now() - simulation.startAt, note });
}

/** Nothing that a scripted model was asked in vain is passed over. */
function checkModel(simulation: Simulation): void {
  const { model, reading, durationMs } = simulation;
  try {
    model?.assertComplete();
  } catch (error) {
    const failed = model?.remaining === 0 && reading.rows.find(({ of }) => 'type' in of && of.type === 'error');
    const mark = failed
      ? { of: failed.of, at: failed.from, note: 'asked in vain' }
      : { at: durationMs, note: 'the end' };
    throw failure(error instanceof Error ? error.message : String(error), simulation, mark);
  }
}

/** A failure that was planned for a request nobody made has shown nothing. */
function checkFailures({ model }: Script, { requests }: ModelWeather, simulation: Simulation): void {
  const late = model?.failures?.find(({ request }) => request > requests);
  if (!late) return;
  const fact = `simulate: model.failures has request ${String(late.request)}, but ${String(requests)} were made.`;
  throw failure(fact, simulation, { at: simulation.durationMs, note: 'the end' });
}

function failure(fact: string, { reading }: Simulation, mark: Mark): ConversationError {
  return new ConversationError(`${fact}\n\n${picture(reading.rows, { marks: [mark] })}\n`, simulate);
}

function isSteps(llm: App['llm']): llm is readonly ScriptedStep[] {
  return Array.isArray(llm);
}

const ignore = (): void => undefined;
/** What goes wrong is in the timeline. */
const silent: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
