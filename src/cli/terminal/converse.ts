/**
 * A conversation on a terminal: what is said scrolls away above, what goes on stands beneath, and the line being typed
 * stays at the bottom. What is sent while the agent speaks interrupts it.
 */
import { describeFailure, signalCodes } from '../failure.ts';
import { cancelTask, help, listTasks, readInput } from '../commands.ts';
import type { StopSignal, World } from '../io.ts';
import { leaveTalk, type Talk } from '../open.ts';
import { padTo } from './cells.ts';
import { Editor } from './editor.ts';
import { Typing } from './typing.ts';
import { View } from './view.ts';

/** Resolves when the session is closed: with 0, or 128 and the signal's number. Rejects when it cannot be started. */
export async function converse(talk: Talk, world: World): Promise<number> {
  const conversation = new Conversation(talk, world);
  try {
    return await conversation.run();
  } finally {
    conversation.leave();
  }
}

/** A second Ctrl-C within this time closes. */
const twiceMs = 2000;

class Conversation {
  readonly #talk: Talk;
  readonly #world: World;
  readonly #view: View;
  readonly #editor: Editor;
  readonly #typing: Typing;
  readonly #stops: (() => void)[];
  readonly #pending = new Set<{ readonly text: string }>();
  readonly #started = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<number>();
  #interruptedAt = -Infinity;
  /** Set once it is closing. */
  #exitCode: number | undefined;

  constructor(talk: Talk, world: World) {
    const { session } = talk;
    this.#talk = talk;
    this.#world = world;
    this.#typing = new Typing(session, world.clock);
    this.#view = new View(session, world, () => this.#typed);
    this.#editor = new Editor({
      stdin: world.stdin,
      onLine: (line) => this.#take(line),
      onChange: () => this.#changed(),
      onInterrupt: () => this.#interrupt(),
      onClear: () => this.#view.screen.clear(),
      onEnd: () => this.#close(0),
      complete: () => [
        ...help.map(([command]) => command.split(' ')[0] ?? ''),
        ...this.#view.tasks().map(({ name }) => `/cancel ${name}`),
      ],
    });
    // For good: the error of the last write comes when all is over.
    world.stdout.on('error', () => this.#close(signalCodes.SIGHUP));
    this.#stops = [
      world.onSignal((signal) => this.#signal(signal)),
      // What it recorded last is on its way to its store.
      session.on('closed', () => void session.close().then(() => this.#over.resolve(this.#exitCode ?? 0))),
    ];
  }

  async run(): Promise<number> {
    this.#view.greet(this.#talk);
    this.#talk.start().then(() => {
      this.#view.wentOn();
      this.#started.resolve();
    }, this.#over.reject);
    return this.#over.promise;
  }

  leave(): void {
    this.#typing.stop();
    for (const stop of this.#stops) stop();
    this.#editor.close();
    this.#view.close();
  }

  get #typed() {
    const { text, cursor } = this.#editor;
    return {
      text,
      cursor,
      pending: [...this.#pending].map((entry) => entry.text),
      isClosing: this.#exitCode !== undefined,
    };
  }

  #changed(): void {
    this.#typing.typed(this.#editor.text);
    this.#view.screen.draw();
  }

  #take(line: string): void {
    const { story, timeline } = this.#view;
    const { session } = this.#talk;
    const input = readInput(line);
    switch (input.type) {
      case 'nothing':
        return;
      case 'say':
        return this.#send(input.text);
      case 'tasks':
        for (const row of listTasks(session, timeline)) story.note(row);
        return;
      case 'cancel':
        void cancelTask(session, timeline, input.task).then((failure) => failure !== undefined && story.note(failure));
        return;
      case 'help':
        return this.#help();
      case 'quit':
        return this.#close(0, 'ends');
      case 'wait':
        return story.note('/wait is for a pipe; here the agent speaks when there is something to tell.');
      case 'wrong':
        return story.note(input.message);
    }
  }

  /** The floor goes from the typing to the sent words without a gap. */
  #send(text: string): void {
    const entry = { text };
    this.#pending.add(entry);
    const sent = this.#started.promise.then(() => {
      const taken = this.#talk.session.sendMessage(text);
      this.#typing.stop();
      return taken;
    });
    void sent
      .catch((error: unknown) => this.#view.story.note(describeFailure(error)))
      .finally(() => {
        this.#pending.delete(entry);
        this.#view.screen.changed();
      });
  }

  #help(): void {
    const { story } = this.#view;
    const keys: typeof help = [...help, ['Ctrl-C', 'interrupts the agent; once more, or when it is silent, closes']];
    for (const [command, meaning] of keys) story.note(`${padTo(command, 10)} ${meaning}`);
    story.note('What you send while the agent speaks interrupts it.');
  }

  /** Ctrl-C: forgets what was typed, else interrupts, else closes; while it closes, leaves at once. */
  #interrupt(): void {
    const { story } = this.#view;
    const { session } = this.#talk;
    if (this.#exitCode !== undefined) return this.#over.resolve(signalCodes.SIGINT);
    if (this.#editor.text !== '') return this.#editor.empty();
    if (this.#isSecond()) return this.#close(0);
    if (session.agentState === 'speaking' || session.agentState === 'thinking') {
      session.interrupt().catch(() => story.note('The agent may not be interrupted now. Ctrl-C again closes.'));
      return;
    }
    const running = session.tasks.list().length;
    if (running === 0) return this.#close(0);
    const then = session.isKept ? 'leaves; they go on when you come back' : 'closes, and cancels';
    story.note(`${running === 1 ? 'A task is' : `${String(running)} tasks are`} running. Ctrl-C again ${then}.`);
  }

  /** Right after another one. */
  #isSecond(): boolean {
    const now = this.#world.clock.now();
    const isSecond = now - this.#interruptedAt < twiceMs;
    this.#interruptedAt = now;
    return isSecond;
  }

  #signal(signal: StopSignal): void {
    if (signal === 'SIGINT') this.#interrupt();
    else this.#close(signalCodes[signal]);
  }

  /** The session has `closeTimeoutMs` to close in (S8.7). `ends`: it does not wait for the user to come back. */
  #close(exitCode: number, how: 'ends' | 'leaves' = 'leaves'): void {
    if (this.#exitCode !== undefined) return;
    this.#exitCode = exitCode;
    this.#view.screen.changed();
    const { session } = this.#talk;
    void (how === 'ends' ? session.close() : leaveTalk(session));
  }
}
