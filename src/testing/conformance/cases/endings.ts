/** Nothing comes after a cancel or a close (S5.3, S8.7). */
import assert from 'node:assert/strict';
import { defineCase, type ConformanceCase } from '../case.ts';
import { handTool } from '../hand-tool.ts';
import { coalesceMs } from '../scene.ts';

export const endingCases: readonly ConformanceCase[] = [
  defineCase(() => {
    const search = handTool('search', { ignoresAbort: true });
    return {
      id: 'cancelled',
      rules: 'S5.3 S5.1',
      behaviour: 'A cancelled task is cancelled at once: its signal fires, and nothing its body still does is told.',
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        void scene.talk.tasks.cancel(job.callId);
        assert(job.abortSignal.aborted, 'Expected the signal to have fired.');
        await assert.rejects(job.ctx.update('Too late.'), 'Expected an update of a cancelled task to be refused.');
        job.end.resolve('Three hotels.');
        await scene.staysQuiet();
        const { prompt } = await scene.chats();
        assert(!/Too late|Three hotels/.test(prompt), 'Expected nothing of it in what the model is shown.');
        assert(prompt.includes('cancelled'), 'Expected the model to know that it was cancelled.');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'cancelled-while-told',
      rules: 'S3.6 S5.3',
      behaviour: 'What is being told when its task is cancelled keeps its one receipt.',
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        void job.ctx.update('Half of it.');
        const { request } = await scene.isToldOf(`${job.callId}_update_1`);
        await request.says('Half of it is there.');
        await scene.talk.tasks.cancel(job.callId);
        await scene.talk.ends();
        scene.assertReceipt(`${job.callId}_update_1`, 'completed');
        await scene.staysQuiet();
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search', { ignoresAbort: true });
    return {
      id: 'closed',
      rules: 'S8.7 S5.3',
      behaviour: 'Closing ends tasks as cancelled, drops what is untold, and nothing is written or said afterwards.',
      tools: [search],
      play: async (scene) => {
        const one = await scene.inBackground(search);
        const two = await scene.inBackground(search, { other: true });
        await scene.talk.userStartsSpeaking();
        void one.ctx.update('Half of it.');
        await scene.talk.advance(coalesceMs);
        await scene.talk.close();
        assert(one.abortSignal.aborted && two.abortSignal.aborted, 'Expected the bodies to be told to stop.');
        scene.assertReceipt(`${one.callId}_update_1`, 'dropped');
        const written = scene.records.length;
        one.end.resolve('Two trains.');
        two.end.resolve('Three hotels.');
        await scene.staysQuiet();
        assert.equal(scene.records.length, written, 'Expected nothing to be written after the end.');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'closed-while-told',
      rules: 'S8.7 S3.4',
      behaviour: 'A close while something is being told leaves it with one receipt, and nothing is being said.',
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        job.end.resolve('Three hotels.');
        const { request } = await scene.isToldOf(`${job.callId}_final`);
        await request.says('There are three.');
        await scene.talk.close();
        assert.equal(scene.talk.saying, undefined, 'Expected what was being said to be cut.');
        await scene.staysQuiet();
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'closed-while-blocking',
      rules: 'S8.7',
      behaviour: 'A close while a call blocks ends it as cancelled, and nobody replies to it.',
      tools: [search],
      play: async (scene) => {
        const job = await scene.begins(search);
        await scene.talk.close();
        assert(job.abortSignal.aborted, 'Expected the body to be told to stop.');
        await scene.staysQuiet();
      },
    };
  }),
];
