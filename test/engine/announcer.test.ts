/** The announcer on a scripted conversation: a host in a test, which knows of the engine only its seam. */
import fc from 'fast-check';
import { ToolError } from 'meanwhile';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/engine/seam.ts';
import { engineTool, ModelConversation, ScriptedConversation } from '../support/conversation.ts';
import { TestEngine, type TestEngineOptions } from '../support/engine.ts';

const engineOn = (options: TestEngineOptions = {}) =>
  new TestEngine((clock) => new ScriptedConversation(clock), options);

const completed: Outcome = { type: 'completed', heard: 'All of it.' };
const cut = (heard: string): Outcome => ({ type: 'interrupted', heard });

describe('one announcer', () => {
  test('S3.2 whatever the number of toolsets, what is due together is told in one reply, in the order of recording', async () => {
    const e = engineOn();
    const jobs = ['flights', 'hotels', 'cars'].map((name) => e.job({ name, toolset: { name } }));
    for (const job of [...jobs].reverse()) job.end.resolve(job.callId);
    await e.clock.advance(50);
    expect(e.host.told).toEqual([['call_3_final', 'call_2_final', 'call_1_final']]);
    e.host.ends(completed);
    await e.clock.settle();
    expect(e.receipts).toEqual(['call_3_final completed', 'call_2_final completed', 'call_1_final completed']);
  });

  test('S3.2 the window begins with the first record and is not restarted by later ones', async () => {
    const e = engineOn();
    const [a, b, c] = [e.job(), e.job(), e.job()];
    const began = e.clock.now();
    void a.ctx.update('A');
    await e.clock.advance(40);
    void b.ctx.update('B');
    await e.clock.advance(9);
    expect(e.host.told).toEqual([]);
    await e.clock.advance(1);
    expect(e.host.told).toEqual([['call_1_update_1', 'call_2_update_1']]);
    expect(e.host.last.at - began).toBe(50);
    e.host.ends(completed);
    void c.ctx.update('C');
    await e.clock.advance(49);
    expect(e.host.told).toHaveLength(1);
    await e.clock.advance(1);
    expect(e.host.told.at(-1)).toEqual(['call_3_update_1']);
  });

  test('S3.2 without a window nothing is waited for but the running code: no timer is armed', async () => {
    const e = engineOn({ coalesceMs: 0 });
    const [a, b] = [e.job(), e.job()];
    void a.ctx.update('A');
    void b.ctx.update('B');
    expect(e.host.told).toEqual([]);
    expect(e.clock.pending()).toEqual([]);
    for (let turns = 0; turns < 20; turns += 1) await Promise.resolve();
    expect(e.host.told).toEqual([['call_1_update_1', 'call_2_update_1']]);
  });

  test('S3.2 a window that is open is not cut short by the end of another reply', async () => {
    const e = engineOn();
    const [a, b, c] = [e.job(), e.job(), e.job()];
    void a.ctx.update('A');
    await e.clock.advance(50);
    void b.ctx.update('B');
    await e.clock.advance(10);
    e.host.ends(completed);
    await e.clock.advance(30);
    void c.ctx.update('C');
    await e.clock.advance(10);
    expect(e.host.told).toEqual([['call_1_update_1'], ['call_2_update_1', 'call_3_update_1']]);
  });

  test('S3.2 what waited for quiet takes along what was recorded a moment ago', async () => {
    const e = engineOn();
    const [a, b] = [e.job(), e.job()];
    e.host.userSpeaks(true);
    void a.ctx.update('A');
    await e.clock.advance(5000);
    void b.ctx.update('B');
    e.host.userSpeaks(false);
    expect(e.host.told).toEqual([['call_1_update_1', 'call_2_update_1']]);
  });

  test("S3.2 an agent tells its own and the session's, not what belongs to another", async () => {
    const e = engineOn();
    const [own, other, shared] = [e.job({ owner: 'activity_1' }), e.job({ owner: 'activity_2' }), e.job()];
    for (const job of [shared, other, own]) void job.ctx.update('News');
    await e.clock.advance(50);
    expect(e.host.told).toEqual([['call_3_update_1', 'call_1_update_1']]);
    e.host.ends(completed);
    e.host.current = 'activity_2';
    e.host.changed();
    expect(e.host.told.at(-1)).toEqual(['call_2_update_1']);
    expect(e.host.released).toBe(0);
  });

  test('S3.2 S6.9 a claim stands at the place of the oldest record it is for', async () => {
    const e = engineOn();
    const [a, b] = [e.job({ expiresMs: 1000 }), e.job()];
    e.host.userSpeaks(true);
    void a.ctx.update('A');
    void b.ctx.update('B');
    await e.clock.advance(50);
    const [before] = e.host.claims;
    await e.clock.advance(1000);
    const [after] = e.host.claims;
    expect(e.receipts).toEqual(['call_1_update_1 expired']);
    expect(after?.order).toBeGreaterThan(before?.order ?? Infinity);
  });
});

describe('taking', () => {
  test('S3.3 a record that comes while the reply is being started triggers the next', async () => {
    const e = engineOn();
    const [a, b] = [e.job(), e.job()];
    e.host.onSpeak = () => {
      e.host.onSpeak = () => undefined;
      void b.ctx.update('B');
    };
    void a.ctx.update('A');
    await e.clock.advance(50);
    expect(e.host.last.request).toEqual(['call_1_update_1']);
    e.host.ends(completed);
    await e.clock.advance(50);
    expect(e.host.told).toEqual([['call_1_update_1'], ['call_2_update_1']]);
  });

  test('S3.3 so does one that comes while its words are being chosen', async () => {
    const e = engineOn();
    const b = e.job();
    let asked = 0;
    const replyAtTail = (): string => {
      asked += 1;
      if (asked === 1) void b.ctx.update('B');
      return 'Tell it.';
    };
    const a = e.job({ toolset: {}, prompts: [{ replyAtTail }] });
    void a.ctx.update('A');
    await e.clock.advance(50);
    e.host.ends(completed);
    await e.clock.advance(50);
    e.host.ends(completed);
    await e.clock.settle();
    expect(e.host.told).toEqual([['call_2_update_1'], ['call_1_update_1']]);
    expect(e.receipts).toEqual(['call_2_update_1 completed', 'call_1_update_1 completed']);
  });

  test('S3.3 a request holds every record that its reply is about', async () => {
    const e = engineOn();
    for (const job of [e.job(), e.job(), e.job()]) job.end.resolve('Done.');
    await e.clock.advance(50);
    expect(e.host.last.request).toEqual(e.host.last.about);
  });

  test('S3.3 the reply has begun when the handing over of the floor returns', async () => {
    const e = engineOn();
    const [a, b] = [e.job(), e.job()];
    e.host.userSpeaks(true);
    void a.ctx.update('A');
    await e.clock.advance(50);
    e.host.userSpeaks(false);
    void b.ctx.update('B');
    expect(e.host.last).toMatchObject({ about: ['call_1_update_1'], request: ['call_1_update_1'] });
  });

  test('S3.3 a floor that is handed over inside the claim is taken for all of it: nobody is left to claim it for', async () => {
    const e = engineOn();
    for (const owner of ['session', 'activity_1']) void e.job({ owner }).ctx.update('News');
    void e.job({ deliver: 'interrupt' }).ctx.update('urgent');
    await e.clock.advance(50);
    expect(e.host.told).toEqual([['call_1_update_1', 'call_2_update_1', 'call_3_update_1']]);
    expect(e.host.claims).toEqual([]);
    e.host.ends(completed);
    await e.clock.settle();
    expect(e.host.released).toBe(0);
  });

  test('S3.3 the floor is taken once for claims of two owners, and nothing is told twice', async () => {
    const e = engineOn();
    e.host.userSpeaks(true);
    void e.job({ owner: 'activity_1' }).ctx.update('own');
    void e.job().ctx.update('shared');
    void e.job({ deliver: 'interrupt' }).ctx.update('urgent');
    await e.clock.advance(50);
    expect(e.host.claims).toHaveLength(3);
    e.host.userSpeaks(false);
    expect(e.host.claims).toEqual([]);
    e.host.ends(completed);
    await e.clock.settle();
    expect(e.host.told).toEqual([['call_1_update_1', 'call_2_update_1', 'call_3_update_1']]);
    expect(e.host.released).toBe(0);
  });
});

describe('receipts', () => {
  test('S3.4 cut, all of it is due at the next quiet moment, with the text that was heard', async () => {
    const e = engineOn();
    const [a, b] = [e.job(), e.job()];
    a.end.resolve('A');
    b.end.resolve('B');
    await e.clock.advance(50);
    e.host.userSpeaks(true);
    e.host.ends(cut('Your flight is'));
    await e.clock.advance(10_000);
    expect(e.host.told).toHaveLength(1);
    e.host.userSpeaks(false);
    expect(e.host.told).toEqual([
      ['call_1_final', 'call_2_final'],
      ['call_1_final', 'call_2_final'],
    ]);
    expect(e.host.last.instructions).toContain('"Your flight is"');
    e.host.ends(completed);
    await e.clock.settle();
    expect(e.receipts).toEqual(['call_1_final completed', 'call_2_final completed']);
  });

  test('S3.4 each cut counts, and after maxAttempts it ends as interrupted', async () => {
    const e = engineOn();
    e.job().end.resolve('A');
    await e.clock.advance(50);
    for (const heard of ['One', 'two', 'three']) {
      e.host.ends(cut(heard));
      await e.clock.settle();
    }
    expect(e.host.told).toHaveLength(3);
    expect(e.host.last.instructions).toContain('"One two"');
    expect(e.receipts).toEqual(['call_1_final interrupted']);
    expect(e.log.state.history.map((item) => item.kind === 'record' && item.id)).toContain('call_1_final');
  });

  test('S3.4 cut before anything was heard costs no attempt', async () => {
    const e = engineOn({ maxAttempts: 1 });
    e.job().end.resolve('A');
    await e.clock.advance(50);
    for (let times = 0; times < 10; times += 1) {
      e.host.ends(cut(''));
      await e.clock.settle();
    }
    expect(e.host.told).toHaveLength(11);
    expect(e.receipts).toEqual([]);
    e.host.ends(completed);
    await e.clock.settle();
    expect(e.receipts).toEqual(['call_1_final completed']);
  });

  test('S3.4 a failure is repeated after retryDelayMs, doubling, and ends as failed', async () => {
    const e = engineOn();
    e.job().end.resolve('A');
    await e.clock.advance(50);
    const times = [e.host.last.at];
    for (const delayMs of [1000, 2000]) {
      e.host.ends({ type: 'failed', error: new Error('down') });
      await e.clock.advance(delayMs - 1);
      expect(e.host.told).toHaveLength(times.length);
      await e.clock.advance(1);
      times.push(e.host.last.at);
    }
    e.host.ends({ type: 'failed', error: new Error('down') });
    await e.clock.advance(100_000);
    expect(e.host.told).toHaveLength(3);
    expect(e.receipts).toEqual(['call_1_final failed']);
    expect(e.reports.filter((report) => report.type === 'delivery_failed')).toHaveLength(3);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('no voice');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no voice'))],
  ])('S3.4 a host whose speak %s has failed, and is asked again', async (_how, speak: () => Promise<Outcome>) => {
    const e = new TestEngine((clock) => {
      const host = new ScriptedConversation(clock);
      const claim = host.claim.bind(host);
      let broken = true;
      host.claim = (request, take) =>
        claim(request, (floor) => {
          take(broken ? { ...floor, speak } : floor);
          broken = false;
        });
      return host;
    });
    e.job().end.resolve('A');
    await e.clock.advance(1049);
    expect(e.host.told).toEqual([]);
    await e.clock.advance(1);
    expect(e.host.told).toEqual([['call_1_final']]);
  });

  test('S3.4 one that failed is told with others that become due, not before its time', async () => {
    const e = engineOn();
    const [a, b] = [e.job(), e.job()];
    a.end.resolve('A');
    await e.clock.advance(50);
    e.host.ends({ type: 'failed', error: new Error('down') });
    await e.clock.settle();
    b.end.resolve('B');
    await e.clock.advance(50);
    expect(e.host.told.at(-1)).toEqual(['call_2_final']);
    await e.clock.advance(2000);
    e.host.ends(completed);
    await e.clock.settle();
    expect(e.host.told.at(-1)).toEqual(['call_1_final']);
  });

  test('S3.4 what is untold at a close is dropped, and no timer stays', async () => {
    const e = engineOn();
    e.job({ expiresMs: 60_000 }).end.resolve('A');
    await e.clock.advance(10);
    await e.executor.close('closed');
    expect(e.records.at(-1)).toMatchObject({ type: 'delivery_ended', receipt: 'dropped', reason: 'closed' });
    expect(e.clock.pending().filter((timer) => timer.inMs > 1000)).toEqual([]);
  });
});

describe('when', () => {
  test("S3.1 interrupt cuts the agent's own speech, unless its request held the record", async () => {
    const e = engineOn();
    const job = e.job({ deliver: 'interrupt' });
    e.host.agentSpeaks();
    void job.ctx.update('Fire!');
    await e.clock.advance(50);
    expect(e.host.told).toEqual([['call_1_update_1']]);
    e.host.ends(completed);
    await e.clock.settle();
    e.host.userSpeaks(true);
    void job.ctx.update('More fire!');
    await e.clock.advance(50);
    e.host.agentSpeaks();
    e.host.userSpeaks(false);
    await e.clock.advance(5000);
    expect(e.host.told).toHaveLength(1);
    e.host.ends(completed);
    await e.clock.settle();
    expect(e.host.told).toHaveLength(2);
    expect(e.host.last.instructions).toContain('may have told the user already');
  });

  test('S3.1 a speech that held one of two records is cut for the other', async () => {
    const e = engineOn();
    const [a, b] = [e.job({ deliver: 'interrupt' }), e.job({ deliver: 'interrupt' })];
    e.host.userSpeaks(true);
    void a.ctx.update('A');
    await e.clock.advance(50);
    e.host.agentSpeaks();
    e.host.userSpeaks(false);
    void b.ctx.update('B');
    await e.clock.advance(50);
    expect(e.host.told).toEqual([['call_1_update_1', 'call_2_update_1']]);
  });

  test('S3.1 interrupt never cuts the user', async () => {
    const e = engineOn();
    e.host.userSpeaks(true);
    void e.job({ deliver: 'interrupt' }).ctx.update('Fire!');
    await e.clock.advance(60_000);
    expect(e.host.told).toEqual([]);
    e.host.userSpeaks(false);
    expect(e.host.told).toHaveLength(1);
  });

  test('S3.1 after maxHoldMs it goes between two speeches, still never while the user has the floor', async () => {
    const e = engineOn();
    e.host.isBusy(true);
    void e.job({ maxHoldMs: 3000 }).ctx.update('A');
    await e.clock.advance(2999);
    expect(e.host.told).toEqual([]);
    e.host.userSpeaks(true);
    await e.clock.advance(1);
    e.host.userSpeaks(false);
    expect(e.host.told).toEqual([['call_1_update_1']]);
  });

  test('S3.1 after maxHoldMs it waits for the end of what the agent says, and cuts nothing', async () => {
    const e = engineOn();
    e.host.agentSpeaks();
    e.host.isBusy(true);
    void e.job({ maxHoldMs: 1000 }).ctx.update('A');
    await e.clock.advance(5000);
    expect(e.host.told).toEqual([]);
    e.host.ends(completed);
    expect(e.host.told).toHaveLength(1);
  });

  test('S3.1 after expiresMs it is not told, however it is told otherwise', async () => {
    const e = engineOn();
    e.host.userSpeaks(true);
    void e.job({ expiresMs: 1000, deliver: 'interrupt' }).ctx.update('A');
    void e.job({ expiresMs: 1000, maxHoldMs: 0 }).ctx.update('B');
    await e.clock.advance(1000);
    e.host.userSpeaks(false);
    expect(e.host.told).toEqual([]);
    expect(e.receipts).toEqual(['call_1_update_1 expired', 'call_2_update_1 expired']);
    expect(e.host.claims).toEqual([]);
  });

  test('S3.1 silent is in the context only; an error of the same tool is told', async () => {
    const e = engineOn();
    const job = e.job({ deliver: 'silent' });
    void job.ctx.update('Still at it.');
    await e.clock.advance(100);
    expect(e.host.told).toEqual([]);
    expect(e.receipts).toEqual(['call_1_update_1 silent']);
    job.end.reject(new ToolError('It broke.'));
    await e.clock.advance(50);
    expect(e.host.told).toEqual([['call_1_final']]);
  });

  test("S3.1 an update has its own terms, beside its tool's", async () => {
    const e = engineOn();
    e.host.isBusy(true);
    const job = e.job();
    void job.ctx.update('A', { maxHoldMs: 500, expiresMs: 10_000 });
    await e.clock.advance(500);
    expect(e.host.told).toEqual([['call_1_update_1']]);
  });

  test('S3.8 while the user speaks nothing is said, and then everything at once', async () => {
    const e = engineOn();
    e.host.userSpeaks(true);
    for (let n = 0; n < 5; n += 1) {
      e.job().end.resolve(n);
      await e.clock.advance(1000);
    }
    expect(e.host.told).toEqual([]);
    e.host.userSpeaks(false);
    expect(e.host.told).toEqual([[1, 2, 3, 4, 5].map((n) => `call_${String(n)}_final`)]);
  });
});

describe('at tail, or maybe covered', () => {
  test('S3.5 a record is covered by what was heard of a speech whose request held it, and by no other', async () => {
    const e = engineOn();
    const [a, b] = [e.job(), e.job()];
    e.host.userSpeaks(true);
    void a.ctx.update('A');
    await e.clock.advance(50);
    e.host.agentSpeaks();
    void b.ctx.update('B');
    await e.clock.advance(50);
    e.host.ends(completed);
    e.host.userSpeaks(false);
    const { instructions } = e.host.last;
    expect(instructions).toContain('call_1_update_1, call_2_update_1');
    expect(instructions).toContain('Not told yet: call_2_update_1.');
  });

  test('S3.5 a speech that was cut unheard covers nothing', async () => {
    const e = engineOn();
    e.host.userSpeaks(true);
    void e.job().ctx.update('A');
    await e.clock.advance(50);
    e.host.agentSpeaks();
    e.host.ends(cut(''));
    e.host.userSpeaks(false);
    expect(e.host.last.instructions).toContain('Tell the user about it now');
  });

  test('S3.5 an empty answer is skipped where it may be covered, and a failed attempt at tail', async () => {
    const e = engineOn();
    const [a, b] = [e.job(), e.job()];
    e.host.userSpeaks(true);
    void a.ctx.update('A');
    await e.clock.advance(50);
    e.host.agentSpeaks();
    e.host.ends(completed);
    void b.ctx.update('B');
    await e.clock.advance(50);
    e.host.userSpeaks(false);
    e.host.ends({ type: 'nothing_said' });
    await e.clock.settle();
    expect(e.receipts).toEqual(['call_1_update_1 skipped']);
    await e.clock.advance(1000);
    expect(e.host.told.at(-1)).toEqual(['call_2_update_1']);
  });
});

describe('superseded', () => {
  test('S3.6 a later record of the call takes the place of the one that waits', async () => {
    const e = engineOn();
    e.host.userSpeaks(true);
    const job = e.job();
    void job.ctx.update('One');
    await e.clock.advance(1000);
    void job.ctx.update('Two');
    expect(e.receipts).toEqual(['call_1_update_1 superseded']);
    job.end.resolve('Done');
    await e.clock.advance(1000);
    e.host.userSpeaks(false);
    expect(e.host.told).toEqual([['call_1_final']]);
  });

  test('S3.6 with a supersedeKey what earlier calls record, before or later, is not told', async () => {
    const e = engineOn();
    const first = e.job({ supersedeKey: 'search' });
    void first.ctx.update('One');
    const second = e.job({ supersedeKey: 'search' });
    expect(e.receipts).toEqual(['call_1_update_1 superseded']);
    first.end.resolve('Old');
    second.end.resolve('New');
    await e.clock.advance(50);
    expect(e.host.told).toEqual([['call_2_final']]);
    expect(e.receipts).toContain('call_1_final superseded');
  });

  test('S3.6 what was superseded cuts nothing any more', async () => {
    const e = engineOn();
    e.host.userSpeaks(true);
    void e.job({ deliver: 'interrupt', supersedeKey: 'search' }).ctx.update('Old');
    await e.clock.advance(50);
    const later = e.job({ supersedeKey: 'search' });
    e.host.agentSpeaks();
    e.host.userSpeaks(false);
    await e.clock.advance(1000);
    e.host.ends(completed);
    later.end.resolve('New');
    await e.clock.advance(50);
    expect(e.host.told).toEqual([['call_2_final']]);
  });

  test("S3.6 a cancelled task's untold records are dropped", async () => {
    const e = engineOn();
    e.host.userSpeaks(true);
    const job = e.job();
    void job.ctx.update('One');
    await e.clock.advance(50);
    e.executor.cancel('call_1', 'application');
    expect(e.receipts).toContain('call_1_update_1 dropped');
    expect(e.host.claims).toEqual([]);
    e.host.userSpeaks(false);
    await e.clock.advance(100);
    expect(e.host.told).toEqual([]);
  });

  test('S3.6 S6.6 questions are asked one at a time and survive what their calls record later', async () => {
    const e = engineOn();
    const [a, b] = [e.job(), e.job()];
    void a.ctx.ask({ message: 'Window or aisle?' });
    void b.ctx.ask({ message: 'One way?' });
    void b.ctx.update('Still looking.');
    await e.clock.advance(50);
    expect(e.host.told).toEqual([['call_1_update_1', 'call_2_update_2']]);
    e.host.ends(completed);
    await e.clock.settle();
    expect(e.host.told.at(-1)).toEqual(['call_2_update_1']);
  });
});

describe('tools of a reply', () => {
  test('S3.7 a final may call tools, progress may not, and a repeat of a reply that called one may not', async () => {
    const e = engineOn();
    const job = e.job();
    void job.ctx.update('One');
    await e.clock.advance(50);
    expect(e.host.last.toolChoice).toBe('none');
    e.host.ends(completed);
    job.end.resolve('Done');
    await e.clock.advance(50);
    expect(e.host.last.toolChoice).toBe('auto');
    e.host.ends({ type: 'interrupted', heard: 'It is', toolsCalled: true });
    await e.clock.settle();
    expect(e.host.last).toMatchObject({ about: ['call_1_final'], toolChoice: 'none' });
  });

  test('S3.7 deliveryToolChoice overrides, also when the body has long ended', async () => {
    const e = engineOn();
    e.host.userSpeaks(true);
    e.job({ deliveryToolChoice: 'none' }).end.resolve('Done');
    await e.clock.advance(10_000);
    e.host.userSpeaks(false);
    expect(e.host.last.toolChoice).toBe('none');
  });

  test("S9.1 a toolset's reply prompt holds when all records are its own", async () => {
    const e = engineOn();
    const mine = { toolset: {}, prompts: [{ replyAtTail: 'MINE {callIds}' }] };
    e.host.userSpeaks(true);
    e.job(mine).end.resolve('A');
    e.job(mine).end.resolve('B');
    await e.clock.advance(50);
    e.host.userSpeaks(false);
    expect(e.host.last.instructions).toBe('MINE call_1_final, call_2_final');
    e.host.ends(completed);
    await e.clock.settle();
    e.host.userSpeaks(true);
    e.job(mine).end.resolve('C');
    e.job().end.resolve('D');
    await e.clock.advance(50);
    e.host.userSpeaks(false);
    expect(e.host.last.instructions).not.toContain('MINE');
  });
});

describe('hosts', () => {
  const modelOn = (repliesToItems: boolean) => new TestEngine(() => new ModelConversation(repliesToItems));

  test.each([[true], [false]])(
    'S3.9 handed to a model that decides itself, the receipt is accepted (replies to items: %s)',
    async (repliesToItems) => {
      const e = modelOn(repliesToItems);
      const job = e.job();
      const first = await job.call.first;
      e.host.answer(job.callId, first.output.text);
      void job.ctx.update('Half way.');
      await e.clock.advance(50);
      job.end.resolve('Done.');
      await e.clock.advance(50);
      expect(e.receipts).toEqual(['call_1_update_1 accepted', 'call_1_final accepted']);
      expect(e.host.items).toEqual(['call_1_update_1', 'call_1_final']);
      // Asked only where it would not have spoken by itself; each call on the wire was answered once.
      expect(e.host.asked).toEqual(repliesToItems ? [] : [['call_1_update_1'], ['call_1_final']]);
      expect([...e.host.answers.values()].map((given) => given.length)).toEqual([1]);
    },
  );

  test('S3.9 where toolChoice cannot be said, a call that comes all the same is not run', async () => {
    const e = modelOn(true);
    let ran = false;
    const call = e.start(
      engineTool('book', () => {
        ran = true;
      }),
      false,
    );
    const first = await call.first;
    expect(first.output.type).toBe('error');
    expect(ran).toBe(false);
    expect(e.records.at(-1)).toMatchObject({ type: 'call_answered', reason: 'refused' });
  });

  test('S3.9 where a host cannot know what was heard, it is told maxAttempts times and no more', async () => {
    const e = new TestEngine((clock) => new ScriptedConversation(clock, { heard: 'unknown' }));
    e.job().end.resolve('Done.');
    await e.clock.advance(50);
    for (let times = 0; times < 3; times += 1) {
      e.host.ends(cut(''));
      await e.clock.settle();
    }
    expect(e.host.told).toHaveLength(3);
    expect(e.receipts).toEqual(['call_1_final interrupted']);
  });

  test("S3.9 where the agent's speech cannot be cut, interrupt waits for its end", async () => {
    const e = new TestEngine((clock) => new ScriptedConversation(clock, { interrupt: false }));
    e.host.agentSpeaks();
    void e.job({ deliver: 'interrupt' }).ctx.update('Fire!');
    await e.clock.advance(5000);
    expect(e.host.told).toEqual([]);
    e.host.ends(completed);
    expect(e.host.told).toHaveLength(1);
  });
});

describe('wake-ups', () => {
  test('S3.3 a listener to a receipt that ends another task loses no wake-up and writes no receipt twice', async () => {
    const e = engineOn();
    const [a, b, c] = [e.job({ expiresMs: 1000 }), e.job({ expiresMs: 1000 }), e.job({ maxHoldMs: 1000 })];
    e.log.observe((record) => {
      if (record.type === 'delivery_ended' && record.id === 'call_1_update_1')
        e.executor.cancel('call_2', 'application');
    });
    e.host.isBusy(true);
    for (const job of [a, b, c]) void job.ctx.update('News');
    await e.clock.advance(1000);
    expect(e.host.told).toEqual([['call_3_update_1']]);
    const ended = e.receipts.filter((line) => !line.includes('final'));
    expect(ended.toSorted()).toEqual(['call_1_update_1 expired', 'call_2_update_1 dropped']);
  });

  test('S3.3 a listener to a receipt that looks again loses no wake-up', async () => {
    const e = engineOn();
    e.log.observe((record) => {
      if (record.type === 'delivery_ended') e.executor.announcer.look();
    });
    e.host.userSpeaks(true);
    void e.job({ expiresMs: 1000 }).ctx.update('A');
    void e.job({ owner: 'activity_1' }).ctx.update('B');
    void e.job().ctx.update('C');
    await e.clock.advance(1000);
    e.host.userSpeaks(false);
    expect(e.host.told).toEqual([['call_2_update_1', 'call_3_update_1']]);
  });

  test('S8.3 a claim that waits goes on for the new owner when its tasks move', async () => {
    const e = engineOn();
    const job = e.job({ owner: 'activity_1' });
    e.host.userSpeaks(true);
    void job.ctx.update('A');
    await e.clock.advance(50);
    const [before] = e.host.claims;
    e.host.current = 'activity_2';
    await e.executor.ownerEnded('activity_1', 1000);
    expect(e.host.claims).toEqual([{ ...before, owner: 'session' }]);
    e.host.userSpeaks(false);
    expect(e.host.told).toEqual([['call_1_update_1']]);
    expect(e.host.released).toBe(0);
  });

  test('S8.3 an owner that ends within the window takes nothing with it', async () => {
    const e = engineOn();
    const job = e.job({ owner: 'activity_1' });
    void job.ctx.update('A');
    await e.clock.advance(10);
    e.host.current = 'activity_2';
    await e.executor.ownerEnded('activity_1', 1000);
    await e.clock.advance(40);
    expect(e.host.told).toEqual([['call_1_update_1']]);
  });

  test('S6.2 no timer is armed by what only waits for quiet, nor by what has been told', async () => {
    const e = engineOn();
    e.host.userSpeaks(true);
    for (let n = 0; n < 10; n += 1) void e.job().ctx.update('News');
    void e.job({ expiresMs: 60_000, maxHoldMs: 30_000 }).ctx.update('News');
    await e.clock.advance(50);
    expect(e.clock.pending().map((timer) => timer.inMs)).toEqual([29_950]);
    e.host.userSpeaks(false);
    e.host.ends(completed);
    await e.clock.settle();
    expect(e.clock.pending()).toEqual([]);
    expect(e.log.state.tasks.deliveries.size).toBe(0);
  });

  test('S3.2 a thousand deliveries at once cost a thousand steps, not a million', async () => {
    const e = engineOn({ checked: false });
    const jobs = Array.from({ length: 1000 }, (_, n) => e.job({ supersedeKey: `key ${String(n)}` }));
    const { deliveries } = e.log.state.tasks;
    let steps = 0;
    const values = deliveries.values.bind(deliveries);
    deliveries.values = () => {
      steps += deliveries.size;
      return values();
    };
    for (const job of jobs) {
      void job.ctx.update('One');
      void job.ctx.update('Two');
      job.end.resolve('Done');
    }
    await e.clock.advance(50);
    expect(e.host.told.map((about) => about.length)).toEqual([1000]);
    e.host.ends(cut('They are'));
    await e.clock.settle();
    e.host.ends(completed);
    await e.clock.settle();
    expect(deliveries.size).toBe(0);
    expect(steps).toBeLessThan(30_000);
  });
});

type Step =
  | { do: 'start' | 'ask'; mode: 'when_idle' | 'interrupt' | 'silent'; holds: boolean; expires: boolean; key: boolean }
  | { do: 'update' | 'end' | 'fail' | 'cancel' | 'answer'; job: number }
  | { do: 'user' | 'busy'; on: boolean }
  | { do: 'wait'; ms: number }
  | { do: 'ends'; outcome: Outcome };

const outcomes = fc.oneof(
  fc.constant<Outcome>(completed),
  fc.constant<Outcome>({ type: 'nothing_said' }),
  fc.constantFrom('', 'Some of it').map(cut),
  fc.constant<Outcome>({ type: 'failed', error: new Error('down') }),
);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constantFrom('start' as const, 'ask' as const),
      mode: fc.constantFrom('when_idle' as const, 'interrupt' as const, 'silent' as const),
      holds: fc.boolean(),
      expires: fc.boolean(),
      key: fc.boolean(),
    }),
    fc.record({
      do: fc.constantFrom('update' as const, 'end' as const, 'fail' as const, 'cancel' as const, 'answer' as const),
      job: fc.nat(5),
    }),
    fc.record({ do: fc.constantFrom('update' as const, 'end' as const), job: fc.nat(5) }),
    fc.record({ do: fc.constantFrom('user' as const, 'busy' as const), on: fc.boolean() }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 10, 50, 1000, 5000) }),
    fc.record({ do: fc.constant('ends' as const), outcome: outcomes }),
  ),
  { maxLength: 60, size: 'max' },
);

describe('whatever happens', () => {
  test('S3.4 every delivery ends with one receipt, nothing is told again once it was told, and no reply is left untold', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const e = engineOn();
        const jobs: ReturnType<typeof e.job>[] = [];
        const endSpeech = async (outcome: Outcome): Promise<void> => {
          if (!e.host.agentIsSpeaking) return;
          e.host.ends(outcome);
          await e.clock.settle();
        };
        const act = async (step: Step): Promise<void> => {
          switch (step.do) {
            case 'start':
            case 'ask': {
              const { mode: deliver, holds, expires, key } = step;
              const options = {
                deliver,
                ...(holds ? { maxHoldMs: 1000 } : {}),
                ...(expires ? { expiresMs: 2000 } : {}),
                ...(key ? { supersedeKey: 'k' } : {}),
              };
              const job = e.job(options);
              jobs.push(job);
              if (step.do === 'ask') job.ctx.ask({ message: 'Which?' }).catch(() => undefined);
              return;
            }
            case 'user':
              return e.host.userSpeaks(step.on);
            case 'busy':
              return e.host.isBusy(step.on);
            case 'wait':
              return await e.clock.advance(step.ms);
            case 'ends':
              return await endSpeech(step.outcome);
            default: {
              const job = jobs[step.job];
              if (!job) return;
              if (step.do === 'update') void job.ctx.update('News');
              else if (step.do === 'end') job.end.resolve('Done');
              else if (step.do === 'fail') job.end.reject(new ToolError('No.'));
              else if (step.do === 'cancel') e.executor.cancel(job.callId, 'application');
              else e.executor.answer(job.callId, 'accept', {}).catch(() => undefined);
              return await e.clock.settle();
            }
          }
        };
        for (const step of script) await act(step);
        e.host.userSpeaks(false);
        e.host.isBusy(false);
        for (let rounds = 0; rounds < 200 && e.log.state.tasks.deliveries.size > 0; rounds += 1) {
          await e.clock.advance(10_000);
          await endSpeech(completed);
        }
        expect([...e.log.state.tasks.deliveries.keys()]).toEqual([]);
        expect(e.host.claims).toEqual([]);
        const ended = e.records.flatMap((record) => (record.type === 'delivery_ended' ? [record.id] : []));
        const opened = e.records.flatMap((record) =>
          (record.type === 'task_updated' || record.type === 'task_asked' || record.type === 'task_ended') &&
          record.record
            ? [record.record.id]
            : [],
        );
        expect(ended.toSorted()).toEqual(opened.toSorted());
        expectToldOnce(e);
        for (const job of jobs) job.end.resolve(undefined);
        await e.clock.advance(10_000);
        expect(e.clock.pending()).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});

/** After its receipt nothing is taken; taken again only after it was returned. */
function expectToldOnce(e: TestEngine<ScriptedConversation>): void {
  const taken = new Set<string>();
  const over = new Set<string>();
  for (const record of e.records) {
    if (record.type === 'delivery_taken') {
      for (const id of record.ids) {
        expect(taken.has(id) || over.has(id), `${id} is taken twice`).toBe(false);
        taken.add(id);
      }
    } else if (record.type === 'delivery_returned') taken.delete(record.id);
    else if (record.type === 'delivery_ended') over.add(record.id);
  }
}
