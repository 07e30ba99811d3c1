/** Questions that running tasks ask (S6.6), and the order in which claims are served (S6.9). */
import assert from 'node:assert/strict';
import { defineCase, type ConformanceCase } from '../case.ts';
import { handTool } from '../hand-tool.ts';
import { coalesceMs } from '../scene.ts';

/** What a promise came to so far: a case looks, and never waits for what may not come. */
function heldIn<T>(promise: Promise<T>): { value?: T } {
  const held: { value?: T } = {};
  void promise.then(
    (value) => (held.value = value),
    () => undefined,
  );
  return held;
}

export const questionCases: readonly ConformanceCase[] = [
  defineCase(() => {
    const book = handTool('book', { asks: true });
    return {
      id: 'question',
      rules: 'S6.6',
      behaviour: 'A question is told; the model gives the answer with answer_task, and the body goes on.',
      tools: [book],
      play: async (scene) => {
        const job = await scene.inBackground(book);
        const answer = heldIn(job.ctx.ask({ message: 'Aisle or window?' }));
        const { request } = await scene.isToldOf(`${job.callId}_update_1`);
        assert(request.prompt.includes('Aisle or window?'), 'Expected the question in the request.');
        await scene.says(request, 'Aisle or window?');
        await scene.staysQuiet();
        const next = await scene.asks('Window.');
        await next.calls('answer_task', { call_id: job.callId, action: 'accept', content: { seat: 'window' } });
        await scene.talk.advance(0);
        await scene.says(scene.request, 'Window it is.');
        assert.deepEqual(answer.value, { action: 'accept', content: { seat: 'window' } });
        await scene.staysQuiet();
      },
    };
  }),

  defineCase(() => {
    const seat = handTool('seat', { asks: true });
    const meal = handTool('meal', { asks: true });
    return {
      id: 'questions-in-order',
      rules: 'S6.6 S6.9',
      behaviour: 'One question per reply, in the order of asking.',
      tools: [seat, meal],
      play: async (scene) => {
        const one = await scene.inBackground(seat);
        const two = await scene.inBackground(meal);
        void two.ctx.ask({ message: 'Fish or rice?' });
        void one.ctx.ask({ message: 'Aisle or window?' });
        const first = await scene.isToldOf(`${two.callId}_update_1`);
        await scene.says(first.request, 'Fish or rice?');
        const second = await scene.isToldOf(`${one.callId}_update_1`);
        await scene.says(second.request, 'Aisle or window?');
        await scene.staysQuiet();
      },
    };
  }),

  defineCase(() => {
    const seat = handTool('seat', { asks: true });
    const search = handTool('search');
    return {
      id: 'due-with-a-question',
      rules: 'S6.9 S3.2',
      behaviour: 'What else is due goes with the oldest, a question or not.',
      tools: [seat, search],
      play: async (scene) => {
        const one = await scene.inBackground(seat);
        const two = await scene.inBackground(search);
        void one.ctx.ask({ message: 'Aisle or window?' });
        two.end.resolve('Three hotels.');
        const { request } = await scene.isToldOf(`${one.callId}_update_1`, `${two.callId}_final`);
        await scene.says(request, 'There are three hotels. Aisle or window?');
        await scene.staysQuiet();
      },
    };
  }),

  defineCase(() => {
    const book = handTool('book', { asks: true });
    return {
      id: 'answered-before-told',
      rules: 'S6.6 S3.6',
      behaviour: 'A question that the application answers before it was told is not told.',
      tools: [book],
      play: async (scene) => {
        const job = await scene.inBackground(book);
        await scene.talk.userStartsSpeaking();
        const answer = heldIn(job.ctx.ask({ message: 'Aisle or window?' }));
        await scene.talk.advance(coalesceMs);
        await scene.talk.tasks.answer(job.callId, 'decline');
        await scene.talk.userStopsSpeaking();
        await scene.staysQuiet();
        assert.deepEqual(answer.value, { action: 'decline' });
        scene.assertReceipt(`${job.callId}_update_1`, 'superseded');
      },
    };
  }),

  defineCase(() => {
    const book = handTool('book', { asks: true });
    return {
      id: 'open-question-stays',
      rules: 'S6.6 S3.6',
      behaviour: 'An open question does not expire and is not superseded.',
      tools: [book],
      play: async (scene) => {
        const job = await scene.inBackground(book);
        await scene.talk.userStartsSpeaking();
        void job.ctx.ask({ message: 'Aisle or window?' });
        await scene.talk.advance(coalesceMs);
        void job.ctx.update('Still holding two seats.');
        await scene.staysQuiet();
        await scene.talk.userStopsSpeaking();
        const { request } = await scene.isToldOf(`${job.callId}_update_1`, `${job.callId}_update_2`);
        await scene.says(request, 'I hold two seats. Aisle or window?');
      },
    };
  }),
];
