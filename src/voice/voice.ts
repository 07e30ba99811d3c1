/**
 * Ears and a mouth for one session. The mouth is an output like any other; the ears say when the user speaks, and what. It
 * can be connected to a microphone and a loudspeaker, and to others later: what was not played waits.
 */
import {
  createTextOutput,
  MeanwhileError,
  SessionClosedError,
  type AgentSession,
  type Clock,
  type SpeechOutput,
  type SpeechSink,
  type SpokenInfo,
  type TimerHandle,
} from '../index.ts';
import type { AudioOutput } from './audio-output.ts';
import { interrupts } from './barge-in.ts';
import type { VoiceEvent, VoiceEventName, VoiceEvents } from './events.ts';
import type { AudioFrame } from './frames.ts';
import { Listener } from './listener.ts';
import { resolveVoiceOptions, type VoiceOptions, type VoiceSettings } from './options.ts';
import { Playout } from './playout.ts';
import { recognize, type Recognition } from './recognition.ts';
import { Stretch } from './speaker.ts';
import { UserTurn } from './user-turn.ts';

/** What a voice needs of a session. */
export type VoiceSession = Pick<AgentSession, 'userStartedSpeaking' | 'userStoppedSpeaking' | 'sendMessage'>;

export interface VoiceIO {
  /** The microphone. Its end ends nothing but the listening. */
  readonly input?: AsyncIterable<AudioFrame>;
  /** The loudspeaker. */
  readonly output?: AudioOutput;
}

/** A microphone and a loudspeaker that are in use. */
export interface VoiceConnection {
  /** Resolves when there is nothing more to hear. */
  readonly done: Promise<void>;
  /** Listens no more and plays no more; what was not played waits for the next connection. */
  close(): void;
}

interface Open {
  readonly stretch: Stretch;
  readonly speech: SpokenInfo;
}

export class Voice {
  /** For `new AgentSession({ output })`. */
  readonly output: SpeechOutput;
  readonly #options: VoiceOptions;
  readonly #settings: VoiceSettings;
  readonly #playout: Playout;
  readonly #listeners = new Set<(event: VoiceEvent) => void>();
  #open: Open | undefined;
  #turn: UserTurn | undefined;
  #waiting: TimerHandle | undefined;
  #connection: AbortController | undefined;
  #speaks: boolean;

  constructor(options: VoiceOptions) {
    this.#options = options;
    this.#settings = resolveVoiceOptions(options);
    this.#playout = new Playout(this.#clock, this.#settings.playout);
    this.#speaks = options.tts !== undefined;
    this.output = { medium: 'voice', open: (speech) => this.#say(speech) };
  }

  get #clock(): Clock {
    return this.#settings.clock;
  }

  /** Is there speech to text? */
  get hears(): boolean {
    return this.#options.stt !== undefined;
  }

  /** Is there text to speech? */
  get canSpeak(): boolean {
    return this.#options.tts !== undefined;
  }

  /** Are words said? Otherwise they are shown only, the rest of what is being said included. Throws without a `tts`. */
  get speaks(): boolean {
    return this.#speaks;
  }

  set speaks(speaks: boolean) {
    if (speaks && !this.#options.tts)
      throw new MeanwhileError(
        'invalid_option',
        'speaks: expected a voice made with tts, got one without. Pass createVoice({ tts }).',
      );
    this.#speaks = speaks;
    if (!speaks) this.#open?.stretch.show();
  }

  /** Puts a microphone and a loudspeaker to use, in place of those before. */
  connect(session: VoiceSession, { input, output }: VoiceIO): VoiceConnection {
    // What the user was saying ends with the listening, and is understood and answered like all else.
    this.#connection?.abort();
    const connection = new AbortController();
    this.#connection = connection;
    if (output) this.#playout.attach(output);
    else this.#playout.detach();
    return { done: this.#listen(session, input, connection.signal), close: () => this.#disconnect(connection) };
  }

  #disconnect(connection: AbortController): void {
    connection.abort();
    // Another may be in its place.
    if (this.#connection === connection) this.#playout.detach();
  }

  /** Calls `listener` for each event of that name (`'*'`: all); returns the way to stop. One that throws harms nobody. */
  on<Name extends VoiceEventName>(name: Name, listener: (event: VoiceEvent<Name>) => void): () => void;
  on(name: '*', listener: (event: VoiceEvent) => void): () => void;
  on(name: VoiceEventName | '*', listener: (event: never) => void): () => void {
    const hear = (event: VoiceEvent): void => {
      if (name === '*' || event.type === name) listener(event as never);
    };
    this.#listeners.add(hear);
    return () => this.#listeners.delete(hear);
  }

  #say(speech: SpokenInfo): SpeechSink {
    const { tts, synthesis: { timeoutMs: _limit, ...synthesis } = {} } = this.#options;
    if (!tts || !this.#speaks) return createTextOutput().open(speech);
    const onError = (error: unknown): void => this.#tell('error', { source: 'tts', error });
    const stretch: Stretch = new Stretch({
      playout: this.#playout,
      tts,
      synthesis,
      limits: this.#settings.synthesis,
      clock: this.#clock,
      onError,
      onOver: () => {
        if (this.#open?.stretch === stretch) this.#open = undefined;
      },
    });
    this.#open = { stretch, speech };
    return stretch;
  }

  async #listen(session: VoiceSession, input: VoiceIO['input'], signal: AbortSignal): Promise<void> {
    const { stt, vad } = this.#options;
    if (!stt || !vad || !input) return;
    const listener = new Listener(vad, this.#settings.activity, {
      speechStarted: () => this.#speechStarted(session),
      speechGoesOn: (voiceMs) => this.#speechGoesOn(voiceMs),
      speechEnded: (utterance, silentMs) => this.#speechEnded(utterance, this.#clock.now() - silentMs),
    });
    try {
      await listener.listen(input, signal);
    } catch (error) {
      this.#tell('error', { source: 'input', error });
    }
  }

  #speechStarted(session: VoiceSession): Recognition {
    const { stt, recognition = {} } = this.#options;
    if (!stt) throw new Error('Nobody listens without speech to text.');
    const turn = this.#turn ?? this.#beginTurn(session);
    turn.speechStarted();
    this.#clock.clearTimeout(this.#waiting);
    this.#tell('speech_started', {});
    return recognize(stt, {
      ...recognition,
      onPartial: (text) => this.#tell('transcript', { text: `${turn.text} ${text}`.trim(), final: false }),
    });
  }

  #beginTurn(session: VoiceSession): UserTurn {
    const turn = new UserTurn(this.#clock, this.#settings.endpointing, {
      onWords: (text) => {
        this.#clock.clearTimeout(this.#waiting);
        this.#tell('transcript', { text, final: false });
      },
      onError: (error) => this.#tell('error', { source: 'stt', error }),
      onOver: (text) => this.#turnOver(session, text),
    });
    this.#turn = turn;
    session.userStartedSpeaking();
    return turn;
  }

  #speechGoesOn(voiceMs: number): void {
    const speech = this.#open?.speech;
    const talking = {
      voiceMs,
      agentSpeaks: speech !== undefined,
      allowInterruptions: speech?.allowInterruptions ?? true,
    };
    if (this.#playout.isPaused || !interrupts(talking, this.#settings.bargeIn)) return;
    void this.#playout.pause();
    this.#tell('playback_paused', {});
  }

  #speechEnded(utterance: Recognition, at: number): void {
    this.#tell('speech_ended', {});
    this.#turn?.speechEnded(this.#textOf(utterance), at);
    if (!this.#playout.isPaused || this.#turn?.text !== '') return;
    const { falseInterruptionMs } = this.#settings.bargeIn;
    this.#waiting = this.#clock.setTimeout(() => this.#resume(), falseInterruptionMs);
  }

  /** Within a time: the turn of a user whom nobody answers would never be over. */
  #textOf(utterance: Recognition): Promise<string> {
    const { timeoutMs } = this.#settings.recognition;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimeout(() => {
        utterance.cancel();
        const fact = `The transcription model did not answer within ${String(timeoutMs)} ms`;
        reject(new MeanwhileError('speech_failed', `${fact}. Raise recognition.timeoutMs, or use a faster one.`));
      }, timeoutMs);
      utterance
        .end()
        .finally(() => this.#clock.clearTimeout(timer))
        .then(resolve, reject);
    });
  }

  /** The message cuts what the agent was saying, and its place is where it was paused. */
  #turnOver(session: VoiceSession, text: string): void {
    this.#turn = undefined;
    this.#clock.clearTimeout(this.#waiting);
    if (text !== '') {
      this.#tell('transcript', { text, final: true });
      session.sendMessage(text).catch((error: unknown) => {
        // Said into a session that was closing.
        if (!(error instanceof SessionClosedError)) this.#tell('error', { source: 'stt', error });
      });
    }
    session.userStoppedSpeaking();
    if (text === '' || !this.#open?.speech.allowInterruptions) this.#resume();
  }

  #resume(): void {
    if (!this.#playout.isPaused) return;
    void this.#playout.resume();
    this.#tell('playback_resumed', {});
  }

  #tell<Name extends VoiceEventName>(type: Name, detail: Omit<VoiceEvents[Name], 'at'>): void {
    const event = { type, ...detail, at: this.#clock.now() } as unknown as VoiceEvent;
    if (event.type === 'error') this.#options.logger?.error(`Voice: ${event.source} failed: ${String(event.error)}`);
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#options.logger?.error(`A listener threw: ${String(error)}`);
      }
    }
  }
}

/** Throws MeanwhileError `invalid_option` or `unsupported_model`. */
export function createVoice(options: VoiceOptions): Voice {
  return new Voice(options);
}
