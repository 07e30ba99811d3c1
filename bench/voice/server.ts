/**
 * The server under load, in a process of its own: says where it listens, and how much memory it has when it is asked. With the
 * argument `silero` it hears by that model; all other models take no time.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, AgentSession } from 'meanwhile';
import { serveConversations } from 'meanwhile/server';
import { createVoice } from 'meanwhile/voice';
import { createLocalSpeech } from '../../local-speech/src/index.ts';
import { createModel } from '../model.ts';
import { textAnswer } from './answer.ts';
import { instant } from './sound.ts';

const isReal = process.argv[2] === 'silero';
const local = isReal ? createLocalSpeech() : undefined;
await local?.prepare();
const ears = local ? { ...instant, vad: local.voiceActivity() } : instant;

const http = createServer();
const llm = createModel(() => textAnswer('It is sunny in Tokyo today.'));

serveConversations(http, {
  graceMs: 1_000,
  open: () => {
    const voice = createVoice(ears);
    const session = new AgentSession({ llm, output: voice.output });
    return { session, voice, agent: new Agent({ instructions: 'You know the weather.' }) };
  },
});

http.listen(0, '127.0.0.1', () => {
  process.send?.({ type: 'listening', port: (http.address() as AddressInfo).port });
});

process.on('message', () => {
  globalThis.gc?.();
  const { heapUsed, rss, external, arrayBuffers } = process.memoryUsage();
  process.send?.({ type: 'memory', heapUsed, rss, external: external + arrayBuffers, cpu: process.cpuUsage() });
});
