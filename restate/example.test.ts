/** The travel agent of the guide, its booking on a worker that the command serves. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AgentSession, type SessionEvent } from '../src/index.ts';
import { scriptedModel } from '../src/testing/index.ts';
import { startRestate, type RestateServer } from './server.ts';

let server: RestateServer;
beforeAll(async () => {
  server = await startRestate();
});
afterAll(() => server.close());

test('examples/travel-workers.ts books on a worker, asks on its way, and the result is told', async () => {
  const bin = new URL('../bin/meanwhile.js', import.meta.url);
  const example = new URL('../examples/travel-workers.ts', import.meta.url).pathname;
  const worker = fork(bin, ['worker', example, '--port', '0', '--admin', server.adminUrl], {
    execArgv: ['--conditions=meanwhile-source'],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  try {
    let printed = '';
    for await (const chunk of worker.stdout ?? []) {
      printed += String(chunk);
      if (printed.includes('known to')) break;
    }
    expect(printed).toContain('meanwhile_book_flight');

    process.env['RESTATE_INGRESS'] = server.ingressUrl;
    const { default: createAgent } = await import('../examples/travel-workers.ts');
    const agent = createAgent();
    const session = new AgentSession({ llm: scriptedModel([]), sessionId: crypto.randomUUID() });
    let question: string | undefined;
    const asked = eventOf(session, (event) => {
      if (event.type === 'task_updated' && event.question !== undefined) question = event.recordId;
      return event.type === 'delivery_ended' && event.id === question;
    });
    const told = eventOf(
      session,
      (event) => event.type === 'delivery_ended' && event.id.endsWith('_final') && event.receipt === 'completed',
    );
    await session.start({ agent });
    await session.run({ userInput: 'Book me a flight from Paris to Tokyo' });
    await asked;
    await session.sendMessage('The cheapest one');
    await told;
    const said = session.history.toArray().flatMap((item) => (item.kind === 'message' ? item.parts : []));
    expect(JSON.stringify(said)).toMatch(/The flight from Paris to Tokyo is booked: confirmation AI-\d+/);
    await session.close();
  } finally {
    worker.kill();
    await once(worker, 'exit');
  }
});

function eventOf(session: AgentSession, fits: (event: SessionEvent) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stop = session.on('*', (event) => {
      if (!fits(event)) return;
      stop();
      resolve();
    });
  });
}
