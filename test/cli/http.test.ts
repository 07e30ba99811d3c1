/** The travel example in the terminal, with a real model's package against a local OpenAI-compatible HTTP server. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { startWireServer } from '../wire/server.ts';

const root = new URL('../../', import.meta.url);

test('with MEANWHILE_BASE_URL the same command talks to that server', async () => {
  const server = await startWireServer();
  onTestFinished(() => server.close());
  server.enqueue(
    [{ type: 'tool-call', toolName: 'get_weather', input: { city: 'Rome' } }],
    [{ type: 'text', text: 'It is sunny in Rome.' }],
    [
      {
        type: 'tool-call',
        toolName: 'book_flight',
        toolCallId: 'booking01',
        input: { origin: 'Paris', destination: 'Rome' },
      },
    ],
    [{ type: 'text', text: 'I am searching.' }],
    [{ type: 'tool-call', toolName: 'cancel_task', input: { call_id: 'booking01' } }],
    [{ type: 'text', text: 'I have stopped it.' }],
  );
  const child = spawn(
    process.execPath,
    ['--conditions=meanwhile-source', 'bin/meanwhile.js', 'chat', 'examples/travel.ts'],
    {
      cwd: root,
      env: {
        ...process.env,
        MEANWHILE_BASE_URL: `${server.baseURL}/compatible-unknown/v1`,
        MEANWHILE_MODEL: 'some-model',
      },
    },
  );
  child.stdin.end('How is Rome?\nThen book a flight there\nStop that\n');
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [code, out, errors] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  expect(out).toContain('agent   It is sunny in Rome.');
  expect(out).toContain('task    book_flight#2: Searching flights from Paris to Rome');
  expect(out).toContain('agent   I am searching.');
  expect(out).toContain('book_flight#2 cancelled');
  expect(out).toContain('agent   I have stopped it.');
  expect(server.requests).toHaveLength(6);
});
