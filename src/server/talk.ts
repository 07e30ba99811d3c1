/**
 * One user's conversation: its session, its records, and the page that is connected to it, if one is. A page that goes may come
 * back within the grace time, with the number of the last record it saw; what the session did meanwhile is there.
 */
import { randomUUID } from 'node:crypto';
import { MeanwhileError, type Clock, type SessionRecord, type TimerHandle } from '../index.ts';
import type { VoiceConnection } from '../voice/index.ts';
import { PROTOCOL_VERSION, type ClientMessage, type CloseReason, type ServerMessage } from '../wire/index.ts';
import { watchSession } from './outgoing.ts';
import type { OpenedTalk } from './options.ts';
import { RemoteLoudspeaker, RemoteMicrophone } from './remote-sound.ts';

/** A page, as its conversation sees it. */
export interface Page {
  send(message: ServerMessage): void;
  sendSound(bytes: Uint8Array): void;
  close(reason: CloseReason, detail?: string): void;
}

export interface TalkDeps {
  readonly clock: Clock;
  readonly graceMs: number;
  readonly maxRecords: number;
  /** It is over, and will not be found any more. */
  readonly onOver: () => void;
  readonly onError: (error: unknown) => void;
}

interface Attached {
  readonly page: Page;
  readonly microphone: RemoteMicrophone | undefined;
  readonly loudspeaker: RemoteLoudspeaker | undefined;
  readonly line: VoiceConnection | undefined;
}

type Sound = Extract<ClientMessage, { type: 'hello' }>['sound'];

export class Talk {
  /** To come back with. */
  readonly key = randomUUID();
  readonly #opened: OpenedTalk;
  readonly #deps: TalkDeps;
  #records: SessionRecord[] = [];
  #attached: Attached | undefined;
  #grace: TimerHandle | undefined;
  #isOver = false;

  constructor(opened: OpenedTalk, deps: TalkDeps) {
    this.#opened = opened;
    this.#deps = deps;
    watchSession(opened, () => deps.clock.now(), {
      record: (record) => this.#keep(record),
      message: (message) => this.#attached?.page.send(message),
      closed: () => this.#end(),
    });
  }

  /** Lets the agent enter. Rejects with what was wrong with it, and is over then. */
  async start(): Promise<void> {
    const { session, agent } = this.#opened;
    try {
      if (agent) await session.start({ agent });
    } catch (error) {
      this.close('it could not start');
      throw error;
    }
  }

  get sessionId(): string {
    return this.#opened.session.state.sessionId ?? '';
  }

  /** A page is here, in place of one before. `since`: the last record it saw. */
  attach(page: Page, sound: Sound = {}, since = 0): void {
    this.#deps.clock.clearTimeout(this.#grace);
    const before = this.#attached;
    this.#detach();
    before?.page.close('replaced');
    this.#welcome(page, since);
    const { voice, session } = this.#opened;
    const microphone = sound.microphone === undefined ? undefined : new RemoteMicrophone(sound.microphone);
    const loudspeaker = sound.loudspeaker === undefined ? undefined : new RemoteLoudspeaker(sound.loudspeaker, page);
    const line = voice?.connect(session, {
      ...(microphone ? { input: microphone } : {}),
      ...(loudspeaker ? { output: loudspeaker } : {}),
    });
    this.#attached = { page, microphone, loudspeaker, line };
  }

  /** The page is gone. */
  leave(page: Page): void {
    if (this.#isOver || (this.#attached && this.#attached.page !== page)) return;
    this.#detach();
    this.#deps.clock.clearTimeout(this.#grace);
    this.#grace = this.#deps.clock.setTimeout(() => this.close('hung up'), this.#deps.graceMs);
  }

  hear(message: ClientMessage): void {
    const { session, voice } = this.#opened;
    switch (message.type) {
      case 'text':
        return this.#quietly(session.sendMessage(message.text));
      case 'interrupt':
        return this.#quietly(session.interrupt());
      case 'cancel_task':
        return this.#quietly(session.tasks.cancel(message.callId));
      case 'answer_task':
        return this.#quietly(session.tasks.answer(message.callId, message.action, message.content));
      case 'voice':
        return this.#switchVoice(message.speaks, voice);
      case 'cleared':
        return this.#attached?.loudspeaker?.cleared(message.id, message.playedMs);
      case 'drained':
        return this.#attached?.loudspeaker?.drained(message.id);
      case 'hello':
        return undefined;
    }
  }

  hearSound(bytes: Uint8Array): void {
    this.#attached?.microphone?.push(bytes);
  }

  close(reason: string): void {
    this.#quietly(this.#opened.session.close({ reason }));
  }

  /** What a page must know before anything else, and what it missed. */
  #welcome(page: Page, since: number): void {
    const { session, voice, note, soundProblem } = this.#opened;
    const first = this.#records[0]?.seq ?? session.state.seq + 1;
    page.send({
      type: 'welcome',
      version: PROTOCOL_VERSION,
      key: this.key,
      sessionId: this.sessionId,
      seq: session.state.seq,
      from: first,
      now: this.#deps.clock.now(),
      sound: {
        hears: voice?.hears ?? false,
        speaks: voice?.speaks ?? false,
        ...(soundProblem === undefined ? {} : { problem: soundProblem }),
      },
      ...(note === undefined ? {} : { note }),
    });
    for (const record of this.#records) if (record.seq > since) page.send({ type: 'record', record });
    page.send({
      type: 'state',
      agent: session.agentState,
      user: session.userState,
      ...(session.currentAgent ? { agentName: session.currentAgent.name } : {}),
      at: this.#deps.clock.now(),
    });
  }

  #switchVoice(speaks: boolean, voice: OpenedTalk['voice']): void {
    if (!voice) return;
    try {
      voice.speaks = speaks;
    } catch (error) {
      this.#problem(error);
    }
  }

  #keep(record: SessionRecord): void {
    this.#records.push(record);
    if (this.#records.length > this.#deps.maxRecords * 1.25)
      this.#records = this.#records.slice(-this.#deps.maxRecords);
    this.#attached?.page.send({ type: 'record', record });
  }

  #detach(): void {
    const attached = this.#attached;
    this.#attached = undefined;
    attached?.microphone?.end();
    attached?.line?.close();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deps.clock.clearTimeout(this.#grace);
    const page = this.#attached?.page;
    this.#detach();
    page?.close('over');
    this.#deps.onOver();
  }

  /** What a page asks for may not be possible (any more): it is told. */
  #quietly(done: Promise<unknown>): void {
    done.catch((error: unknown) => this.#problem(error));
  }

  #problem(error: unknown): void {
    if (!(error instanceof MeanwhileError)) this.#deps.onError(error);
    const message = error instanceof Error ? error.message : String(error);
    this.#attached?.page.send({ type: 'problem', source: 'request', message, at: this.#deps.clock.now() });
  }
}
