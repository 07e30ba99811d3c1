/**
 * Sound for the page, where it can be had: the package of offline models, and its weights, which are fetched once. Until
 * they are here, and where they cannot be had, the conversation is in text and the page says why.
 */
import type { SpeechModelV4, TranscriptionModelV4 } from '@ai-sdk/provider';
import type { VoiceActivityModel } from '../../voice/index.ts';
import type { SoundProblem } from '../../server/index.ts';
import { describeFailure } from '../failure.ts';

export interface SpeechModels {
  readonly stt: TranscriptionModelV4;
  readonly tts: SpeechModelV4;
  readonly vad: VoiceActivityModel;
}

/** What this needs of `meanwhile-local-speech`. */
export interface LocalSpeechModule {
  createLocalSpeech(options: { onProgress?: (progress: Progress) => void }): LocalSpeech;
  progressBar(stream: Terminal): (progress: Progress) => void;
}

interface LocalSpeech {
  speech(): SpeechModelV4;
  transcription(): TranscriptionModelV4;
  voiceActivity(): VoiceActivityModel;
  prepare(): Promise<void>;
  close(): Promise<void>;
}

type Terminal = Pick<NodeJS.WriteStream, 'write' | 'isTTY'>;

interface Progress {
  readonly name: string;
  readonly receivedBytes: number;
  readonly totalBytes: number;
}

/** The name is put together so that nobody looks for the package who does not ask for sound. */
const packageName = ['meanwhile', 'local', 'speech'].join('-');
const preparing = 'Speech is being prepared. Until then you can write.';
const absent = `Voice needs the package ${packageName}: npm install ${packageName}. Until then you can write.`;

export class LocalVoice {
  readonly #import: () => Promise<LocalSpeechModule>;
  readonly #listeners = new Set<() => void>();
  readonly #models = Promise.withResolvers<SpeechModels | undefined>();
  #local: LocalSpeech | undefined;
  #isPreparing = false;
  #text: string | undefined = preparing;

  constructor(load = () => import(packageName) as Promise<LocalSpeechModule>) {
    this.#import = load;
  }

  /** Undefined where the package is not installed. Their weights may still be on the way: see `problem`. */
  get models(): Promise<SpeechModels | undefined> {
    return this.#models.promise;
  }

  /** Why they cannot be used yet. */
  get problem(): SoundProblem {
    const text = (): string | undefined => this.#text;
    return {
      get text() {
        return text();
      },
      watch: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
  }

  /** Begins, or begins again where it failed. */
  prepare(terminal: Terminal): void {
    if (this.#isPreparing || this.#text === undefined) return;
    this.#isPreparing = true;
    void this.#prepare(terminal).finally(() => {
      this.#isPreparing = false;
    });
  }

  /** Resolves when it is known whether there is sound. Never rejects. */
  async #prepare(terminal: Terminal): Promise<void> {
    const local = this.#local ?? (await this.#load(terminal));
    if (!local) return;
    try {
      await local.prepare();
      this.#say(preparing);
      await warmUp(await this.models);
      this.#say(undefined);
    } catch (error) {
      this.#say(describeFailure(error));
    }
  }

  async #load(terminal: Terminal): Promise<LocalSpeech | undefined> {
    let module: LocalSpeechModule;
    try {
      module = await this.#import();
    } catch (error) {
      this.#say(isAbsent(error) ? absent : describeFailure(error));
      this.#models.resolve(undefined);
      return undefined;
    }
    const draw = module.progressBar(terminal);
    const local = module.createLocalSpeech({
      onProgress: (progress) => {
        this.#say(fetching(progress));
        draw(progress);
      },
    });
    this.#local = local;
    this.#models.resolve({ stt: local.transcription(), tts: local.speech(), vad: local.voiceActivity() });
    return local;
  }

  /** Ends its threads. */
  async close(): Promise<void> {
    await this.#local?.close();
  }

  #say(text: string | undefined): void {
    if (text === this.#text) return;
    this.#text = text;
    for (const listener of [...this.#listeners]) listener();
  }
}

function fetching({ name, receivedBytes, totalBytes }: Progress): string {
  const percent = Math.floor((receivedBytes / totalBytes) * 100);
  return `Speech models are being fetched, once: ${name} ${String(percent)} %. Until then you can write.`;
}

/** A model is slow the first time: not in the conversation. */
async function warmUp(models: SpeechModels | undefined): Promise<void> {
  if (!models) return;
  const { stt, tts, vad } = models;
  const silence = { audio: new Uint8Array(16_000), mediaType: 'audio/pcm;rate=16000' };
  await Promise.all([stt.doGenerate(silence), tts.doGenerate({ text: 'Hello.' }), vad.open()]);
}

function isAbsent(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ERR_MODULE_NOT_FOUND' && message.includes(packageName);
}
