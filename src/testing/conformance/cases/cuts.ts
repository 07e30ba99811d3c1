/** A reply that did not come to its end: what is told again, in which words, and how often (S3.4, S3.5). */
import assert from 'node:assert/strict';
import { defineCase, type ConformanceCase } from '../case.ts';
import { handTool } from '../hand-tool.ts';
import { maxAttempts, retryDelayMs, type Scene } from '../scene.ts';

export const cutCases: readonly ConformanceCase[] = [
  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'cut-heard',
      rules: 'S3.4',
      behaviour: 'After a cut only the rest is told, with what was heard.',
      needs: ['knows what was heard'],
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        job.end.resolve('Three hotels.');
        const { request } = await scene.isToldOf(`${job.callId}_final`);
        await request.says('There are three hotels.');
        await scene.talk.hears('There are');
        await scene.talk.userInterrupts();
        const again = await scene.isToldOf(`${job.callId}_final`);
        assert.equal(again.isRest, true, 'Expected the rest to be asked for.');
        assert.equal(again.heard, 'There are');
        await scene.says(again.request, 'Three hotels.');
        scene.assertReceipt(`${job.callId}_final`, 'completed');
        await scene.staysQuiet();
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'cut-unheard',
      rules: 'S3.4',
      behaviour: 'A cut before anything was heard costs no attempt.',
      needs: ['knows what was heard'],
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        job.end.resolve('Three hotels.');
        for (let cut = 0; cut <= maxAttempts; cut += 1) {
          const { request, isRest } = await scene.isToldOf(`${job.callId}_final`);
          assert.equal(isRest, false, 'Expected all of it to be told: nothing was heard.');
          await request.says('There are three.');
          await scene.talk.userInterrupts();
        }
        const last = await scene.isToldOf(`${job.callId}_final`);
        await scene.says(last.request, 'There are three.');
        scene.assertReceipt(`${job.callId}_final`, 'completed');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'cut-too-often',
      rules: 'S3.4',
      behaviour: 'Cut maxAttempts times, a record ends as "interrupted" and stays in what the model is shown.',
      needs: ['knows what was heard'],
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        job.end.resolve('Three hotels.');
        for (let cut = 0; cut < maxAttempts; cut += 1) {
          const { request } = await scene.isToldOf(`${job.callId}_final`);
          await request.says('There are three.');
          await scene.talk.hears('There');
          await scene.talk.userInterrupts();
        }
        await scene.staysQuiet();
        scene.assertReceipt(`${job.callId}_final`, 'interrupted');
        const { prompt } = await scene.chats();
        assert(prompt.includes('Three hotels.'), 'Expected the record to stay.');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'failed',
      rules: 'S3.4 S3.5',
      behaviour: 'After a failure of the model it is told again, not before retryDelayMs.',
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        job.end.resolve('Three hotels.');
        const { request } = await scene.isToldOf(`${job.callId}_final`);
        await request.fails(new Error('overloaded'));
        await scene.staysQuiet(retryDelayMs - 1);
        const again = await scene.isToldOf(`${job.callId}_final`);
        assert.equal(again.isRest, false, 'Expected all of it to be told: nothing was heard.');
        await scene.says(again.request, 'There are three.');
        scene.assertReceipt(`${job.callId}_final`, 'completed');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'failed-too-often',
      rules: 'S3.4',
      behaviour: 'Failed maxAttempts times, a record ends as "failed" and stays in what the model is shown.',
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        job.end.resolve('Three hotels.');
        for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
          const { request } = await scene.isToldOf(`${job.callId}_final`);
          await request.fails(new Error('overloaded'));
        }
        await scene.staysQuiet();
        scene.assertReceipt(`${job.callId}_final`, 'failed');
        const { prompt } = await scene.chats();
        assert(prompt.includes('Three hotels.'), 'Expected the record to stay.');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'silence-at-tail',
      rules: 'S3.5',
      behaviour: 'A model that says nothing of what the user cannot know has failed: it is asked again.',
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        job.end.resolve('Three hotels.');
        const { request } = await scene.isToldOf(`${job.callId}_final`);
        await request.saysNothing();
        await scene.staysQuiet(retryDelayMs - 1);
        const again = await scene.isToldOf(`${job.callId}_final`);
        await scene.says(again.request, 'There are three.');
        scene.assertReceipt(`${job.callId}_final`, 'completed');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'covered-skipped',
      rules: 'S3.5',
      behaviour: 'What the agent may have said already is told only as far as it was not; saying nothing is "skipped".',
      needs: ['knows what was heard', 'silent append'],
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        await answeredOver(scene, () => job.end.resolve('Three hotels.'), 'There are three.');
        const { request, isRest, isNew } = await scene.isToldOf(`${job.callId}_final`);
        assert.equal(isRest, true, 'Expected only the rest to be asked for.');
        assert.deepEqual(isNew, []);
        await request.saysNothing();
        await scene.staysQuiet();
        scene.assertReceipt(`${job.callId}_final`, 'skipped');
      },
    };
  }),

  defineCase(() => {
    const hotels = handTool('hotels');
    const trains = handTool('trains');
    return {
      id: 'covered-and-new',
      rules: 'S3.5',
      behaviour: 'A reply over what may have been said and what cannot have been names the new ones.',
      needs: ['knows what was heard', 'silent append'],
      tools: [hotels, trains],
      play: async (scene) => {
        const one = await scene.inBackground(hotels);
        const two = await scene.inBackground(trains);
        await scene.talk.userStartsSpeaking();
        one.end.resolve('Three hotels.');
        await scene.talk.advance(1000);
        const request = await scene.asks();
        await request.says('There are three hotels.');
        two.end.resolve('Two trains.');
        await scene.talk.advance(1000);
        await scene.talk.ends();
        await scene.talk.userStopsSpeaking();
        const telling = await scene.isToldOf(`${one.callId}_final`, `${two.callId}_final`);
        assert.equal(telling.isRest, true);
        assert.deepEqual(telling.isNew, [`${two.callId}_final`]);
        await scene.says(telling.request, 'And two trains.');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'unheard-covers-nothing',
      rules: 'S3.5',
      behaviour: 'An answer that was cut before anything was heard covers nothing, whatever its request held.',
      needs: ['knows what was heard', 'silent append'],
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        await scene.talk.userStartsSpeaking();
        job.end.resolve('Three hotels.');
        await scene.talk.advance(1000);
        const request = await scene.asks();
        assert(request.prompt.includes('Three hotels.'), 'Expected the answer to have seen the record.');
        await request.says('There are three.');
        await scene.talk.userInterrupts();
        await scene.talk.userStopsSpeaking();
        const { request: telling, isRest } = await scene.isToldOf(`${job.callId}_final`);
        assert.equal(isRest, false, 'Expected a telling: nothing was heard.');
        await scene.says(telling, 'There are three.');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'earlier-request-covers-nothing',
      rules: 'S3.5',
      behaviour: 'What was said over a request that did not hold the record covers nothing, though it was heard later.',
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        const request = await scene.asks('Tell me a story.');
        await request.says('Once upon a time.');
        job.end.resolve('Three hotels.');
        await scene.talk.advance(1000);
        await scene.talk.ends();
        const { request: telling, isRest } = await scene.isToldOf(`${job.callId}_final`);
        assert.equal(isRest, false, 'Expected a telling: the story was begun before.');
        await scene.says(telling, 'There are three.');
      },
    };
  }),
];

/** The user speaks, something is recorded, and he is answered over a request that holds it. */
async function answeredOver(scene: Scene, happens: () => void, answer: string): Promise<void> {
  await scene.talk.userStartsSpeaking();
  happens();
  await scene.talk.advance(1000);
  const request = await scene.asks();
  await scene.talk.userStopsSpeaking();
  await scene.says(request, answer);
}
