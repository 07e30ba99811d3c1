/** The thread's end of `SpeechWorker`: one question after another, each answered once. */
import { parentPort } from 'node:worker_threads';
import type { Answered } from './speech-worker.ts';

export function answerEach<Question>(answer: (question: Question) => unknown): void {
  let before: Promise<unknown> = Promise.resolve();
  parentPort?.on('message', ({ id, question }: { readonly id: number; readonly question: Question }) => {
    before = before.then(async () => {
      parentPort?.postMessage(await reply(id, () => answer(question)));
    });
  });
}

async function reply(id: number, run: () => unknown): Promise<Answered> {
  try {
    return { id, value: await run() };
  } catch (error) {
    return { id, failed: error instanceof Error ? error.message : String(error) };
  }
}
