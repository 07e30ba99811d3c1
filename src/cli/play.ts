/**
 * A conversation on a pipe: each line is one turn, played when the one before has come to rest (S10.2), and what
 * happens is printed as a timeline. It ends when the last result was told; a question that nobody can answer any more
 * is not waited for.
 */
import {
  SessionClosedError,
  Timeline,
  type AgentSession,
  type Message,
  type SessionEvent,
  type SessionRecord,
} from '../index.ts';
import { cancelTask, help, listTasks, readInput, type Input } from './commands.ts';
import { signalCodes } from './failure.ts';
import type { World } from './io.ts';
import { Lines } from './lines.ts';
import { leaveTalk, type Talk } from './open.ts';

/** 0 when all went well, 1 when a turn failed or a task can never end, 128 and the signal's number after a signal. */
export async function play(talk: Talk, world: World): Promise<number> {
  const { session, note } = talk;
  const player = new Player(talk, world);
  if (note !== undefined) player.print([`(${note})`]);
  try {
    await talk.start();
    await player.play();
  } catch (error) {
    if (!(error instanceof SessionClosedError)) throw error;
  } finally {
    await (player.ends ? session.close() : leaveTalk(session));
    player.stop();
  }
  return player.exitCode;
}

class Player {
  exitCode = 0;
  /** Said by the user: it does not wait for him to come back. */
  ends = false;
  readonly #session: AgentSession;
  readonly #world: World;
  readonly #timeline = new Timeline();
  readonly #stops: (() => void)[];

  constructor({ session, before = [] }: Talk, world: World) {
    this.#session = session;
    this.#world = world;
    for (const record of before)
      if (record.type === 'task_started') this.#timeline.names.add(record.callId, record.toolName);
    for (const item of before.length > 0 ? saidIn(before) : session.history)
      this.#show({ type: 'item_added', at: item.at, item });
    if (before.length > 0) this.print(['(the process ended here; the conversation goes on)']);
    // For good: the error of the last write comes when all is over.
    world.stdout.on('error', () => this.#end(1));
    this.#stops = [
      session.on('*', (event) => this.#show(event)),
      world.onSignal((signal) => this.#end(signalCodes[signal])),
      world.onStarved(() => this.#starved()),
    ];
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  print(lines: readonly string[]): void {
    if (lines.length > 0 && this.#world.stdout.writable) this.#world.stdout.write(`${lines.join('\n')}\n`);
  }

  async play(): Promise<void> {
    const lines = new Lines(this.#world.stdin);
    const stop = this.#session.on('closed', () => lines.close());
    try {
      for await (const line of lines) {
        const input = readInput(line);
        if (input.type === 'quit') {
          this.ends = true;
          return;
        }
        await this.#take(input);
      }
      await this.#allTold();
    } finally {
      stop();
    }
  }

  async #take(input: Exclude<Input, { type: 'quit' }>): Promise<void> {
    switch (input.type) {
      case 'nothing':
        return;
      case 'say':
        await this.#session.run({ userInput: input.text });
        return;
      case 'wait':
        return input.ms === undefined ? this.#allTold() : this.#wait(input.ms);
      case 'tasks':
        return this.print(listTasks(this.#session, this.#timeline));
      case 'cancel': {
        const failure = await cancelTask(this.#session, this.#timeline, input.task);
        if (failure !== undefined) this.#fail(failure);
        return;
      }
      case 'help':
        return this.print(
          [...help, ['/wait 3s', 'waits; without a time, until all results were told']].map((row) => row.join('  ')),
        );
      case 'wrong':
        return this.#fail(input.message);
    }
  }

  /** Until nothing runs that could still have something to tell. */
  async #allTold(): Promise<void> {
    for (;;) {
      await this.#session.waitForIdle();
      const goesOn = this.#session.tasks.list().some((task) => task.phase !== 'stopping' && task.state === 'working');
      if (!goesOn) return;
      await this.#taskEvent();
    }
  }

  #taskEvent(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stops = (['task_updated', 'task_ended', 'closed'] as const).map((name) =>
      this.#session.on(name, () => resolve()),
    );
    return promise.finally(() => {
      for (const stop of stops) stop();
    });
  }

  async #wait(ms: number): Promise<void> {
    const { clock } = this.#world;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = clock.setTimeout(resolve, ms);
    const stop = this.#session.on('closed', () => resolve());
    await promise;
    clock.clearTimeout(timer);
    stop();
  }

  #show(event: SessionEvent): void {
    if (event.type === 'error' && event.source === 'model') this.exitCode ||= 1;
    this.print(this.#timeline.add(event));
  }

  #fail(message: string): void {
    this.exitCode ||= 1;
    this.#world.stderr.write(`meanwhile: ${message}\n`);
  }

  /** Nothing can happen any more, and yet somebody waits. */
  #starved(): void {
    const { names } = this.#timeline;
    const tasks = this.#session.tasks.list().map((task) => names.nameOf(task.callId));
    this.#fail(
      tasks.length > 0
        ? `${tasks.join(', ')} can never end: nothing is left that it could wait for.`
        : 'the conversation can never end: nothing is left to wait for.',
    );
    this.#end(1);
  }

  #end(exitCode: number): void {
    this.exitCode ||= exitCode;
    void leaveTalk(this.#session);
  }
}

function saidIn(records: readonly SessionRecord[]): readonly Message[] {
  return records.flatMap((record) => (record.type === 'message_added' ? [record.message] : []));
}
