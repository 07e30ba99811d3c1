/**
 * One user's conversation: its session, its records, and the page that is connected to it, if one is. A page that goes may come
 * back within the grace time, with the number of the last record it saw; what the session did meanwhile is there.
 */
import { randomUUID } from 'node:crypto';
import { MeanwhileError, SessionClosedError, type Clock, type SessionRecord, type TimerHandle } from '../index.ts';
import type { VoiceConnection } from '../voice/index.ts';
import {
  PROTOCOL_VERSION,
  type ClientMessage,
  type CloseReason,
  type PageSound,
  type ServerMessage,
  type SessionSound,
} from '../wire/index.ts';
import { watchSession } from './outgoing.ts';
import type { OpenedTalk } from './options.ts';
import { RemoteLoudspeaker, RemoteMicrophone } from './remote-sound.ts';

/** A page, as its conversation sees it. */
export interface Page {
  send(message: ServerMessage): void;
  sendSound(bytes: Uint8Array): void;
  close(reason: CloseReason, detail?: string): void;
  /** Not so much waits to be read that more had better wait here. */
  readonly hasRoom: boolean;
  /** Calls `go` when it has again. */
  whenRoom(go: () => void): void;
}

/** What a page says of the conversation it comes back to. */
type Resume = Extract<ClientMessage, { type: 'hello' }>['resume'];

export interface TalkDeps {
  readonly clock: Clock;
  readonly graceMs: number;
  readonly maxRecords: number;
  /** It is over, and will not be found any more. */
  readonly onOver: () => void;
  readonly onError: (error: unknown) => void;
}

/** A microphone and a loudspeaker at a page, in use. */
interface Line {
  readonly microphone: RemoteMicrophone | undefined;
  readonly loudspeaker: RemoteLoudspeaker | undefined;
  readonly connection: VoiceConnection;
}

export class Talk {
  /** To come back with. */
  readonly key: string;
  readonly #run = randomUUID();
  readonly #opened: OpenedTalk;
  readonly #deps: TalkDeps;
  #records: SessionRecord[] = [];
  #page: Page | undefined;
  /** The page that has all records there are, and is told what happens. */
  #live: Page | undefined;
  #line: Line | undefined;
  #grace: TimerHandle | undefined;
  #isOver = false;
  #lastId = 0;
  readonly #unwatchSound: (() => void) | undefined;

  constructor(opened: OpenedTalk, deps: TalkDeps) {
    this.#opened = opened;
    this.#deps = deps;
    this.key = opened.key ?? randomUUID();
    watchSession(opened, () => deps.clock.now(), {
      record: (record) => this.#keep(record),
      message: (message) => this.#live?.send(message),
      closed: () => this.#end('over'),
    });
    const { soundProblem } = opened;
    if (typeof soundProblem === 'object')
      this.#unwatchSound = soundProblem.watch(() =>
        this.#page?.send({ type: 'sound', sound: this.#sound, at: deps.clock.now() }),
      );
  }

  /** Lets the agent enter. Rejects with what was wrong with it, and is over then. */
  async start(): Promise<void> {
    const { session, agent } = this.#opened;
    // It will never say that it closes, or that is over already and only its tasks go on.
    if (session.state.status === 'closed' || session.state.status === 'finishing') {
      this.#end('over');
      throw new SessionClosedError('open');
    }
    try {
      if (agent) await session.start({ agent });
    } catch (error) {
      this.close('it could not start');
      throw error;
    }
  }

  get isKept(): boolean {
    return this.#opened.session.isKept;
  }

  get sessionId(): string {
    return this.#opened.session.state.sessionId ?? '';
  }

  /** What can be done with sound now. */
  get #sound(): SessionSound {
    const { voice, soundProblem } = this.#opened;
    const problem = typeof soundProblem === 'object' ? soundProblem.text : soundProblem;
    if (problem !== undefined) return { hears: false, speaks: false, problem };
    return { hears: voice?.hears ?? false, speaks: voice?.canSpeak ?? false };
  }

  /** A page is here, in place of one before. */
  attach(page: Page, sound: PageSound = {}, resume?: Resume): void {
    this.#deps.clock.clearTimeout(this.#grace);
    const before = this.#page;
    this.#page = page;
    this.#live = undefined;
    before?.close('replaced');
    this.#welcome(page, this.#seenBy(resume));
    this.#connectSound(page, sound);
  }

  /** The page is gone. */
  leave(page: Page): void {
    if (this.#isOver || (this.#page && this.#page !== page)) return;
    this.#detach();
    this.#deps.clock.clearTimeout(this.#grace);
    this.#grace = this.#deps.clock.setTimeout(() => this.close('hung up'), this.#deps.graceMs);
  }

  hear(message: ClientMessage): void {
    const { session } = this.#opened;
    switch (message.type) {
      case 'text':
        return this.#quietly(session.sendMessage(message.text));
      case 'interrupt':
        return this.#quietly(session.interrupt());
      case 'cancel_task':
        return this.#quietly(session.tasks.cancel(message.callId));
      case 'answer_task':
        return this.#quietly(session.tasks.answer(message.callId, message.action, message.content));
      case 'sound':
        return this.#page && this.#connectSound(this.#page, message);
      case 'cleared':
        return this.#line?.loudspeaker?.cleared(message.id, message.playedMs);
      case 'drained':
        return this.#line?.loudspeaker?.drained(message.id);
      case 'hello':
        return undefined;
    }
  }

  hearSound(bytes: Uint8Array): void {
    this.#line?.microphone?.push(bytes);
  }

  /** Lets go of a session that is kept: another process may bring it back, and its page waits for that. */
  async suspend(): Promise<void> {
    this.#end('away');
    await this.#opened.session.suspend();
  }

  /** Its page comes back, where it is kept to this one, else to another. */
  reload(): void {
    this.#end('reload');
    if (this.isKept) this.#quietly(this.#opened.session.suspend());
    else this.close('reload');
  }

  close(reason: string): void {
    this.#quietly(this.#opened.session.close({ reason }));
  }

  /**
   * The last record that this page has of those there are. What a process that died had told, but not kept, is not among them:
   * a page that was there is sent everything again.
   */
  #seenBy(resume: Resume): number {
    if (!resume || resume.key !== this.key) return 0;
    return this.isKept && resume.run !== this.#run ? 0 : resume.since;
  }

  /** What a page must know before anything else, and what it missed. */
  #welcome(page: Page, since: number): void {
    const { session, note } = this.#opened;
    page.send({
      type: 'welcome',
      version: PROTOCOL_VERSION,
      key: this.key,
      sessionId: this.sessionId,
      seq: session.state.seq,
      run: this.#run,
      from: session.isKept ? since + 1 : Math.max(since + 1, this.#inMemoryFrom),
      ...(session.isKept ? { kept: true } : {}),
      now: this.#deps.clock.now(),
      sound: this.#sound,
      ...(note === undefined ? {} : { note }),
    });
    this.#catchUp(page, since);
  }

  /** The first record that need not be read from the store. */
  get #inMemoryFrom(): number {
    return this.#records[0]?.seq ?? this.#opened.session.state.seq + 1;
  }

  #catchUp(page: Page, since: number): void {
    if (this.#opened.session.isKept && since + 1 < this.#inMemoryFrom) return void this.#readKept(page, since);
    this.#sendAll(
      page,
      () => this.#records,
      since,
      () => this.#goLive(page),
    );
  }

  /** What happened before this process, or is too long ago to be in memory. */
  async #readKept(page: Page, since: number): Promise<void> {
    let records: readonly SessionRecord[] = [];
    try {
      records = await this.#opened.session.readRecords(since);
    } catch (error) {
      // It is shown what there is.
      this.#problem(error);
    }
    const last = records.at(-1)?.seq ?? this.#inMemoryFrom - 1;
    this.#sendAll(
      page,
      () => records,
      since,
      () => this.#catchUp(page, last),
    );
  }

  /** No faster than the page reads, or it would be taken for one that does not. */
  #sendAll(page: Page, records: () => readonly SessionRecord[], since: number, done: () => void): void {
    if (this.#page !== page) return;
    let seen = since;
    for (const record of records()) {
      if (record.seq <= seen) continue;
      if (!page.hasRoom) return page.whenRoom(() => this.#sendAll(page, records, seen, done));
      page.send({ type: 'record', record });
      seen = record.seq;
    }
    done();
  }

  #goLive(page: Page): void {
    this.#live = page;
    const { session } = this.#opened;
    page.send({
      type: 'state',
      agent: session.agentState,
      user: session.userState,
      ...(session.currentAgent ? { agentName: session.currentAgent.name } : {}),
      at: this.#deps.clock.now(),
    });
  }

  /** What is not said is written: the agent speaks where there is a loudspeaker. */
  #connectSound(page: Page, sound: PageSound): void {
    const { voice, session } = this.#opened;
    if (!voice) return;
    this.#line?.microphone?.end();
    const microphone = sound.microphone === undefined ? undefined : new RemoteMicrophone(sound.microphone);
    const loudspeaker = sound.loudspeaker === undefined ? undefined : this.#loudspeaker(page, sound.loudspeaker);
    const connection = voice.connect(session, {
      ...(microphone ? { input: microphone } : {}),
      ...(loudspeaker ? { output: loudspeaker } : {}),
    });
    this.#line = { microphone, loudspeaker, connection };
    if (voice.canSpeak) voice.speaks = loudspeaker !== undefined;
  }

  /** The one there is, if it is no other: what it is playing goes on. */
  #loudspeaker(page: Page, rate: number): RemoteLoudspeaker {
    const now = this.#line?.loudspeaker;
    return now?.isAt(page, rate) ? now : new RemoteLoudspeaker(rate, page, () => (this.#lastId += 1));
  }

  #keep(record: SessionRecord): void {
    this.#records.push(record);
    if (this.#records.length > this.#deps.maxRecords * 1.25)
      this.#records = this.#records.slice(-this.#deps.maxRecords);
    this.#live?.send({ type: 'record', record });
  }

  #detach(): void {
    this.#page = undefined;
    this.#live = undefined;
    this.#line?.microphone?.end();
    this.#line?.connection.close();
    this.#line = undefined;
  }

  #end(reason: 'over' | 'reload' | 'away'): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#unwatchSound?.();
    this.#deps.clock.clearTimeout(this.#grace);
    const page = this.#page;
    this.#detach();
    page?.close(reason);
    this.#deps.onOver();
  }

  /** What a page asks for may not be possible (any more): it is told. */
  #quietly(done: Promise<unknown>): void {
    done.catch((error: unknown) => this.#problem(error));
  }

  #problem(error: unknown): void {
    if (!(error instanceof MeanwhileError)) this.#deps.onError(error);
    const message = error instanceof Error ? error.message : String(error);
    this.#page?.send({ type: 'problem', source: 'request', message, at: this.#deps.clock.now() });
  }
}
