/** onnxruntime in WebAssembly, one thread: the same numbers on every machine, and no native part to install. */
import { readFile } from 'node:fs/promises';
import * as ort from 'onnxruntime-web';

export type Session = ort.InferenceSession;
export type Tensors = Record<string, ort.Tensor>;
export { Tensor } from 'onnxruntime-web';

export async function openSession(path: string): Promise<Session> {
  ort.env.wasm.numThreads = 1;
  return ort.InferenceSession.create(await readFile(path), { executionProviders: ['wasm'], logSeverityLevel: 3 });
}
