/** How a record is to be delivered: silently, at once, after so long, or not after so long (S3.1). */
import assert from 'node:assert/strict';
import { defineCase, type ConformanceCase } from '../case.ts';
import { handTool } from '../hand-tool.ts';
import { coalesceMs } from '../scene.ts';

export const levelCases: readonly ConformanceCase[] = [
  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'silent',
      rules: 'S3.1 S3.4',
      behaviour: 'A silent record is not told; the model has it with the next request.',
      needs: ['silent append'],
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        void job.ctx.update('Half of it.', { deliver: 'silent' });
        await scene.staysQuiet();
        scene.assertReceipt(`${job.callId}_update_1`, 'silent');
        const { prompt } = await scene.chats();
        assert(prompt.includes('Half of it.'), 'Expected the record in the next request.');
        await scene.staysQuiet();
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'silent-first',
      rules: 'S3.1 S1.1',
      behaviour: 'A silent first update answers the call and wants no reply.',
      tools: [search],
      play: async (scene) => {
        const job = await scene.begins(search);
        void job.ctx.update('Began.', { deliver: 'silent' });
        await scene.staysQuiet();
        job.end.resolve('Three hotels.');
        const { request } = await scene.isToldOf(`${job.callId}_final`);
        await scene.says(request, 'There are three.');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search', { deliver: 'silent' });
    return {
      id: 'error-not-silent',
      rules: 'S3.1',
      behaviour: 'The failure of a silent tool is told.',
      tools: [search],
      play: async (scene) => {
        const job = await scene.begins(search);
        void job.ctx.update('Began.');
        await scene.staysQuiet(1000);
        job.end.reject(new Error('no network'));
        const { request } = await scene.isToldOf(`${job.callId}_final`);
        await scene.says(request, 'That failed.');
      },
    };
  }),

  defineCase(() => {
    const alarm = handTool('alarm', { deliver: 'interrupt' });
    return {
      id: 'interrupt',
      rules: 'S3.1',
      behaviour: '"interrupt" cuts what the agent is saying.',
      needs: ['interrupt'],
      tools: [alarm],
      play: async (scene) => {
        const job = await scene.inBackground(alarm);
        const request = await scene.asks('Tell me a story.');
        await request.says('Once upon a time.');
        await scene.talk.hears('Once');
        job.end.resolve('Fire.');
        const telling = await scene.isToldOf(`${job.callId}_final`);
        assert.equal(scene.talk.heard.at(-1), 'Once', 'Expected the story to be cut where it was.');
        await scene.says(telling.request, 'There is a fire.');
      },
    };
  }),

  defineCase(() => {
    const alarm = handTool('alarm', { deliver: 'interrupt' });
    return {
      id: 'interrupt-not-the-user',
      rules: 'S3.1 S3.8',
      behaviour: '"interrupt" never cuts the user.',
      tools: [alarm],
      play: async (scene) => {
        const job = await scene.inBackground(alarm);
        await scene.talk.userStartsSpeaking();
        job.end.resolve('Fire.');
        await scene.staysQuiet();
        await scene.talk.userStopsSpeaking();
        const { request } = await scene.isToldOf(`${job.callId}_final`);
        await scene.says(request, 'There is a fire.');
      },
    };
  }),

  defineCase(() => {
    const alarm = handTool('alarm', { deliver: 'interrupt' });
    return {
      id: 'interrupt-not-itself',
      rules: 'S3.1',
      behaviour: '"interrupt" does not cut a speech whose request held the record.',
      needs: ['silent append'],
      tools: [alarm],
      play: async (scene) => {
        const job = await scene.inBackground(alarm);
        await scene.talk.userStartsSpeaking();
        job.end.resolve('Fire.');
        await scene.talk.advance(coalesceMs);
        const request = await scene.asks('What was that?');
        await scene.talk.userStopsSpeaking();
        assert(request.prompt.includes('Fire.'), 'Expected the answer to have seen the record.');
        await request.says('There is a fire.');
        await scene.staysQuiet();
        assert.equal(scene.talk.saying, 'There is a fire.', 'Expected the answer to go on.');
        await scene.talk.ends();
        const telling = await scene.isToldOf(`${job.callId}_final`);
        await telling.request.saysNothing();
        await scene.staysQuiet(0);
      },
    };
  }),

  defineCase(() => {
    const alarm = handTool('alarm', { deliver: 'interrupt' });
    const search = handTool('search');
    return {
      id: 'levels-in-one-reply',
      rules: 'S3.2 S3.8',
      behaviour: 'What may wait and what may not, due together, are told in one reply.',
      tools: [alarm, search],
      play: async (scene) => {
        const one = await scene.inBackground(search);
        const two = await scene.inBackground(alarm);
        one.end.resolve('Three hotels.');
        two.end.resolve('Fire.');
        const { request } = await scene.isToldOf(`${one.callId}_final`, `${two.callId}_final`);
        await scene.says(request, 'There is a fire. And there are three hotels.');
        await scene.staysQuiet();
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    const slow = handTool('slow');
    return {
      id: 'max-hold',
      rules: 'S3.1',
      behaviour: 'After maxHoldMs a record does not wait for quiet any more: it is told though a call blocks.',
      tools: [search, slow],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        const other = await scene.begins(slow);
        void job.ctx.update('Half of it.', { maxHoldMs: 3000 });
        await scene.staysQuiet(2999);
        const { request } = await scene.isToldOf(`${job.callId}_update_1`);
        await scene.says(request, 'Half of it is there.');
        scene.assertReceipt(`${job.callId}_update_1`, 'completed');
        other.end.resolve(undefined);
        await scene.talk.advance(0);
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'max-hold-not-the-user',
      rules: 'S3.1 S3.8',
      behaviour: 'After maxHoldMs it still waits for the user.',
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        await scene.talk.userStartsSpeaking();
        void job.ctx.update('Half of it.', { maxHoldMs: 1000 });
        await scene.staysQuiet();
        await scene.talk.userStopsSpeaking();
        const { request } = await scene.isToldOf(`${job.callId}_update_1`);
        await scene.says(request, 'Half of it is there.');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'expired',
      rules: 'S3.1 S3.4',
      behaviour: 'After expiresMs a record is not told any more; the model has it all the same.',
      needs: ['silent append'],
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        await scene.talk.userStartsSpeaking();
        void job.ctx.update('Half of it.', { expiresMs: 2000 });
        await scene.talk.advance(2000);
        await scene.talk.userStopsSpeaking();
        await scene.staysQuiet();
        scene.assertReceipt(`${job.callId}_update_1`, 'expired');
        const { prompt } = await scene.chats();
        assert(prompt.includes('Half of it.'), 'Expected the record to stay.');
      },
    };
  }),
];
