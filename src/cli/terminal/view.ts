/** What the terminal shows of a session: the story above, the panel beneath, drawn when something has happened. */
import { Timeline, type AgentSession, type SessionRecord, type TimerHandle } from '../../index.ts';
import type { World } from '../io.ts';
import type { Talk } from '../open.ts';
import { createPaint, type Paint } from './paint.ts';
import { drawPanel, type NamedTask } from './panel.ts';
import { Screen, type Panel } from './screen.ts';
import { Story } from './story.ts';

/** What the user is doing, as the panel shows it. */
export interface Typed {
  readonly text: string;
  /** In UTF-16 units from the start of the text. */
  readonly cursor: number;
  /** Sent, and not yet taken. */
  readonly pending: readonly string[];
  readonly isClosing: boolean;
}

/** Ages are shown in seconds. */
const tickMs = 1000;

export class View {
  readonly timeline = new Timeline();
  readonly screen: Screen;
  readonly story: Story;
  readonly #session: AgentSession;
  readonly #world: World;
  readonly #paint: Paint;
  readonly #typed: () => Typed;
  readonly #untold = new Set<string>();
  readonly #stops: (() => void)[];
  #tick: TimerHandle | undefined;

  constructor(session: AgentSession, world: World, typed: () => Typed) {
    this.#session = session;
    this.#world = world;
    this.#paint = createPaint(world);
    this.#typed = typed;
    this.screen = new Screen({
      stdout: world.stdout,
      clock: world.clock,
      panel: (columns, rows) => this.#panel(columns, rows),
    });
    this.story = new Story(this.#paint, this.timeline, this.screen);
    this.#stops = this.#watch();
  }

  greet({ note, before }: Pick<Talk, 'note' | 'before'>): void {
    this.story.title(note === undefined ? 'meanwhile chat' : `meanwhile chat · ${note}`);
    this.story.note('Type, and press Enter. /help lists the commands.');
    if (before) this.#goOn(before);
    else this.story.recall(this.#session.history);
    this.screen.draw();
  }

  #goOn(before: readonly SessionRecord[]): void {
    const now = this.#world.clock.now();
    this.story.recallRecords(before);
    this.story.restored(before.at(-1)?.at ?? now, now);
  }

  /** The session has started: what it brought along is shown. */
  wentOn(): void {
    for (const id of this.#session.state.tasks.deliveries.keys()) this.#untold.add(id);
    this.#keepTicking();
    this.screen.changed();
  }

  /** The running tasks by the names they are shown with. */
  tasks(): NamedTask[] {
    return this.#session.tasks.list().map((info) => ({ name: this.timeline.names.nameOf(info.callId), info }));
  }

  close(): void {
    this.#world.clock.clearTimeout(this.#tick);
    for (const stop of this.#stops) stop();
    this.screen.close();
  }

  #watch(): (() => void)[] {
    const changed = (): void => this.screen.changed();
    return [
      this.#world.capture((text) => this.story.log(text.trimEnd())),
      this.#world.onCrash(() => this.screen.close()),
      this.#session.watchText({
        onText: (text) => {
          this.story.speaks(text);
          changed();
        },
        onEnd: (_speech, cut) => {
          this.story.spoke(cut);
          changed();
        },
      }),
      this.#session.on('delivery_scheduled', ({ id }) => this.#untold.add(id)),
      this.#session.on('delivery_ended', ({ id }) => this.#untold.delete(id)),
      this.#session.on('*', (event) => {
        this.story.add(event);
        changed();
        this.#keepTicking();
      }),
    ];
  }

  #panel(columns: number, rows: number): Panel {
    const { text, cursor, pending, isClosing } = this.#typed();
    const isBusy = this.#session.agentState === 'speaking' || this.#session.agentState === 'thinking';
    const facts = {
      speaking: this.story.speaking,
      pending,
      floor: isClosing ? 'closing' : this.#floor(),
      untold: this.#untold.size,
      hint: isClosing ? '' : isBusy ? 'Ctrl-C interrupts' : '/help',
      tasks: this.tasks(),
      text,
      cursor,
    };
    return drawPanel(facts, this.#paint, columns, rows);
  }

  #floor(): string {
    const { floor, agentState, currentAgent } = this.#session;
    if (floor === 'user') return 'you';
    if (typeof floor === 'object') return this.timeline.names.nameOf(floor.callId);
    const agent = `${currentAgent?.name ?? 'agent'}, ${agentState}`;
    if (floor === 'agent') return agent;
    return agentState === 'thinking' ? `free (${agent})` : 'free';
  }

  /** While something runs, its age grows. */
  #keepTicking(): void {
    if (this.#tick !== undefined || this.#session.tasks.list().length === 0) return;
    this.#tick = this.#world.clock.setTimeout(() => {
      this.#tick = undefined;
      this.screen.changed();
      this.#keepTicking();
    }, tickMs);
  }
}
