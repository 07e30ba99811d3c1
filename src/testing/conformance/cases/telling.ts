/** When something is told, in which reply, and when it is held back (S3.1 to S3.3, S3.8, S6). */
import assert from 'node:assert/strict';
import { defineCase, type ConformanceCase } from '../case.ts';
import { handTool } from '../hand-tool.ts';
import { coalesceMs } from '../scene.ts';

export const tellingCases: readonly ConformanceCase[] = [
  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'told-when-quiet',
      rules: 'S3.2 S3.4',
      behaviour: 'A result is told once, when it is quiet, and its receipt is "completed".',
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        await scene.staysQuiet();
        job.end.resolve('Three hotels.');
        const { request, isRest } = await scene.isToldOf(`${job.callId}_final`);
        assert.equal(isRest, false, 'Expected a telling: the user has heard nothing of it.');
        await scene.says(request, 'There are three.');
        scene.assertReceipt(`${job.callId}_final`, 'completed');
        assert.equal(scene.talk.heard.at(-1), 'There are three.');
        await scene.staysQuiet();
      },
    };
  }),

  defineCase(() => {
    const hotels = handTool('hotels');
    const trains = handTool('trains');
    return {
      id: 'one-reply',
      rules: 'S3.2 S3.8',
      behaviour: 'What is due together is told in one reply, in the order of recording.',
      tools: [hotels, trains],
      play: async (scene) => {
        const one = await scene.inBackground(hotels);
        const two = await scene.inBackground(trains);
        two.end.resolve('Two trains.');
        await scene.talk.advance(coalesceMs / 2);
        one.end.resolve('Three hotels.');
        const { request } = await scene.isToldOf(`${two.callId}_final`, `${one.callId}_final`);
        await scene.says(request, 'Two trains and three hotels.');
        scene.assertReceipt(`${one.callId}_final`, 'completed');
        scene.assertReceipt(`${two.callId}_final`, 'completed');
        await scene.staysQuiet();
      },
    };
  }),

  defineCase(() => {
    const hotels = handTool('hotels');
    const trains = handTool('trains');
    return {
      id: 'recorded-while-taken',
      rules: 'S3.3',
      behaviour: 'What is recorded at the very moment when a reply takes what is due is told in the next.',
      tools: [hotels, trains],
      play: async (scene) => {
        const one = await scene.inBackground(hotels);
        const two = await scene.inBackground(trains);
        scene.onRecord = (record) => {
          if (record.type !== 'delivery_taken') return;
          scene.onRecord = () => undefined;
          void two.ctx.update('Two trains.');
        };
        one.end.resolve('Three hotels.');
        const { request } = await scene.isToldOf(`${one.callId}_final`);
        await scene.says(request, 'Three hotels.');
        const next = await scene.isToldOf(`${two.callId}_update_1`);
        await scene.says(next.request, 'Two trains.');
        scene.assertReceipt(`${two.callId}_update_1`, 'completed');
      },
    };
  }),

  defineCase(() => {
    const hotels = handTool('hotels');
    const trains = handTool('trains');
    return {
      id: 'recorded-while-told',
      rules: 'S3.2 S3.8',
      behaviour: 'What is recorded while a reply is being said waits for its end.',
      tools: [hotels, trains],
      play: async (scene) => {
        const one = await scene.inBackground(hotels);
        const two = await scene.inBackground(trains);
        one.end.resolve('Three hotels.');
        const { request } = await scene.isToldOf(`${one.callId}_final`);
        await request.says('There are three.');
        two.end.resolve('Two trains.');
        await scene.staysQuiet();
        await scene.talk.ends();
        const next = await scene.isToldOf(`${two.callId}_final`);
        await scene.says(next.request, 'And two trains.');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'user-speaks',
      rules: 'S3.8 S6.1',
      behaviour: 'Nothing is told while the user speaks; when he has stopped, it is.',
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        await scene.talk.userStartsSpeaking();
        job.end.resolve('Three hotels.');
        await scene.staysQuiet();
        await scene.talk.userStopsSpeaking();
        const { request } = await scene.isToldOf(`${job.callId}_final`);
        await scene.says(request, 'There are three.');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'user-answered-first',
      rules: 'S3.8 S6.1',
      behaviour: 'The user who says something is answered before anything is told.',
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        await scene.talk.userStartsSpeaking();
        job.end.resolve('Three hotels.');
        await scene.staysQuiet(1000);
        const request = await scene.asks('By the way, hello.');
        await scene.talk.userStopsSpeaking();
        assert(!request.prompt.includes('[tell'), 'Expected the user to be answered first.');
        await scene.says(request, 'Hello.');
        const telling = await scene.isToldOf(`${job.callId}_final`);
        await scene.says(telling.request, 'There are three.');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'agent-speaks',
      rules: 'S3.1 S6.1',
      behaviour: 'What the agent is saying is not cut for a result that can wait.',
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        const request = await scene.asks('Tell me a story.');
        await request.says('Once upon a time.');
        job.end.resolve('Three hotels.');
        await scene.staysQuiet();
        assert.equal(scene.talk.saying, 'Once upon a time.', 'Expected the agent to go on.');
        await scene.talk.ends();
        const telling = await scene.isToldOf(`${job.callId}_final`);
        await scene.says(telling.request, 'There are three.');
      },
    };
  }),

  defineCase(() => {
    const hotels = handTool('hotels');
    const trains = handTool('trains');
    return {
      id: 'call-blocks',
      rules: 'S6.1 S3.2',
      behaviour: 'While a call of the open turn blocks it is not quiet: the turn comes to its end first.',
      tools: [hotels, trains],
      play: async (scene) => {
        const one = await scene.inBackground(hotels);
        const two = await scene.begins(trains);
        one.end.resolve('Three hotels.');
        await scene.staysQuiet();
        two.end.resolve('Two trains.');
        await scene.talk.advance(0);
        const { request } = scene;
        assert(request.prompt.includes('Two trains.'), 'Expected the turn to go on with the output of its call.');
        await scene.says(request, 'Two trains.');
        const telling = await scene.isToldOf(`${one.callId}_final`);
        await scene.says(telling.request, 'And three hotels.');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'gone-before-told',
      rules: 'S3.2 S3.6',
      behaviour: 'When what waited for the floor is not to be told any more, nothing is said; what comes later is.',
      tools: [search],
      play: async (scene) => {
        const one = await scene.inBackground(search);
        const two = await scene.inBackground(search, { other: true });
        await scene.talk.userStartsSpeaking();
        void one.ctx.update('Half of it.');
        await scene.talk.advance(coalesceMs);
        await scene.talk.tasks.cancel(one.callId);
        await scene.talk.userStopsSpeaking();
        await scene.staysQuiet();
        scene.assertReceipt(`${one.callId}_update_1`, 'dropped');
        two.end.resolve('Three hotels.');
        const { request } = await scene.isToldOf(`${two.callId}_final`);
        await scene.says(request, 'There are three.');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'superseded',
      rules: 'S3.6',
      behaviour: 'A later record of a call takes the place of its earlier untold ones.',
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        await scene.talk.userStartsSpeaking();
        void job.ctx.update('Half of it.');
        await scene.talk.advance(coalesceMs);
        job.end.resolve('Three hotels.');
        await scene.talk.advance(coalesceMs);
        await scene.talk.userStopsSpeaking();
        const { request } = await scene.isToldOf(`${job.callId}_final`);
        await scene.says(request, 'There are three.');
        scene.assertReceipt(`${job.callId}_update_1`, 'superseded');
        await scene.staysQuiet();
      },
    };
  }),

  defineCase(() => {
    const watch = handTool('watch', { supersedeKey: 'watch' });
    return {
      id: 'supersede-key',
      rules: 'S3.6',
      behaviour: 'Of calls with one supersedeKey only the latest is told.',
      tools: [watch],
      play: async (scene) => {
        const earlier = await scene.inBackground(watch, { city: 'Kyoto' });
        const later = await scene.inBackground(watch, { city: 'Osaka' });
        earlier.end.resolve('Rain in Kyoto.');
        await scene.staysQuiet();
        scene.assertReceipt(`${earlier.callId}_final`, 'superseded');
        later.end.resolve('Sun in Osaka.');
        const { request } = await scene.isToldOf(`${later.callId}_final`);
        await scene.says(request, 'It is sunny in Osaka.');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'tool-choice',
      rules: 'S3.7',
      behaviour: 'A reply that carries a result may call tools, one that carries only progress may not.',
      needs: ['tool choice'],
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        void job.ctx.update('Half of it.');
        const progress = await scene.isToldOf(`${job.callId}_update_1`);
        assert.equal(progress.request.toolChoice, 'none', 'Expected no tools for progress.');
        await scene.says(progress.request, 'Half of it is there.');
        job.end.resolve('Three hotels.');
        const final = await scene.isToldOf(`${job.callId}_final`);
        assert.equal(final.request.toolChoice, 'auto', 'Expected tools for a result.');
        await scene.says(final.request, 'There are three.');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search', { deliveryToolChoice: 'none' });
    return {
      id: 'delivery-tool-choice',
      rules: 'S3.7',
      behaviour: 'deliveryToolChoice says otherwise for its tool.',
      needs: ['tool choice'],
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        job.end.resolve('Three hotels.');
        const { request } = await scene.isToldOf(`${job.callId}_final`);
        assert.equal(request.toolChoice, 'none');
        await scene.says(request, 'There are three.');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    const book = handTool('book');
    return {
      id: 'reply-calls',
      rules: 'S3.7 S1.2',
      behaviour: 'A reply that tells a result may call a tool; when it fails afterwards, its repeat may not.',
      needs: ['tool choice'],
      tools: [search, book],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        job.end.resolve('One hotel.');
        const { request } = await scene.isToldOf(`${job.callId}_final`);
        await request.calls('book');
        book.jobs[0]?.end.resolve('Booked.');
        await scene.talk.advance(0);
        await scene.request.fails(new Error('overloaded'));
        const booked = await scene.isToldOf(book.jobs[0]?.callId ?? '');
        await scene.says(booked.request, 'It is booked.');
        const again = await scene.isToldOf(`${job.callId}_final`);
        assert.equal(again.request.toolChoice, 'none', 'Expected the repeat to call nothing: it might call it twice.');
        await scene.says(again.request, 'One hotel.');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'accepted',
      rules: 'S3.9',
      behaviour: 'Handed to a model that decides itself when to speak, a record ends as "accepted", once.',
      needs: ['model turns'],
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        job.end.resolve('Three hotels.');
        await scene.talk.advance(5000);
        scene.assertReceipt(`${job.callId}_final`, 'accepted');
        const { request } = scene;
        assert(request.prompt.includes('Three hotels.'), 'Expected the model to have the record.');
        await scene.says(request, 'There are three.');
        await scene.staysQuiet();
      },
    };
  }),
];
