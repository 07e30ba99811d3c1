/** A call and its output: what the model is answered, and when (S1, S2, S4). */
import assert from 'node:assert/strict';
import { handoff, ToolError } from '../../../index.ts';
import { defineCase, type ConformanceCase } from '../case.ts';
import { handTool } from '../hand-tool.ts';

export const callCases: readonly ConformanceCase[] = [
  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'inline',
      rules: 'S1.1 S1.4',
      behaviour: 'A body that ends before it tells anything answers its call, and nothing is told later.',
      tools: [search],
      play: async (scene) => {
        const job = await scene.begins(search);
        await scene.staysQuiet(5000);
        job.end.resolve('Three hotels.');
        await scene.talk.advance(0);
        const { request } = scene;
        assert(request.prompt.includes('Three hotels.'), 'Expected the reply to see the output of the call.');
        await scene.says(request, 'There are three.');
        await scene.staysQuiet();
        assert.equal(
          scene.receipt(`${job.callId}_final`),
          undefined,
          'Expected no delivery of what was answered inline.',
        );
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'first-update-answers',
      rules: 'S1.1 S2.2',
      behaviour: 'The first update answers the call; the body goes on while the agent replies to it.',
      tools: [search],
      play: async (scene) => {
        const job = await scene.begins(search);
        void job.ctx.update('Looking at Kyoto.');
        await scene.talk.advance(0);
        const { request } = scene;
        assert(request.prompt.includes('Looking at Kyoto.'), 'Expected the update to be the output of the call.');
        assert(!job.abortSignal.aborted, 'Expected the body to go on.');
        await scene.says(request, 'I am looking.');
        await scene.staysQuiet();
        assert.equal(scene.talk.tasks.list()[0]?.phase, 'background', 'Expected the task to be in the background.');
      },
    };
  }),

  defineCase(() => {
    const note = handTool('note');
    return {
      id: 'nothing-to-say',
      rules: 'S1.4',
      behaviour: 'A body that ends with nothing wants no reply.',
      tools: [note],
      play: async (scene) => {
        const job = await scene.begins(note);
        job.end.resolve(undefined);
        await scene.staysQuiet();
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'tool-error',
      rules: 'S1.4',
      behaviour: 'A ToolError is told word for word, any other error in general words.',
      tools: [search],
      play: async (scene) => {
        const refused = await scene.begins(search);
        refused.end.reject(new ToolError('No such city.'));
        await scene.talk.advance(0);
        const { request } = scene;
        assert(request.prompt.includes('No such city.'), 'Expected the message of the ToolError in the prompt.');
        await request.calls('search');
        search.jobs[1]?.end.reject(new Error('ECONNREFUSED 10.0.0.7'));
        await scene.talk.advance(0);
        const next = scene.request;
        assert(!next.prompt.includes('10.0.0.7'), 'Expected an unexpected error to be masked.');
        await scene.says(next, 'It failed.');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'unknown-tool',
      rules: 'S1.3',
      behaviour: 'A call of a tool that does not exist is answered with those that do, and the talk goes on.',
      tools: [search],
      play: async (scene) => {
        const request = await scene.asks();
        await request.calls('no_such_tool');
        await scene.talk.advance(0);
        const next = scene.request;
        assert(
          next.prompt.includes('There is no tool named "no_such_tool". Available tools: search'),
          'Expected an error output that names the tools there are.',
        );
        await scene.says(next, 'I cannot.');
      },
    };
  }),

  defineCase(() => {
    const first = handTool('first');
    const second = handTool('second');
    return {
      id: 'append-order',
      rules: 'S2.3 S2.4',
      behaviour: 'Records enter what the model is shown in the order of recording, each once.',
      needs: ['silent append'],
      tools: [first, second],
      play: async (scene) => {
        const one = await scene.inBackground(first);
        const two = await scene.inBackground(second);
        const silent = { deliver: 'silent' } as const;
        void one.ctx.update('alpha', silent);
        void two.ctx.update('beta', silent);
        void one.ctx.update('gamma', silent);
        void two.ctx.update('delta', silent);
        await scene.talk.advance(0);
        const { prompt } = await scene.chats();
        const found = [...prompt.matchAll(/alpha|beta|gamma|delta/g)].map(([word]) => word);
        assert.deepEqual(found, ['alpha', 'beta', 'gamma', 'delta'], 'Expected each record once, in order.');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'shown-when-told',
      rules: 'S2.3 S3.2',
      behaviour: 'A reply that tells a record has it in its request.',
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        job.end.resolve('Three hotels.');
        const { request } = await scene.isToldOf(`${job.callId}_final`);
        assert(request.prompt.includes('Three hotels.'), 'Expected the request to hold the record it is to tell.');
        await scene.says(request, 'There are three.');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'refused-append',
      rules: 'S2.5',
      behaviour:
        'A record that the host could not take is pushed again before the next reply; the tool does not notice.',
      needs: ['refusable appends'],
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        scene.talk.refuseAppends?.(1);
        await job.ctx.update('Half of it.', { deliver: 'silent' });
        job.end.resolve('Three hotels.');
        const { request } = await scene.isToldOf(`${job.callId}_final`);
        const order = [...request.prompt.matchAll(/Half of it|Three hotels/g)].map(([words]) => words);
        assert.deepEqual(order, ['Half of it', 'Three hotels'], 'Expected both records, each once, in order.');
        await scene.says(request, 'There are three.');
      },
    };
  }),

  defineCase(() => {
    const book = handTool('book');
    return {
      id: 'joined',
      rules: 'S4.1 S4.4',
      behaviour: 'A call identical to one in the background joins it: one body, one telling.',
      tools: [book],
      play: async (scene) => {
        const job = await scene.inBackground(book, { day: 'Monday' });
        const request = await scene.asks('Book it.');
        await request.calls('book', { day: 'Monday' });
        await scene.talk.advance(0);
        await scene.says(scene.request, 'It is running.');
        assert.equal(book.jobs.length, 1, 'Expected no second body.');
        job.end.resolve('Booked.');
        const { request: telling } = await scene.isToldOf(`${job.callId}_final`);
        await scene.says(telling, 'It is booked.');
        await scene.staysQuiet();
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'interrupted-call',
      rules: 'S5.6',
      behaviour: 'A call that blocks when its turn is interrupted goes to the background, and its result is told.',
      tools: [search],
      play: async (scene) => {
        const job = await scene.begins(search);
        await scene.talk.userInterrupts();
        assert(!job.abortSignal.aborted, 'Expected the body to go on.');
        await scene.staysQuiet(1000);
        job.end.resolve('Three hotels.');
        const { request } = await scene.isToldOf(`${job.callId}_final`);
        await scene.says(request, 'There are three.');
        scene.assertReceipt(`${job.callId}_final`, 'completed');
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'untold-output',
      rules: 'S5.6',
      behaviour: 'An output whose turn was cut before anything was heard of its reply is told later.',
      needs: ['knows what was heard'],
      tools: [search],
      play: async (scene) => {
        const job = await scene.begins(search);
        job.end.resolve('Three hotels.');
        await scene.talk.advance(0);
        await scene.request.says('There are three.');
        await scene.talk.userInterrupts();
        const { request, isRest } = await scene.isToldOf(job.callId);
        assert.equal(isRest, false, 'Expected a telling: nothing of it was heard.');
        await scene.says(request, 'There are three.');
        scene.assertReceipt(job.callId, 'completed');
      },
    };
  }),

  defineCase(() => {
    const transfer = handTool('transfer');
    return {
      id: 'handoff-refused',
      rules: 'S8.5',
      behaviour:
        'A handoff to what is no agent of the host does not happen: what the tool returned is told, with the reason.',
      tools: [transfer],
      play: async (scene) => {
        const job = await scene.inBackground(transfer);
        job.end.resolve(handoff({ kind: 'agent', name: 'nobody' }, { returns: 'The desk is closed.' }));
        const { request } = await scene.isToldOf(`${job.callId}_final`);
        assert(request.prompt.includes('The desk is closed.'), 'Expected what the tool returned to be told.');
        assert(request.prompt.includes('was not handed over to nobody'), 'Expected the model to be told why not.');
        await scene.says(request, 'The desk is closed.');
        await scene.chats();
      },
    };
  }),

  defineCase(() => {
    const search = handTool('search');
    return {
      id: 'in-spite-of-none',
      rules: 'S1.2 S3.9',
      behaviour: 'A call that the model makes in a reply that may call no tool is not run.',
      tools: [search],
      play: async (scene) => {
        const job = await scene.inBackground(search);
        void job.ctx.update('Half of it.');
        const { request } = await scene.isToldOf(`${job.callId}_update_1`);
        await request.calls('search', { again: true });
        await scene.talk.advance(0);
        assert.equal(search.jobs.length, 1, 'Expected no body to run.');
        for (const { callId } of scene.talk.tasks.list()) assert.equal(callId, job.callId);
        for (const next of scene.talk.asks) await scene.says(next, 'Half of it is there.');
        job.end.resolve(undefined);
      },
    };
  }),
];
