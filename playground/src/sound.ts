/** Microphone and loudspeaker of the page, on and off. */
import { signal } from '@preact/signals';
import {
  openLoudspeaker,
  openMicrophone,
  type BrowserLoudspeaker,
  type BrowserMicrophone,
} from '../../src/client/index.ts';
import { client } from './conversation-store.ts';

export type Sound = 'off' | 'opening' | 'on';

export const sound = signal<Sound>('off');
/** The microphone's loudest sample of late, 0 to 1. */
export const level = signal(0);
/** Why there is none, in a sentence. */
export const soundProblem = signal<string | undefined>(undefined);

let microphone: BrowserMicrophone | undefined;
let loudspeaker: BrowserLoudspeaker | undefined;

/** How much of the level is left from one piece to the next. */
const decay = 0.8;

export async function switchOn(stream?: MediaStream): Promise<void> {
  if (sound.value !== 'off') return;
  sound.value = 'opening';
  soundProblem.value = undefined;
  try {
    loudspeaker = await openLoudspeaker();
    client.setLoudspeaker(loudspeaker);
    microphone = await openMicrophone({
      ...(stream ? { stream } : {}),
      onPiece: ({ samples, level: loudest }) => {
        level.value = Math.max(loudest, level.value * decay);
        client.sendSound(samples);
      },
    });
    client.setMicrophone(microphone.rate);
    sound.value = 'on';
  } catch (error) {
    await switchOff();
    soundProblem.value = describe(error);
  }
}

export async function switchOff(): Promise<void> {
  const [hears, speaks] = [microphone, loudspeaker];
  microphone = undefined;
  loudspeaker = undefined;
  level.value = 0;
  sound.value = 'off';
  client.setMicrophone(undefined);
  client.setLoudspeaker(undefined);
  await hears?.close();
  await speaks?.close();
}

const problems: Readonly<Record<string, string>> = {
  NotFoundError: 'There is no microphone. Plug one in and try again, or write.',
  NotAllowedError: 'The browser does not let this page use the microphone. Allow it in the address bar, or write.',
  NotReadableError: 'Another program is using the microphone. Close it and try again, or write.',
};

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return problems[error.name] ?? `There is no sound: ${error.message}`;
}
