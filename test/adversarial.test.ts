/**
 * Nasty orders of events, each with its name and what must happen. Every one of them loses a result, tells it twice,
 * talks over somebody or hangs in some other runtime, or once did here.
 *
 * Besides what a case says, at its end everything comes to rest: `atRest` of `support/orders.ts`.
 */
import { type Agent, AgentTask, handoff, SessionClosedError, ToolError, Toolset, type RunContext } from 'meanwhile';
import { createVirtualClock } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { historyOf, outputOf } from './support/history.ts';
import {
  agentOf,
  atRest,
  bodyOf,
  call,
  endsOf,
  entered,
  job,
  receiptsOf,
  say,
  scene,
  sessionOf,
  type Job,
  type Scene,
  type SceneOptions,
} from './support/orders.ts';
import { byHand, drive } from './support/session.ts';

/** A session in which one background task runs. */
async function working(
  options: SceneOptions & { more?: Record<string, unknown> } = {},
): Promise<{ t: Scene; it: Job }> {
  const { more, ...rest } = options;
  const it = job('job', more);
  const t = await scene({
    calls: ['job'],
    ...rest,
    tools: [it.tool, ...((rest.tools as Toolset[] | undefined) ?? [])],
  });
  await say(t);
  return { t, it };
}

const asking = (name = 'ask', more: Partial<ConstructorParameters<typeof AgentTask>[0]> = {}) =>
  new AgentTask<string>({ name, instructions: name, ...more });

/** What the current agent knows, in the order in which its model is sent it. */
const contextOf = (t: Scene) => t.session.contextOf(t.session.currentAgent as Agent);

const told = (t: Scene) => receiptsOf(t, 'final');

describe('a result and a handoff', () => {
  for (const owner of ['session', 'agent']) {
    test(`S8.2 S8.3 a result that finishes during a handoff, its task the ${owner}’s: the next agent tells it, once`, async () => {
      const leave = byHand();
      const it = job();
      const first = agentOf('first', { onExit: () => leave.promise, tools: owner === 'agent' ? [it.tool] : [] });
      const next = agentOf('next');
      const t = await scene({ calls: ['job'], agent: first, tools: owner === 'agent' ? [] : [it.tool] });
      await say(t);
      const handed = t.session.updateAgent(next);
      await t.clock.settle();
      it.end('found');
      await t.clock.advance(1000);
      expect(told(t)).toEqual([]);
      leave.resolve();
      await drive(t.clock, handed);
      await t.clock.advance(1000);
      expect(told(t)).toEqual(['call_1_final completed']);
      expect(historyOf(t.session.contextOf(next))).toContain('call_1_final: found');
      await atRest(t);
    });
  }

  test('S8.2 a failure between onExit and onEnter, while nobody is current: it is kept, and told when there is somebody', async () => {
    const setUp = byHand();
    const { t, it } = await working();
    const next = agentOf('next', { tools: [new Toolset({ id: 'slow', setup: () => setUp.promise })] });
    const handed = t.session.updateAgent(next);
    await t.clock.settle();
    it.end(new ToolError('Payment declined'));
    await t.clock.advance(1000);
    expect(told(t)).toEqual([]);
    setUp.resolve();
    await drive(t.clock, handed);
    await t.clock.advance(100);
    expect(told(t)).toEqual(['call_1_final completed']);
    expect(JSON.stringify(t.model.prompts.at(-1))).toContain('Payment declined');
    await atRest(t);
  });

  for (const first of ['the result', 'the handoff'] as const) {
    test(`S8.3 S5.3 a task that a handoff cancels ends in the same tick, ${first} first: one end, one record`, async () => {
      const it = job('job', { onHandoff: 'cancel' });
      const t = await scene({ calls: ['job'], agent: agentOf('first', { tools: [it.tool] }) });
      await say(t);
      if (first === 'the result') it.end('found');
      const handed = t.session.updateAgent(agentOf('next'));
      if (first === 'the handoff') it.end('found');
      await drive(t.clock, handed);
      await t.clock.advance(1000);
      expect(endsOf(t)).toHaveLength(1);
      expect(historyOf(t.session).filter((line) => line.startsWith('call_1_final'))).toHaveLength(1);
      expect(told(t)).toHaveLength(1);
      await atRest(t);
    });
  }

  test('S8.3 a task that a handoff waits for ends in the tick in which closeTimeoutMs passes: it is told once, by the next agent', async () => {
    const it = job('job', { onHandoff: 'wait' });
    const t = await scene({ calls: ['job'], agent: agentOf('first', { tools: [it.tool] }), closeTimeoutMs: 5000 });
    await say(t);
    t.clock.setTimeout(() => it.end('found'), 5000);
    const handed = t.session.updateAgent(agentOf('next'));
    await drive(t.clock, handed);
    await t.clock.advance(1000);
    expect(told(t)).toEqual(['call_1_final completed']);
    expect(t.session.currentAgent?.name).toBe('next');
    await atRest(t);
  });

  test('S8.5 two handoffs of one step, the second settles first: the first in the model’s order wins, the other is told that it did not happen', async () => {
    const go = byHand();
    const tools = [bodyOf('to_a', async () => (await go.promise, agentOf('a'))), bodyOf('to_b', () => agentOf('b'))];
    const t = await scene({ calls: ['to_a', 'to_b'], tools });
    void t.session.sendMessage('Go');
    await t.clock.settle();
    go.resolve();
    await t.clock.advance(1000);
    expect(entered(t)).toEqual(['travel', 'a']);
    expect(outputOf(t.session, 'call_2')).toContain('not handed over to b');
    await atRest(t);
  });

  test('S8.5 a background handoff is recorded while another one is being told: the one in its turn comes, the other is told that it did not', async () => {
    const slow = job('slow');
    const fast = bodyOf('fast', () => handoff(agentOf('billing'), { returns: 'To billing.' }));
    const steps = ['I put you through to billing now.'];
    const t = await scene({ calls: ['slow', 'fast'], steps, voice: true, tools: [slow.tool, fast] });
    void t.session.sendMessage('Go');
    await t.clock.advance(200);
    slow.end(handoff(agentOf('sales'), { returns: 'To sales.' }));
    await t.clock.advance(20_000);
    expect(entered(t)).toEqual(['travel', 'billing']);
    expect(historyOf(t.session).some((line) => line.includes('not handed over to sales'))).toBe(true);
    await atRest(t);
  });

  test('S8.5 updateAgent overtakes a handoff that is being told: the application’s happens, the tool’s is told as refused', async () => {
    const fast = bodyOf('fast', () => handoff(agentOf('billing'), { returns: 'To billing.' }));
    const t = await scene({ calls: ['fast'], steps: ['I put you through now.'], voice: true, tools: [fast] });
    void t.session.sendMessage('Go');
    await t.clock.advance(200);
    const handed = t.session.updateAgent(agentOf('next'));
    await t.clock.advance(20_000);
    await handed;
    expect(t.session.currentAgent?.name).toBe('next');
    expect(historyOf(t.session).some((line) => line.includes('not handed over to billing'))).toBe(true);
    await atRest(t);
  });

  test('S8.2 the user cuts the old agent’s goodbye: the switch follows, and the next agent answers him', async () => {
    const billing = agentOf('billing');
    const fast = bodyOf('fast', () => handoff(billing, { returns: 'To billing.' }));
    const steps = ['I put you through to billing now, one moment please.', 'Billing here.'];
    const t = await scene({ calls: ['fast'], steps, voice: true, tools: [fast] });
    void t.session.sendMessage('Go');
    await t.clock.advance(300);
    void t.session.sendMessage('Wait');
    await t.clock.advance(20_000);
    expect(t.session.currentAgent).toBe(billing);
    expect(historyOf(t.session).at(-1)).toBe('assistant: Billing here.');
    await atRest(t);
  });

  test('S8.5 a task returns a handoff when its agent has left: nobody switches, and what it returns is told with the reason', async () => {
    const it = job();
    const t = await scene({ calls: ['job'], agent: agentOf('first', { tools: [it.tool] }) });
    await say(t);
    await drive(t.clock, t.session.updateAgent(agentOf('next')));
    it.end(handoff(agentOf('late'), { returns: 'Put through.' }));
    await t.clock.advance(1000);
    expect(entered(t)).toEqual(['first', 'next']);
    expect(told(t)).toEqual(['call_1_final completed']);
    expect(outputOf(t.session, 'call_1_final')).toContain('Put through.');
    expect(outputOf(t.session, 'call_1_final')).toContain('not handed over to late');
    await atRest(t);
  });

  test('S8.5 S6.6 a handoff while a question is open: it stays open, and its answer arrives', async () => {
    let answer: unknown;
    const asks = bodyOf('asks', async (ctx) => (answer = await ctx.ask({ message: 'Which?' })));
    const t = await scene({
      calls: ['asks'],
      steps: ['Which?', call('leave')],
      tools: [asks, bodyOf('leave', () => agentOf('next'))],
    });
    await say(t);
    await say(t, 'Leave');
    expect(t.session.currentAgent?.name).toBe('next');
    expect(t.session.tasks.list()[0]?.state).toBe('input_required');
    await t.session.tasks.answer('call_1', 'accept', { it: 1 });
    await t.clock.settle();
    expect(answer).toEqual({ action: 'accept', content: { it: 1 } });
    await atRest(t);
  });

  test('S8.2 S8.7 handoff and close at once: onExit runs once, the next agent never enters, the handoff rejects', async () => {
    const seen: string[] = [];
    const t = await scene({ agent: agentOf('first', { onExit: () => void seen.push('exit') }) });
    const handed = t.session.updateAgent(agentOf('next', { onEnter: () => void seen.push('enter') }));
    const closed = t.session.close();
    await expect(handed).rejects.toBeInstanceOf(SessionClosedError);
    await drive(t.clock, closed);
    expect(seen).toEqual(['exit']);
    await atRest(t);
  });

  test('S8.5 two handoffs asked for at once, the second back to the agent that is current: both happen, in the order of asking', async () => {
    const first = agentOf('first');
    const t = await scene({ agent: first });
    await Promise.all([t.session.updateAgent(agentOf('next')), t.session.updateAgent(first)]);
    expect(entered(t)).toEqual(['first', 'next', 'first']);
    await atRest(t);
  });
});

describe('a result and an AgentTask', () => {
  test('S8.4 its parent’s result finishes while it runs: the parent tells it, with its data, when it has ended', async () => {
    const it = job();
    const parent = agentOf('parent', { tools: [it.tool] });
    const ask = asking();
    const t = await scene({ calls: ['job'], agent: parent });
    await say(t);
    const ran = ask.run(t.session);
    await t.clock.settle();
    it.end('found');
    await t.clock.advance(1000);
    expect(told(t)).toEqual([]);
    ask.complete('yes');
    await drive(t.clock, ran);
    await t.clock.advance(1000);
    expect(told(t)).toEqual(['call_1_final completed']);
    expect(historyOf(t.session.contextOf(parent))).toContain('call_1_final: found');
    await atRest(t);
  });

  test('S8.4 S8.9 the session’s result finishes in the tick in which it completes: told once, and the parent has the record', async () => {
    const { t, it } = await working();
    const parent = t.session.currentAgent as Agent;
    const ask = asking();
    const ran = ask.run(t.session);
    await t.clock.settle();
    ask.complete('yes');
    it.end('found');
    await drive(t.clock, ran);
    await t.clock.advance(1000);
    expect(told(t)).toEqual(['call_1_final completed']);
    expect(historyOf(t.session.contextOf(parent)).filter((line) => line === 'call_1_final: found')).toHaveLength(1);
    await atRest(t);
  });

  test('S8.4 the acknowledgement of a background tool is cut, then the tool runs one: it runs as if nothing had been cut', async () => {
    const go = byHand();
    const ask = asking();
    let result: string | undefined;
    const runs = bodyOf(
      'runs',
      async (ctx) => (await ctx.update('Began'), await go.promise, (result = await ask.run())),
    );
    const t = await scene({ calls: ['runs'], steps: ['I have begun to look for it.'], voice: true, tools: [runs] });
    void t.session.sendMessage('Go');
    await t.clock.advance(250);
    await say(t, 'Stop');
    go.resolve();
    await t.clock.settle();
    expect(t.session.currentAgent).toBe(ask);
    ask.complete('yes');
    await t.clock.advance(2000);
    expect(result).toBe('yes');
    expect(receiptsOf(t, 'call_1_final')).toEqual(['call_1_final completed']);
    await atRest(t);
  });

  test('S6.4 S8.4 under a lease it waits for a background tool of its own: its own result is told, all others wait', async () => {
    const outer = job('outer');
    const inner = job('inner');
    const ask = asking('ask', { tools: [inner.tool] });
    const hold = bodyOf('hold', (ctx) => ctx.foreground(() => ask.run()));
    const t = await scene({
      calls: ['outer', 'hold'],
      steps: [call('inner'), 'Looking.'],
      tools: [outer.tool, hold],
    });
    void t.session.sendMessage('Go');
    await t.clock.settle();
    void t.session.sendMessage('Look');
    await t.clock.advance(100);
    outer.end('outer found');
    inner.end('inner found');
    await t.clock.advance(1000);
    expect(told(t)).toEqual(['call_3_final completed']);
    ask.complete('yes');
    await t.clock.advance(1000);
    expect(told(t)).toEqual(['call_3_final completed', 'call_1_final completed']);
    await atRest(t);
  });

  test('S8.4 completed while another one runs over it: that ends first, each awaiter knows, the parent is current', async () => {
    const seen: string[] = [];
    const inner = asking('inner', { onExit: () => void seen.push('inner exits') });
    const over = () => void inner.run().then(String, (error: Error) => void seen.push(error.name));
    const outer = asking('outer', { onEnter: over, onExit: () => void seen.push('outer exits') });
    const agent = agentOf('first');
    const t = await scene({ agent });
    const ran = outer.run(t.session);
    await t.clock.settle();
    expect(t.session.currentAgent).toBe(inner);
    outer.complete('yes');
    expect(await drive(t.clock, ran)).toBe('yes');
    expect(seen).toContain('ActivityEndedError');
    expect(seen.filter((line) => line.endsWith('exits'))).toEqual(['inner exits', 'outer exits']);
    expect(t.session.currentAgent).toBe(agent);
    await atRest(t);
  });

  test('S5.3 S8.4 its tool is cancelled while another one runs over it: both end, the parent is current', async () => {
    const inner = asking('inner');
    const outer = asking('outer', { onEnter: () => void inner.run().catch(() => undefined) });
    const agent = agentOf('first');
    const t = await scene({ calls: ['runs'], agent, tools: [bodyOf('runs', () => outer.run())] });
    void t.session.sendMessage('Go');
    await t.clock.settle();
    expect(t.session.currentAgent).toBe(inner);
    await drive(t.clock, t.session.tasks.cancel('call_1'));
    await t.clock.settle();
    expect(t.session.currentAgent).toBe(agent);
    await atRest(t);
  });

  test('S8.4 completed before it has entered: it never enters, its awaiter has the value, the one before it goes on', async () => {
    const [one, two] = [asking('one'), asking('two')];
    const t = await scene({});
    const ran = [one.run(t.session), two.run(t.session)] as const;
    await t.clock.settle();
    two.complete('early');
    expect(await drive(t.clock, ran[1])).toBe('early');
    one.complete('late');
    expect(await drive(t.clock, ran[0])).toBe('late');
    await t.clock.settle();
    expect(entered(t)).not.toContain('two');
    await atRest(t);
  });

  test('S8.4 a handoff while one runs over another: innermost first, each awaiter rejected, the next agent current', async () => {
    const seen: string[] = [];
    const note = (name: string) => (error: Error) => void seen.push(`${name} ${error.name}`);
    const inner = asking('inner');
    const outer = asking('outer', { onEnter: () => void inner.run().catch(note('inner')) });
    const t = await scene({});
    outer.run(t.session).catch(note('outer'));
    await t.clock.settle();
    await drive(t.clock, t.session.updateAgent(agentOf('next')));
    expect(seen).toEqual(['inner ActivityEndedError', 'outer ActivityEndedError']);
    expect(t.session.currentAgent?.name).toBe('next');
    await atRest(t);
  });

  test('S8.4 asked for while its parent is being handed over: refused with a ToolError, at once', async () => {
    let refused: unknown;
    const onExit = async () =>
      void (await asking()
        .run(first.session)
        .catch((error: unknown) => (refused = error)));
    const first: Agent = agentOf('first', { onExit });
    const t = await scene({ agent: first });
    await drive(t.clock, t.session.updateAgent(agentOf('next')));
    expect(refused).toBeInstanceOf(ToolError);
    expect(t.past()).toBe(0);
    await atRest(t);
  });

  test('S8.4 S1.8 the user speaks while it comes and while it goes: each message is answered once', async () => {
    const ask = asking();
    const t = await scene({ calls: ['runs'], tools: [bodyOf('runs', () => ask.run())] });
    const answers = [t.session.sendMessage('Go'), t.session.sendMessage('one')];
    await t.clock.settle();
    answers.push(t.session.sendMessage('two'));
    ask.complete('yes');
    answers.push(t.session.sendMessage('three'));
    for (const answer of answers.slice(1)) expect(await drive(t.clock, answer)).toBeDefined();
    const users = historyOf(t.session).filter((line) => line.startsWith('user'));
    expect(users.toSorted()).toEqual(['user: Go', 'user: one', 'user: three', 'user: two']);
    await atRest(t);
  });
});

describe('the user and the floor', () => {
  for (const when of ['before', 'after'] as const) {
    test(`S3.8 the user speaks in the very moment the floor is handed over, just ${when}: nothing is told until he has stopped, then once`, async () => {
      const starts = () => t.session.userStartedSpeaking();
      const steps = when === 'after' ? [() => (starts(), 'Found it.')] : [];
      const { t, it } = await working({ steps, voice: true, quietMs: 400 });
      await t.clock.advance(10_000);
      if (when === 'before') t.clock.setTimeout(starts, 50);
      it.end('found');
      await t.clock.advance(5000);
      expect(t.heard.filter((line) => line !== '—')).toEqual([]);
      t.session.userStoppedSpeaking();
      await t.clock.advance(399);
      expect(told(t)).toEqual([]);
      await t.clock.advance(1000);
      expect(told(t)).toEqual(['call_1_final completed']);
      await atRest(t);
    });
  }

  test('S3.8 S3.4 the user speaks while the reply is being made, three times: it is not begun, and comes when he has stopped', async () => {
    const late = { text: 'Found it.', delayMs: 1000 };
    const { t, it } = await working({ steps: [late, late, late, late], quietMs: 400, voice: true });
    it.end('found');
    await t.clock.settle();
    for (let n = 0; n < 3; n += 1) {
      await t.clock.advance(600);
      t.session.userStartedSpeaking();
      await t.clock.advance(5000);
      t.session.userStoppedSpeaking();
    }
    expect(t.heard.filter((line) => line.startsWith('Found'))).toEqual([]);
    await t.clock.advance(5000);
    expect(t.heard.at(-1)).toBe('Found it.');
    expect(told(t)).toEqual(['call_1_final completed']);
    await atRest(t);
  });

  test('S3.8 S3.2 two results while the user speaks, a third in the tick in which he stops: one reply', async () => {
    const it = job();
    const t = await scene({ calls: ['job', 'job', 'job'], tools: [it.tool], quietMs: 400 });
    await say(t);
    const before = t.model.calls.length;
    t.session.userStartedSpeaking();
    it.end('one', 0);
    it.end('two', 1);
    await t.clock.advance(1000);
    t.session.userStoppedSpeaking();
    it.end('three', 2);
    await t.clock.advance(2000);
    expect(t.model.calls.length - before).toBe(1);
    expect(told(t)).toEqual([1, 2, 3].map((n) => `call_${String(n)}_final completed`));
    await atRest(t);
  });

  test('S3.4 cut on the last word: it was told: completed, and not again', async () => {
    const { t, it } = await working({ steps: ['Five flights found.'], voice: { tailMs: 100 } });
    const before = t.model.calls.length;
    it.end('found');
    await t.clock.settle();
    await t.clock.advance(50);
    t.clock.setTimeout(() => void t.session.interrupt(), 350);
    await t.clock.advance(5000);
    expect(t.heard.at(-1)).toMatch(/^Five flights found\./);
    expect(told(t)).toEqual(['call_1_final completed']);
    expect(t.model.calls.length - before).toBe(1);
    await atRest(t);
  });

  test('S3.4 cut one word before the last: the rest is told next, with what was heard', async () => {
    const { t, it } = await working({ steps: ['Five flights found.', 'Found them.'], voice: true });
    it.end('found');
    await t.clock.settle();
    await t.clock.advance(299);
    void t.session.interrupt();
    await t.clock.settle();
    expect(t.heard.at(-1)).toBe('Five flights—');
    await t.clock.advance(5000);
    expect(JSON.stringify(t.model.prompts.at(-1))).toContain('Five flights');
    expect(t.heard.at(-1)).toBe('Found them.');
    expect(told(t)).toEqual(['call_1_final completed']);
    await atRest(t);
  });

  test('S3.4 cut ten times before anything was heard: no attempt is spent: it is told in the end, once', async () => {
    const { t, it } = await working({ voice: true, quietMs: 400 });
    t.session.userStartedSpeaking();
    it.end('found');
    await t.clock.settle();
    t.session.userStoppedSpeaking();
    for (let n = 0; n < 10; n += 1) {
      await t.clock.advance(420);
      t.session.userStartedSpeaking();
      await drive(t.clock, t.session.interrupt());
      t.session.userStoppedSpeaking();
    }
    expect(told(t)).toEqual([]);
    await t.clock.advance(5000);
    expect(told(t)).toEqual(['call_1_final completed']);
    await atRest(t);
  });

  test('S3.5 the user’s question comes in the tick in which the result is recorded: his answer covers it, and what is told after may be empty', async () => {
    const { t, it } = await working({ steps: ['It is found, by the way.', ''] });
    it.end('found');
    await Promise.resolve();
    await say(t, 'And?');
    await t.clock.advance(1000);
    expect(JSON.stringify(t.model.prompts[2])).toContain('found');
    expect(told(t)).toEqual(['call_1_final skipped']);
    await atRest(t);
  });

  test('S6.1 S6.7 the result comes when the user has been away for long, and he comes back in the middle of it: told at once, and to its end', async () => {
    const { t, it } = await working({ userAwayMs: 5000, voice: true, steps: ['Found it, here it is.'] });
    await t.clock.advance(60_000);
    it.end('found');
    await t.clock.advance(200);
    t.session.userStartedSpeaking();
    t.session.userStoppedSpeaking();
    await t.clock.advance(20_000);
    expect(t.heard.at(-1)).toBe('Found it, here it is.');
    expect(told(t)).toEqual(['call_1_final completed']);
    await atRest(t);
  });

  test('S3.1 an alarm in the moment in which a turn has spoken and its calls are to be recorded: it comes behind them, once', async () => {
    const bodies: RunContext[] = [];
    const alarm = bodyOf('job', async (ctx) => (bodies.push(ctx), await byHand().promise));
    const t = await scene({ steps: [{ text: 'One moment please.', ...call('job') }], tools: [alarm], voice: true });
    void t.session.sendMessage('Go');
    await t.clock.advance(20);
    for (const text of ['Began', 'Alarm']) void bodies[0]?.update(text, { deliver: 'interrupt' });
    await t.clock.advance(5000);
    const ids = historyOf(contextOf(t)).flatMap((line) => /^call_1\w*/.exec(line) ?? []);
    expect(ids).toEqual(['call_1', 'call_1_update_1']);
    expect(receiptsOf(t, 'update_1')).toEqual(['call_1_update_1 completed']);
    await atRest(t);
  });

  test('S3.1 S3.8 an alarm in the tick in which the user begins to speak: it cuts the agent for nobody: he speaks first', async () => {
    const { t, it } = await working({ voice: true, more: { deliver: 'interrupt' }, quietMs: 400 });
    t.session.userStartedSpeaking();
    it.end('fire');
    await t.clock.advance(3000);
    expect(told(t)).toEqual([]);
    t.session.userStoppedSpeaking();
    await t.clock.advance(3000);
    expect(told(t)).toEqual(['call_1_final completed']);
    await atRest(t);
  });

  for (const [what, wait] of [
    ['quiet', (ctx: RunContext) => sessionOf(ctx).waitForIdle()],
    ['the floor', (ctx: RunContext) => ctx.foreground(() => 'x')],
    [
      'an answer, under a lease',
      (ctx: RunContext) => ctx.foreground(() => ctx.ask({ message: 'Which?', timeoutMs: 100 })),
    ],
    ['a handoff', (ctx: RunContext) => sessionOf(ctx).updateAgent(agentOf('next'))],
    ['words of its own', (ctx: RunContext) => sessionOf(ctx).say('One moment.').waitForPlayout()],
  ] as const) {
    test(`S1.8 S6.8 the user waits for a speech that may not be interrupted, whose call waits for ${what}: each gets what he waits for`, async () => {
      const go = byHand();
      const it = job();
      const waits = bodyOf('waits', async (ctx) => (await go.promise, await wait(ctx), 'done'));
      const agent = agentOf('fixed', { allowInterruptions: false });
      const t = await scene({ calls: ['waits', 'job'], agent, tools: [it.tool, waits] });
      void t.session.sendMessage('Go');
      await t.clock.settle();
      const answered = t.session.sendMessage('And?');
      await t.clock.settle();
      it.end('found');
      await t.clock.settle();
      go.resolve();
      await t.clock.advance(1000);
      expect(await drive(t.clock, answered)).toBeDefined();
      await t.clock.advance(1000);
      expect(receiptsOf(t, 'call_2_final')).toEqual(['call_2_final completed']);
      await atRest(t);
    });
  }
});

describe('what falls due together', () => {
  test('S3.2 two toolsets ending together: one reply', async () => {
    const [one, two] = [job('one'), job('two')];
    const tools = [new Toolset({ id: 'a', tools: [one.tool] }), new Toolset({ id: 'b', tools: [two.tool] })];
    const t = await scene({ calls: ['one', 'two'], tools });
    await say(t);
    const before = t.model.calls.length;
    one.end('1');
    two.end('2');
    await t.clock.advance(1000);
    expect(t.model.calls.length - before).toBe(1);
    expect(told(t)).toEqual(['call_1_final completed', 'call_2_final completed']);
    await atRest(t);
  });

  test('S3.2 a burst over the whole window, one in its last tick and one behind it: the window is not restarted: two replies', async () => {
    const it = job();
    const t = await scene({ calls: ['job', 'job', 'job', 'job'], tools: [it.tool] });
    await say(t);
    const before = t.model.calls.length;
    for (const [n, ms] of [0, 30, 49, 51].entries()) t.clock.setTimeout(() => it.end(n, n), ms);
    await t.clock.advance(50);
    expect(t.model.calls.length - before).toBe(1);
    await t.clock.advance(1000);
    expect(t.model.calls.length - before).toBe(2);
    expect(told(t)).toHaveLength(4);
    await atRest(t);
  });

  test('S3.3 a result in the moment in which the reply asks its model: it is not lost: the next reply tells it', async () => {
    const it = job();
    const t = await scene({
      calls: ['job', 'job'],
      steps: [() => (it.end('two', 1), 'One is found.'), 'Two as well.'],
      tools: [it.tool],
    });
    await say(t);
    it.end('one', 0);
    await t.clock.advance(1000);
    expect(t.spoken).toEqual(['One is found.', 'Two as well.']);
    expect(told(t)).toEqual(['call_1_final completed', 'call_2_final completed']);
    await atRest(t);
  });

  test('S3.6 an update and the end in one tick: the end supersedes what is untold, one reply', async () => {
    const { t, it } = await working();
    const before = t.model.calls.length;
    void it.began[0]?.update('Half way');
    it.end('found');
    await t.clock.advance(1000);
    expect(receiptsOf(t)).toEqual(['call_1_update_1 superseded', 'call_1_final completed']);
    expect(t.model.calls.length - before).toBe(1);
    await atRest(t);
  });

  test('S3.4 the model fails at the reply, and the user speaks before it is repeated: his answer comes, and the result is told once', async () => {
    const { t, it } = await working({
      steps: [{ error: new Error('down') }, 'Yes.', 'Found.'],
      retryDelayMs: 1000,
    });
    it.end('found');
    await t.clock.advance(500);
    await say(t, 'Hello?');
    await t.clock.advance(5000);
    expect(t.spoken).toEqual(['Yes.', 'Found.']);
    expect(told(t)).toEqual(['call_1_final completed']);
    await atRest(t);
  });

  test('S3.4 the model fails at every attempt: after maxAttempts it is over, and the record stays', async () => {
    const down = { error: new Error('down') };
    const { t, it } = await working({ steps: [down, down, down], maxAttempts: 3 });
    it.end('found');
    await t.clock.advance(60_000);
    expect(told(t)).toEqual(['call_1_final failed']);
    expect(historyOf(t.session)).toContain('call_1_final: found');
    await atRest(t);
  });
});

describe('two ends in one tick', () => {
  for (const first of ['answer', 'timeout'] as const) {
    test(`S6.6 answer and timeout in the same tick, the ${first} first: the first holds, and ask resolves once`, async () => {
      const answers: unknown[] = [];
      const asks = bodyOf('asks', async (ctx) =>
        answers.push((await ctx.ask({ message: 'Which?', timeoutMs: 1000 })).action),
      );
      const t = await scene({ calls: ['asks'], tools: [asks] });
      const answer = () => void t.session.tasks.answer('call_1', 'accept', {}).catch(() => undefined);
      if (first === 'answer') t.clock.setTimeout(answer, 1000);
      void t.session.sendMessage('Go');
      await t.clock.settle();
      if (first === 'timeout') t.clock.setTimeout(answer, 1000);
      await t.clock.advance(3000);
      expect(answers).toEqual([first === 'answer' ? 'accept' : 'cancel']);
      expect(t.records.filter((record) => record.type === 'task_answered')).toHaveLength(1);
      await atRest(t);
    });
  }

  for (const first of ['cancel', 'return'] as const) {
    test(`S5.3 S1.4 cancel and return in the same tick, the ${first} first: one end, one record, and it says which`, async () => {
      const { t, it } = await working();
      if (first === 'return') it.end('found');
      if (first === 'return') await Promise.resolve();
      void t.session.tasks.cancel('call_1');
      it.end('found');
      await t.clock.advance(3000);
      expect(endsOf(t)).toHaveLength(1);
      const records = historyOf(t.session).filter((line) => line.startsWith('call_1_final'));
      expect(records).toHaveLength(1);
      expect(records[0] === 'call_1_final: found').toBe(endsOf(t)[0] === 'call_1 completed');
      await atRest(t);
    });

    test(`S5.5 timeout and return in the same tick, the ${first === 'cancel' ? 'timeout' : 'return'} first: one end, told once`, async () => {
      const clock = createVirtualClock();
      const it = job('job', { timeoutMs: 1000, blocks: true });
      const t = await scene({ clock, calls: ['job'], tools: [it.tool] });
      if (first === 'return') clock.setTimeout(() => it.end('found'), 1000);
      void t.session.sendMessage('Go');
      await clock.settle();
      if (first === 'cancel') clock.setTimeout(() => it.end('found'), 1000);
      await clock.advance(5000);
      expect(endsOf(t)).toEqual([first === 'cancel' ? 'call_1 failed' : 'call_1 completed']);
      expect(historyOf(t.session).filter((line) => line.startsWith('call_1'))).toHaveLength(1);
      await atRest(t);
    });
  }

  for (const first of ['update', 'limit'] as const) {
    test(`S1.7 S2.2 the first update and autoBackgroundMs in the same tick, the ${first} first: one first output, and no id twice`, async () => {
      const it = job('job', { autoBackgroundMs: 1000, blocks: true });
      const t = await scene({ calls: ['job'], tools: [it.tool] });
      const update = () => void it.began[0]?.update('Began');
      if (first === 'update') t.clock.setTimeout(update, 1000);
      void t.session.sendMessage('Go');
      await t.clock.settle();
      if (first === 'limit') t.clock.setTimeout(update, 1000);
      await t.clock.advance(1000);
      it.end('found');
      await t.clock.advance(5000);
      const ids = historyOf(contextOf(t)).flatMap((line) => /^call_1\w*/.exec(line) ?? []);
      expect(ids).toEqual(
        first === 'update' ? ['call_1', 'call_1_final'] : ['call_1', 'call_1_update_1', 'call_1_final'],
      );
      await atRest(t);
    });
  }

  test('S5.6 a call returns in the tick in which its turn is cut: its value is told, once', async () => {
    const it = job('job', { blocks: true });
    const t = await scene({ calls: ['job'], tools: [it.tool] });
    void t.session.sendMessage('Go');
    await t.clock.settle();
    it.end('found');
    void t.session.interrupt();
    await t.clock.advance(3000);
    expect(historyOf(t.session).filter((line) => line.endsWith('found'))).toHaveLength(1);
    expect(receiptsOf(t).filter((line) => line.endsWith('completed'))).toHaveLength(1);
    await atRest(t);
  });

  test('S2.4 a tool does not await its last update: it is recorded before the end, and nothing is rejected', async () => {
    const quick = bodyOf('quick', async (ctx) => (await ctx.update('One'), void ctx.update('Two'), 'found'));
    const t = await scene({ calls: ['quick'], tools: [quick] });
    await say(t);
    await t.clock.advance(1000);
    const ids = historyOf(contextOf(t)).flatMap((line) => /^call_1\w*/.exec(line) ?? []);
    expect(ids).toEqual(['call_1', 'call_1_update_1', 'call_1_final']);
    await atRest(t);
  });
});

describe('cancelled', () => {
  test('S5.1 by the listener that hears of its start: the body does not begin', async () => {
    let began = false;
    const t = await scene({ calls: ['job'], tools: [bodyOf('job', () => (began = true))] });
    t.session.on('task_started', ({ callId }) => void t.session.tasks.cancel(callId));
    await say(t);
    expect(began).toBe(false);
    expect(endsOf(t)).toEqual(['call_1 cancelled']);
    await atRest(t);
  });

  test('S5.3 S3.6 with an update untold, and then it returns, updates and asks: nothing of it is told or recorded any more', async () => {
    let ctx: RunContext | undefined;
    const end = byHand<string>();
    const deaf = bodyOf('deaf', async (given) => ((ctx = given), await ctx.update('One'), await end.promise));
    const t = await scene({ calls: ['deaf'], tools: [deaf] });
    await say(t);
    t.session.userStartedSpeaking();
    await ctx?.update('Half way');
    void t.session.tasks.cancel('call_1');
    const written = t.records.length;
    await expect(ctx?.update('Late')).rejects.toMatchObject({ code: 'task_ended' });
    await expect(ctx?.ask({ message: 'Late?' })).rejects.toThrow();
    end.resolve('late');
    t.session.userStoppedSpeaking();
    await t.clock.advance(5000);
    expect(receiptsOf(t, 'update_1')).toEqual(['call_1_update_1 dropped']);
    expect(t.records.slice(written).filter((record) => record.type.startsWith('task_'))).toEqual([]);
    await atRest(t);
  });

  test('S4.3 by replace, when its body has just forbidden it: it is not, and the call gets an error', async () => {
    const it = job('job', { onDuplicate: 'replace', allowCancellation: true });
    const guarded = bodyOf('guard', () => (it.began[0]?.disallowInterruptions(), 'guarded'));
    const t = await scene({
      calls: ['job'],
      steps: [call('guard'), 'Yes.', call('job')],
      tools: [it.tool, guarded],
    });
    await say(t);
    await say(t, 'Guard it');
    await say(t, 'Again');
    expect(it.began).toHaveLength(1);
    expect(it.began[0]?.abortSignal.aborted).toBe(false);
    expect(historyOf(t.session).some((line) => line.startsWith('call_3 !'))).toBe(true);
    await atRest(t);
  });

  test('S4.3 by replace, in the tick in which it returns: either it counts as finished or as cancelled; the new call runs', async () => {
    const it = job('job', { onDuplicate: 'replace', allowCancellation: true });
    const t = await scene({ calls: ['job'], steps: [call('job')], tools: [it.tool] });
    await say(t);
    void t.session.sendMessage('Again');
    it.end('found');
    await t.clock.advance(3000);
    expect(it.began).toHaveLength(2);
    expect(endsOf(t)).toHaveLength(1);
    it.end('anew', 1);
    await t.clock.advance(1000);
    expect(receiptsOf(t, 'call_2_final')).toEqual(['call_2_final completed']);
    await atRest(t);
  });

  test('S4.4 by the id of a call that joined it: the one task ends, both calls are answered', async () => {
    const it = job('job', { onDuplicate: 'join', blocks: true });
    const t = await scene({ calls: ['job', 'job'], tools: [it.tool] });
    void t.session.sendMessage('Go');
    await t.clock.settle();
    expect(it.began).toHaveLength(1);
    await drive(t.clock, t.session.tasks.cancel('call_2'));
    await t.clock.advance(1000);
    expect(endsOf(t)).toEqual(['call_1 cancelled']);
    expect(historyOf(t.session).filter((line) => /^call_[12]:/.test(line))).toHaveLength(2);
    await atRest(t);
  });

  test('S5.5 while it is queued, in the tick in which its place falls free: the one behind it gets the place', async () => {
    const it = job('job', { maxConcurrency: { limit: 1, whenFull: 'queue' } });
    const t = await scene({ calls: ['job', 'job', 'job'], tools: [it.tool] });
    await say(t);
    expect(it.began).toHaveLength(1);
    it.end('one');
    void t.session.tasks.cancel('call_2');
    await t.clock.advance(3000);
    expect(it.began.map((ctx) => ctx.toolCallId)).toEqual(['call_1', 'call_3']);
    it.end('three', 1);
    await atRest(t);
  });

  test('S6.6 S5.3 while the content of an answer is being checked: nobody is answered, nothing is recorded', async () => {
    const slow = byHand();
    const schema = z.object({}).refine(async () => (await slow.promise, true));
    const t = await scene({
      calls: ['asks'],
      tools: [bodyOf('asks', (ctx) => ctx.ask({ message: 'Which?', schema }))],
    });
    await say(t);
    const answered = t.session.tasks.answer('call_1', 'accept', {});
    answered.catch(() => undefined);
    void t.session.tasks.cancel('call_1');
    slow.resolve();
    await expect(answered).rejects.toBeInstanceOf(ToolError);
    expect(t.records.some((record) => record.type === 'task_answered')).toBe(false);
    await atRest(t);
  });

  for (const which of ['one', 'two']) {
    test(`S6.6 S5.3 by the listener that hears of question ${which} of a step: ask rejects, no timer stays`, async () => {
      const rejected: string[] = [];
      const asks = (name: string) =>
        bodyOf(name, (ctx) =>
          ctx
            .ask({ message: `${name}?`, timeoutMs: 60_000 })
            .catch((error: Error) => rejected.push(`${name} ${error.name}`)),
        );
      const t = await scene({ calls: ['one', 'two'], tools: [asks('one'), asks('two')] });
      t.session.on('task_updated', (event) => {
        if (event.toolName === which) void t.session.tasks.cancel(event.callId);
      });
      void t.session.sendMessage('Go');
      await t.clock.advance(1000);
      expect(rejected).toEqual([`${which} AbortError`]);
      await atRest(t);
    });
  }
});

describe('questions', () => {
  test('S6.6 answered twice at once, both being checked: one holds, the other is refused', async () => {
    const slow = byHand();
    const schema = z.object({ it: z.number() }).refine(async () => (await slow.promise, true));
    let answer: unknown;
    const asks = bodyOf('asks', async (ctx) => (answer = await ctx.ask({ message: 'Which?', schema })));
    const t = await scene({ calls: ['asks'], tools: [asks] });
    await say(t);
    const answers = [1, 2].map((it) =>
      t.session.tasks.answer('call_1', 'accept', { it }).then(
        () => 'yes',
        () => 'no',
      ),
    );
    slow.resolve();
    expect(await Promise.all(answers)).toEqual(['yes', 'no']);
    await t.clock.settle();
    expect(answer).toEqual({ action: 'accept', content: { it: 1 } });
    await atRest(t);
  });

  test('S6.6 a question is answered by the listener that hears of it, before ask has returned: ask resolves', async () => {
    let answer: unknown;
    const asks = bodyOf('asks', async (ctx) => (answer = await ctx.ask({ message: 'Which?' })));
    const t = await scene({ calls: ['asks'], tools: [asks] });
    t.session.on('task_updated', (event) => {
      if (event.question) void t.session.tasks.answer(event.callId, 'accept', { it: 1 });
    });
    await say(t);
    expect(answer).toEqual({ action: 'accept', content: { it: 1 } });
    await atRest(t);
  });
});

describe('leases', () => {
  test('S6.4 three asked for in one tick: never two at once, in the order of asking', async () => {
    const seen: string[] = [];
    const lease = (name: string) =>
      bodyOf(name, async (ctx) => {
        await ctx.update('Began', { deliver: 'silent' });
        await ctx.foreground(async () => {
          seen.push(`${name} in`);
          await Promise.resolve();
          seen.push(`${name} out`);
        });
      });
    const names = ['one', 'two', 'three'];
    const t = await scene({ calls: names, tools: names.map(lease) });
    await say(t);
    await t.clock.advance(1000);
    expect(seen).toEqual(names.flatMap((name) => [`${name} in`, `${name} out`]));
    await atRest(t);
  });

  test('S6.4 one cancelled while it waits, and the one that holds the floor: the third gets it, the waiting one rejects', async () => {
    const seen: string[] = [];
    const lease = (name: string) =>
      bodyOf(name, async (ctx) => {
        await ctx.update('Began', { deliver: 'silent' });
        const hold = async () => (seen.push(name), name === 'three' ? undefined : await byHand().promise);
        await ctx.foreground(hold).catch((error: Error) => void seen.push(`${name} ${error.name}`));
      });
    const names = ['one', 'two', 'three'];
    const t = await scene({ calls: names, tools: names.map(lease) });
    void t.session.sendMessage('Go');
    await t.clock.settle();
    void t.session.tasks.cancel('call_2');
    void t.session.tasks.cancel('call_1');
    await t.clock.advance(3000);
    expect(seen).toEqual(['one', 'three', 'two AbortError']);
    await atRest(t);
  });

  test('S6.9 a lease is asked for in the tick in which a delivery falls due: one after the other, neither over the other', async () => {
    const it = job();
    let during: number | undefined;
    const lease = bodyOf('lease', async (ctx) => {
      await ctx.update('Began', { deliver: 'silent' });
      await new Promise<void>((resolve) => t.clock.setTimeout(resolve, 50));
      await ctx.foreground(async () => {
        const before = t.model.calls.length;
        await new Promise<void>((resolve) => t.clock.setTimeout(resolve, 1000));
        during = t.model.calls.length - before;
      });
    });
    const t = await scene({ calls: ['job', 'lease'], tools: [it.tool, lease] });
    await say(t);
    it.end('found');
    await t.clock.advance(5000);
    expect(during).toBe(0);
    expect(receiptsOf(t, 'call_1_final')).toEqual(['call_1_final completed']);
    await atRest(t);
  });

  test('S6.4 S5.5 its task times out under it: the floor is free, and what waited is told', async () => {
    const it = job();
    const hold = bodyOf('hold', (ctx) => ctx.foreground(() => byHand().promise), { timeoutMs: 1000 });
    const t = await scene({ calls: ['job', 'hold'], tools: [it.tool, hold] });
    void t.session.sendMessage('Go');
    await t.clock.advance(500);
    it.end('found');
    await t.clock.advance(400);
    expect(receiptsOf(t)).toEqual([]);
    expect(t.session.floor).toEqual({ callId: 'call_2' });
    await t.clock.advance(3000);
    expect(receiptsOf(t, 'call_1_final')).toEqual(['call_1_final completed']);
    await atRest(t);
  });

  test('S6.4 work that outlives it asks for quiet and for another one: it has no part in the old one, and gets both', async () => {
    const seen: string[] = [];
    const go = byHand();
    const outlives = bodyOf('outlives', async (ctx) => {
      await ctx.update('Began', { deliver: 'silent' });
      let late: Promise<void> | undefined;
      const work = async () => {
        await go.promise;
        await sessionOf(ctx).waitForIdle();
        seen.push('idle');
        await ctx.foreground(() => void seen.push('again'));
      };
      await ctx.foreground(() => void (late = work()));
      await late;
    });
    const t = await scene({ calls: ['outlives'], tools: [outlives] });
    void t.session.sendMessage('Go');
    await t.clock.settle();
    expect(t.session.floor).toBe('nobody');
    go.resolve();
    await t.clock.advance(1000);
    expect(seen).toEqual(['idle', 'again']);
    await atRest(t);
  });

  test('S6.8 S6.9 two blocking calls wait for the floor, the first asks a question in it: the question is told, nothing hangs', async () => {
    const seen: string[] = [];
    const asks = bodyOf('asks', (ctx) =>
      ctx.foreground(async () => seen.push((await ctx.ask({ message: 'Which?' })).action)),
    );
    const leases = bodyOf('leases', (ctx) => ctx.foreground(() => void seen.push('lease')));
    const t = await scene({ calls: ['asks', 'leases'], tools: [asks, leases] });
    void t.session.sendMessage('Go');
    await t.clock.advance(1000);
    await t.session.tasks.answer('call_1', 'accept', {});
    await t.clock.advance(1000);
    expect(seen).toEqual(['accept', 'lease']);
    await atRest(t);
  });
});

describe('toolsets', () => {
  test('S8.6 removed while its tool runs, and then that ends: the result is told with its data; closed behind it', async () => {
    const it = job();
    let closed = false;
    const set = new Toolset({ id: 'set', tools: [it.tool], close: () => void (closed = true) });
    const t = await scene({ calls: ['job'], tools: [set] });
    await say(t);
    await drive(t.clock, t.session.updateTools([]));
    expect(closed).toBe(false);
    it.end('found');
    await t.clock.advance(1000);
    expect(JSON.stringify(t.model.prompts.at(-1))).toContain('found');
    expect(told(t)).toEqual(['call_1_final completed']);
    expect(closed).toBe(true);
    await atRest(t);
  });

  test('S8.6 S6.8 a body removes its own toolset and awaits it: nobody waits for himself', async () => {
    const seen: string[] = [];
    const swap = bodyOf('swap', async (ctx) => (await sessionOf(ctx).updateTools([]), seen.push('removed'), 'swapped'));
    const set = new Toolset({ id: 'set', tools: [swap], close: () => void seen.push('closed') });
    const t = await scene({ calls: ['swap'], tools: [set] });
    await say(t);
    expect(seen).toEqual(['removed', 'closed']);
    expect(outputOf(t.session, 'call_1')).toBe('swapped');
    await atRest(t);
  });

  test('S8.6 removed while it is being set up: closed when it is, and not offered', async () => {
    const gate = byHand();
    const seen: string[] = [];
    const set = new Toolset({
      id: 'set',
      tools: [bodyOf('one', () => 'x')],
      setup: async () => (await gate.promise, void seen.push('set up')),
      close: () => void seen.push('closed'),
    });
    const t = await scene({});
    const added = t.session.updateTools([set]);
    await t.session.updateTools([]);
    gate.resolve();
    await added;
    await t.clock.settle();
    expect(seen).toEqual(['set up', 'closed']);
    await say(t);
    expect(t.model.calls.at(-1)?.tools ?? []).toEqual([]);
    await atRest(t);
  });
});

describe('close', () => {
  test('S8.7 while a tool still runs, and returns after it: cancelled, dropped, nothing is written any more', async () => {
    const end = byHand<string>();
    const deaf = bodyOf('deaf', async (ctx) => (await ctx.update('One'), await ctx.update('Two'), await end.promise));
    const t = await scene({ calls: ['deaf'], tools: [deaf] });
    void t.session.sendMessage('Go');
    await t.clock.settle();
    await drive(t.clock, t.session.close());
    expect(endsOf(t)).toEqual(['call_1 cancelled']);
    const written = t.records.length;
    end.resolve('late');
    await t.clock.advance(10_000);
    expect(t.records).toHaveLength(written);
    await atRest(t);
  });

  test('S8.7 in the tick in which a result is recorded: dropped with a reason, no reply is asked for', async () => {
    const { t, it } = await working();
    const before = t.model.calls.length;
    it.end('found');
    await t.clock.settle();
    await drive(t.clock, t.session.close());
    expect(told(t)).toEqual(['call_1_final dropped']);
    expect(t.events.find((event) => event.type === 'delivery_ended')).toHaveProperty('reason');
    expect(t.model.calls.length).toBe(before);
    await atRest(t);
  });

  for (const drain of [false, true]) {
    test(`S8.7 in the middle of what tells a result, drain: ${String(drain)}: ${drain ? 'it is told to its end' : 'cut, and dropped'}`, async () => {
      const { t, it } = await working({ steps: ['Five flights found.'], voice: true });
      it.end('found');
      await t.clock.settle();
      await t.clock.advance(200);
      await drive(t.clock, t.session.close({ drain }));
      expect(t.heard.at(-1)).toBe(drain ? 'Five flights found.' : 'Five—');
      expect(told(t)).toEqual([`call_1_final ${drain ? 'completed' : 'dropped'}`]);
      await atRest(t);
    });
  }

  test('S8.7 when the last word of a result has been heard, its playback not ended: told: completed', async () => {
    const { t, it } = await working({ steps: ['Five flights found.'], voice: { tailMs: 100 } });
    it.end('found');
    await t.clock.settle();
    await t.clock.advance(50);
    t.clock.setTimeout(() => void t.session.close(), 350);
    await t.clock.advance(1000);
    expect(told(t)).toEqual(['call_1_final completed']);
    await atRest(t);
  });

  test('S8.7 while the next agent is still being set up: the handoff rejects, it never enters, what was set up is closed', async () => {
    const gate = byHand();
    const seen: string[] = [];
    const setup = async () => (await gate.promise, void seen.push('set up'));
    const slow = new Toolset({ id: 'slow', setup, close: () => void seen.push('closed') });
    const t = await scene({});
    const next = agentOf('next', { tools: [slow], onEnter: () => void seen.push('entered') });
    const handed = t.session.updateAgent(next);
    await t.clock.settle();
    await drive(t.clock, t.session.close());
    gate.resolve();
    await expect(handed).rejects.toBeInstanceOf(SessionClosedError);
    await t.clock.settle();
    expect(seen).toEqual(['set up', 'closed']);
    await atRest(t);
  });

  test('S8.7 twice at once, from a body that awaits it and from outside: once, and nobody waits for himself', async () => {
    const closes = bodyOf('closes', (ctx) => sessionOf(ctx).close());
    const t = await scene({ calls: ['closes'], tools: [closes] });
    void t.session.sendMessage('Go');
    await t.clock.settle();
    await drive(t.clock, t.session.close());
    expect(t.past()).toBe(0);
    await atRest(t);
  });

  test('S8.4 S8.7 with AgentTasks over each other whose onExit never ends: bounded; each awaiter is rejected by then', async () => {
    const seen: string[] = [];
    const never = () => byHand().promise;
    const note = (name: string) => (error: Error) => void seen.push(`${name} ${error.name}`);
    const inner = asking('inner', { onExit: never });
    const outer = asking('outer', { onExit: never, onEnter: () => void inner.run().catch(note('inner')) });
    const t = await scene({ closeTimeoutMs: 5000 });
    outer.run(t.session).catch(note('outer'));
    await t.clock.settle();
    await drive(t.clock, t.session.close());
    expect(t.past()).toBe(5000);
    expect(seen).toEqual(['inner SessionClosedError', 'outer SessionClosedError']);
    await atRest(t);
  });
});
