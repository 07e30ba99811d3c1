/**
 * Random conversations with tools of every policy: whatever is called, cut, cancelled and validated late, each call is
 * answered once, each task ends once, each delivery has a receipt, and nothing is left behind (S1.4, S3.4, S4, S5).
 */
import fc from 'fast-check';
import { Agent, AgentTask, ToolError } from 'meanwhile';
import { createVirtualClock, scriptedModel, type ScriptedAnswer } from 'meanwhile/testing';
import { expect, test } from 'vitest';
import { heldTool, validatedLater, type HeldBody, type HeldOptions } from '../support/held-tool.ts';
import { byHand, drive, startTestSession, type TestSession } from '../support/session.ts';

const update: HeldOptions = { first: ({ ctx }) => ctx.update('Begun') };
const policies: Record<string, HeldOptions> = {
  plain: { allowCancellation: true },
  join: { onDuplicate: 'join', autoBackgroundMs: 40 },
  reject: { ...update, onDuplicate: 'reject', maxConcurrency: { limit: 1, whenFull: 'reject' } },
  replace: { ...update, onDuplicate: 'replace', allowCancellation: true, maxConcurrency: { limit: 1 }, deaf: true },
  confirm: { ...update, onDuplicate: 'confirm', duplicateWindowMs: 200, timeoutMs: 300 },
  abort: { onInterrupt: 'abort', noProgressTimeoutMs: 100, onHandoff: 'cancel' },
  loud: { ...update, deliver: 'interrupt', supersedeKey: 'loud', onHandoff: 'wait' },
  silent: { ...update, deliver: 'silent', maxConcurrency: { limit: 2 } },
  approved: { needsApproval: true, onDuplicate: 'replace', allowCancellation: true },
  asking: { first: ({ ctx }) => ctx.ask({ message: 'Which?' }), duplicateWindowMs: 500 },
  quiet: { first: ({ ctx }) => ctx.foreground(() => undefined), onDuplicate: 'join' },
  sub: { first: () => new AgentTask({ name: 'sub', instructions: 'Ask.' }).run(), allowCancellation: true },
  late: { onDuplicate: 'join', autoBackgroundMs: 80 },
  laterAbort: { onDuplicate: 'replace', allowCancellation: true, onInterrupt: 'abort' },
};
const names = Object.keys(policies);
const lateNames = ['late', 'laterAbort'];

type Act =
  | { type: 'say'; calls: { name: string; to: string }[]; how: 'words' | 'hang' | 'fail' | 'nothing' }
  | { type: 'interrupt' | 'handoff' | 'validate' | 'complete' }
  | { type: 'advance'; ms: number }
  | { type: 'end' | 'fail' | 'update' | 'cancel' | 'answer'; n: number };

const call = fc.record({ name: fc.constantFrom(...names), to: fc.constantFrom('Rome', 'Oslo') });
const act = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('say' as const),
      calls: fc.array(call, { maxLength: 4 }),
      how: fc.constantFrom('words', 'words', 'hang', 'fail', 'nothing'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('interrupt', 'validate', 'complete', 'handoff') }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('advance' as const), ms: fc.constantFrom(0, 10, 60, 150, 1000) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ type: fc.constantFrom('end', 'fail', 'update', 'cancel', 'answer'), n: fc.nat(9) }),
  },
);

async function play(acts: readonly Act[]): Promise<{ t: TestSession; windUp: () => Promise<void> }> {
  const gates: PromiseWithResolvers<void>[] = [];
  const parameters = validatedLater(() => {
    const gate = byHand();
    gates.push(gate);
    return gate.promise;
  });
  const bodies: HeldBody[] = [];
  const tools = names.map((name) => {
    const { first, ...options } = policies[name]!;
    const keep = (body: HeldBody) => (bodies.push(body), first?.(body));
    return heldTool({ name, ...options, first: keep, ...(lateNames.includes(name) ? { parameters } : {}) }).tool;
  });
  const clock = createVirtualClock();
  let next: Extract<Act, { type: 'say' }> | undefined;
  const model = scriptedModel([], {
    clock,
    fallback: ({ toolChoice }): ScriptedAnswer => {
      const planned = next;
      next = undefined;
      if (!planned) return { text: 'Well.' };
      const calls = toolChoice?.type === 'none' ? [] : planned.calls.map(({ name, to }) => ({ name, args: { to } }));
      const more = {
        words: {},
        nothing: {},
        hang: { hang: byHand().promise, hangAfter: 'end' as const },
        fail: { failAfter: 'end' as const },
      }[planned.how];
      return { ...(planned.how === 'words' ? { text: 'Let me see.' } : {}), ...more, calls };
    },
  });
  const half = Math.floor(names.length / 2);
  const agent = (name: string) => new Agent({ name, instructions: name, tools: tools.slice(0, half) });
  const t = await startTestSession([], { clock, model, agent: agent('a'), tools: tools.slice(half) });
  for (const each of acts) {
    await doIt(t, each, { gates, bodies, agent, plan: (say) => (next = say) });
    await clock.settle();
  }
  return { t, windUp: () => windUp(t, gates, bodies) };
}

/** Everything that anybody waits for happens. */
async function windUp(t: TestSession, gates: PromiseWithResolvers<void>[], bodies: HeldBody[]): Promise<void> {
  const { session, clock } = t;
  for (let round = 0; round < 40 && (round < 4 || session.tasks.list().length > 0 || gates.length > 0); round += 1) {
    await session.interrupt().catch(() => undefined);
    for (const gate of gates.splice(0)) gate.resolve();
    for (const body of bodies.splice(0)) body.end('Done');
    for (const task of session.tasks.list()) {
      if (task.state === 'input_required') await session.tasks.answer(task.callId, 'accept', {}).catch(() => undefined);
    }
    if (session.currentAgent instanceof AgentTask) session.currentAgent.complete('done');
    await clock.advance(2000);
  }
}

interface Hands {
  readonly gates: PromiseWithResolvers<void>[];
  readonly bodies: HeldBody[];
  readonly agent: (name: string) => Agent;
  readonly plan: (say: Extract<Act, { type: 'say' }>) => void;
}

async function doIt(t: TestSession, each: Act, { gates, bodies, agent, plan }: Hands): Promise<void> {
  const { session, clock } = t;
  switch (each.type) {
    case 'say':
      plan(each);
      return void session.sendMessage('Go');
    case 'interrupt':
      return void session.interrupt().catch(() => undefined);
    case 'handoff':
      return void session.updateAgent(agent('b'), { cut: true });
    case 'validate':
      return gates.shift()?.resolve();
    case 'complete': {
      const current = session.currentAgent;
      if (current instanceof AgentTask) current.complete('done');
      return;
    }
    case 'advance':
      return await clock.advance(each.ms);
    case 'end':
      return bodies.splice(each.n, 1)[0]?.end('Done');
    case 'fail':
      return bodies.splice(each.n, 1)[0]?.end(new ToolError('Failed'));
    case 'update':
      return void bodies[each.n]?.ctx.update('More');
    case 'cancel':
      return void session.tasks.cancel(session.tasks.list()[each.n]?.callId ?? 'none');
    case 'answer':
      return void session.tasks
        .answer(session.tasks.list()[each.n]?.callId ?? 'none', 'accept', {})
        .catch(() => undefined);
  }
}

function once(ids: readonly string[]): string[] {
  return ids.filter((id, index) => ids.indexOf(id) !== index);
}

test('S1.4 S4.1 S5.6 whatever happens, each call is answered once, each task ends once, each delivery has its receipt', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act as fc.Arbitrary<Act>, { minLength: 4, maxLength: 22 }), async (acts) => {
      const { t, windUp } = await play(acts);
      if (acts.length % 2 === 0) {
        await windUp();
        expect(t.session.tasks.list()).toEqual([]);
        await drive(t.clock, t.session.waitForIdle());
      }
      const before = t.clock.now();
      await drive(t.clock, t.session.close());
      // Only a body that is deaf to its signal is waited for.
      expect(t.clock.now() - before).toBeLessThanOrEqual(2000);
      const of = <T extends (typeof t.events)[number]['type']>(type: T) =>
        t.events.filter((event) => event.type === type) as Extract<(typeof t.events)[number], { type: T }>[];
      const batched = [...t.session.history].flatMap((item) =>
        item.kind === 'batch' ? item.calls.map((each) => each.callId) : [],
      );
      const started = of('task_started').map((event) => event.callId);
      const ended = of('task_ended').map((event) => event.callId);
      const given = of('call_answered').map((event) => event.callId);
      expect([once(batched), once(started), once(ended), once(given)]).toEqual([[], [], [], []]);
      expect(ended.toSorted()).toEqual(started.toSorted());
      expect(given.filter((id) => started.includes(id))).toEqual([]);
      expect(batched.filter((id) => !started.includes(id) && !given.includes(id))).toEqual([]);
      const scheduled = of('delivery_scheduled').map((event) => event.id);
      const receipts = of('delivery_ended').map((event) => event.id);
      expect(scheduled.filter((id) => !receipts.includes(id))).toEqual([]);
      expect([once(scheduled), once(receipts)]).toEqual([[], []]);
      expect(t.session.state.tasks.running.size).toBe(0);
      expect(t.session.state.tasks.byKey.size).toBe(0);
      expect(t.clock.pending().filter((timer) => timer.inMs !== Infinity)).toEqual([]);
    }),
    { numRuns: Number(process.env['RUNS'] ?? 25) },
  );
});
