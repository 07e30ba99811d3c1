/** The browser's microphone in pieces, with its level. */
export interface MicrophonePiece {
  readonly samples: Int16Array<ArrayBuffer>;
  /** The loudest sample, 0 to 1. */
  readonly level: number;
}

export interface BrowserMicrophone {
  /** Samples a second. */
  readonly rate: number;
  close(): Promise<void>;
}

export interface MicrophoneOptions {
  readonly onPiece: (piece: MicrophonePiece) => void;
  /** Default: the one the user lets the page have. */
  readonly stream?: MediaStream;
}

/** Enough for speech. A browser that wants its own rate gets it. */
const wantedRate = 16_000;

/** Rejects with a `DOMException`: `NotFoundError` without a microphone, `NotAllowedError` where the user declines. */
export async function openMicrophone({ onPiece, stream }: MicrophoneOptions): Promise<BrowserMicrophone> {
  const source = stream ?? (await askUser());
  const context = new AudioContext({ sampleRate: wantedRate });
  await context.audioWorklet.addModule(new URL('./capture-worklet.js', import.meta.url));
  const node = new AudioWorkletNode(context, 'meanwhile-capture', { numberOfOutputs: 0 });
  node.port.onmessage = ({ data }: MessageEvent<MicrophonePiece>) => onPiece(data);
  context.createMediaStreamSource(source).connect(node);
  await context.resume();
  return {
    rate: context.sampleRate,
    async close() {
      node.port.onmessage = null;
      for (const track of source.getTracks()) if (!stream) track.stop();
      await context.close();
    },
  };
}

async function askUser(): Promise<MediaStream> {
  if (!('mediaDevices' in navigator))
    throw new DOMException('Browsers give a microphone to pages of https or of this machine only.', 'SecurityError');
  const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
  return navigator.mediaDevices.getUserMedia({ audio });
}
