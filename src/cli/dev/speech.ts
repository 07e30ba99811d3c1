/**
 * Sound for the page, where it can be had: the package of offline models, and its weights, which are fetched once. Until
 * they are here, and where they cannot be had, the conversation is in text and the page says why.
 */
import type { SpeechModelV4, TranscriptionModelV4 } from '@ai-sdk/provider';
import type { VoiceActivityModel } from '../../voice/index.ts';
import { describeFailure } from '../failure.ts';

export interface SpeechModels {
  readonly stt: TranscriptionModelV4;
  readonly tts: SpeechModelV4;
  readonly vad: VoiceActivityModel;
}

export type Speech =
  | { readonly type: 'ready'; readonly models: SpeechModels }
  | { readonly type: 'missing'; readonly problem: string };

/** What this needs of `meanwhile-local-speech`. */
interface LocalSpeechModule {
  createLocalSpeech(options: { onProgress?: (progress: Progress) => void }): {
    speech(): SpeechModelV4;
    transcription(): TranscriptionModelV4;
    voiceActivity(): VoiceActivityModel;
    prepare(): Promise<void>;
    isPrepared(): Promise<boolean>;
  };
  progressBar(stream: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>): (progress: Progress) => void;
}

interface Progress {
  readonly name: string;
  readonly receivedBytes: number;
  readonly totalBytes: number;
}

/** The name is put together so that nobody looks for the package who does not ask for sound. */
const packageName = ['meanwhile', 'local', 'speech'].join('-');

export class LocalVoice {
  #state: Speech = { type: 'missing', problem: 'Speech is being prepared.' };

  get state(): Speech {
    return this.#state;
  }

  /** Resolves when it is known whether there is sound. Never rejects. */
  async prepare(terminal: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>): Promise<void> {
    let module: LocalSpeechModule;
    try {
      module = (await import(packageName)) as LocalSpeechModule;
    } catch {
      this.#missing(`Voice needs the package ${packageName}: npm install ${packageName}. Until then you can write.`);
      return;
    }
    const draw = module.progressBar(terminal);
    const local = module.createLocalSpeech({
      onProgress: (progress) => {
        const percent = Math.floor((progress.receivedBytes / progress.totalBytes) * 100);
        this.#missing(
          `Speech models are being fetched, once: ${progress.name} ${String(percent)} %. Until then you can write.`,
        );
        draw(progress);
      },
    });
    try {
      await local.prepare();
      this.#state = {
        type: 'ready',
        models: { stt: local.transcription(), tts: local.speech(), vad: local.voiceActivity() },
      };
    } catch (error) {
      this.#missing(describeFailure(error));
    }
  }

  #missing(problem: string): void {
    this.#state = { type: 'missing', problem };
  }
}
