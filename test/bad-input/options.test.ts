/** Bad input: what is wrong fails where it is declared, with the fact, the value and the remedy, and harms nobody else. */
import {
  Agent,
  AgentSession,
  AgentTask,
  AsyncToolset,
  ChatContext,
  createTextOutput,
  executeTool,
  handoff,
  MeanwhileError,
  tool,
  Toolset,
  type ToolSource,
} from 'meanwhile';
import { createVirtualClock, mockTools, scriptedModel } from 'meanwhile/testing';
import { describe, expect, test } from 'vitest';
import { drive, startTestSession } from '../support/session.ts';

const llm = scriptedModel([]);
const clock = createVirtualClock();

function failure(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** A typed error whose message names what is wrong. */
function expectRefused(error: unknown, mentions: string): void {
  expect(error).toBeInstanceOf(MeanwhileError);
  expect((error as Error).message).toContain(mentions);
}

const junk: readonly unknown[] = ['junk', 42, Number.NaN, -1, null, true, [], {}, () => 1];

/** Values of these kinds are good for the option. */
const sessionOptions: Readonly<Record<string, readonly unknown[]>> = {
  llm: [],
  tools: [[], {}],
  output: [],
  clock: [],
  logger: [],
  prompts: [{}],
  maxToolSteps: [42],
  maxRetries: [42],
  coalesceMs: [42],
  quietMs: [42],
  maxAttempts: [42],
  retryDelayMs: [42],
  stopTimeoutMs: [42],
  closeTimeoutMs: [42],
  userAwayMs: [42],
  contextLimit: [42],
  wire: [{}],
  onRecord: [],
  tracer: [],
};

const agentOptions: Readonly<Record<string, readonly unknown[]>> = {
  name: ['junk'],
  instructions: ['junk'],
  tools: [[], {}],
  llm: [],
  chatCtx: [],
  prompts: [{}],
  modelSettings: [{}],
  providerOptions: [{}],
  toolChoice: [],
  allowInterruptions: [true],
  onEnter: [],
  onExit: [],
  onUserTurnCompleted: [],
};

const takesFunctions = ['onRecord', 'tracer', 'contextLimit', 'onEnter', 'onExit', 'onUserTurnCompleted'];

const unfit = (name: string, fits: readonly unknown[]): unknown[] =>
  junk.filter((value) =>
    typeof value === 'function'
      ? !takesFunctions.includes(name)
      : !fits.some((fit) => JSON.stringify(fit) === JSON.stringify(value)),
  );

describe('a session', () => {
  test.each(Object.entries(sessionOptions))('refuses a wrong %s', (name, fits) => {
    for (const value of unfit(name, fits)) {
      expectRefused(
        failure(() => new AgentSession({ llm, clock, [name]: value })),
        name,
      );
    }
  });

  test.each([
    [undefined, 'new AgentSession'],
    [null, 'new AgentSession'],
    ['gpt', 'new AgentSession'],
    [{ llm, model: llm }, 'llm'],
    [{ llm, quietMS: 3 }, 'quietMs'],
    [{ llm: { specificationVersion: 'v3', provider: 'openai.chat' } }, '@ai-sdk/openai'],
    [{ llm, prompts: { updat: 'x' } }, 'update'],
    [{ llm, prompts: { update: 42 } }, 'update'],
    [{ llm, clock: { now: () => 0 } }, 'setTimeout'],
    [{ llm, logger: { warn: () => 0 } }, 'error'],
    [{ llm, output: { open: () => 0, medium: 'smell' } }, 'medium'],
    [{ llm, contextLimit: 0 }, 'contextLimit'],
    [{ llm, contextLimit: 1.5 }, 'contextLimit'],
    [{ llm, maxToolSteps: 1.5 }, 'maxToolSteps'],
    [{ llm, maxAttempts: 0 }, 'maxAttempts'],
    [{ llm, wire: { background: 'pigeons', late: 'never' } }, 'wire'],
    [{ llm, wire: { wings: 2 } }, 'wings'],
  ])('refuses %o', (options, mentions) => {
    expectRefused(
      failure(() => new AgentSession(options as never)),
      mentions,
    );
  });
});

describe('an agent', () => {
  test.each(Object.entries(agentOptions))('refuses a wrong %s', (name, fits) => {
    for (const value of unfit(name, fits)) {
      expectRefused(
        failure(() => new Agent({ instructions: 'x', [name]: value })),
        name,
      );
      expectRefused(
        failure(() => new AgentTask({ instructions: 'x', [name]: value })),
        name,
      );
    }
  });

  test.each([
    [undefined, 'instructions'],
    ['You are an agent.', 'instructions'],
    [{}, 'instructions'],
    [{ instructions: 'x', model: llm }, 'llm'],
    [{ instructions: 'x', onEntre: () => 0 }, 'onEnter'],
    [{ instructions: 'x', keepToolCalls: true }, 'AgentTask'],
    [{ instructions: 'x', prompts: { updat: 'x' } }, 'update'],
    [{ instructions: 'x', modelSettings: { temprature: 1 } }, 'temperature'],
    [
      { instructions: 'x', tools: [tool({ name: 'a', execute: () => 1 }), tool({ name: 'a', execute: () => 2 })] },
      'Rename',
    ],
  ])('refuses %o', (options, mentions) => {
    expectRefused(
      failure(() => new Agent(options as never)),
      mentions,
    );
  });

  test('an AgentTask checks what is its own', () => {
    expectRefused(
      failure(() => new AgentTask({ instructions: 'x', keepToolCalls: 'no' as never })),
      'keepToolCalls',
    );
    expectRefused(
      failure(() => new AgentTask({ instructions: 'x', tellsDeliveries: 1 as never })),
      'tellsDeliveries',
    );
  });
});

describe('what is called in a session that goes on', () => {
  const fits = (it: unknown): boolean => typeof it === 'string';

  test('S1.8 sendMessage and run refuse what is no message; the next one is answered', async () => {
    const t = await startTestSession(['Hello.']);
    const wrong = [
      ...junk.filter((it) => !fits(it)),
      undefined,
      [42],
      [null],
      [{ type: 'text' }],
      [{ type: 'text', text: 42 }],
      [{ type: 'smell', text: 'x' }],
      [{ type: 'image' }],
      [{ type: 'image', mediaType: 'image/png' }],
      [{ type: 'image', url: 'https://example.com/a.png' }],
      [{ type: 'image', mediaType: 'image/png', data: 42 }],
      [{ type: 'image', mediaType: 'image/png', url: 'not a url' }],
      [{ type: 'text', text: 'x', providerMetadata: 3 }],
    ];
    for (const content of wrong) {
      await expect(t.session.sendMessage(content as never), JSON.stringify(content)).rejects.toMatchObject({
        code: 'invalid_value',
      });
      if (content === undefined) continue;
      await expect(t.session.run({ userInput: content as never }), JSON.stringify(content)).rejects.toMatchObject({
        code: 'invalid_value',
      });
    }
    await expect(t.session.run('Hi' as never)).rejects.toThrow(/userInput/);
    await expect(t.session.run({ input: 'Hi' } as never)).rejects.toThrow(/userInput/);
    expect([...t.session.history]).toEqual([]);
    const run = await drive(t.clock, t.session.run({ userInput: 'Hi' }));
    expect(run.text).toBe('Hello.');
    t.model.assertComplete();
  });

  test('S1.8 an image reaches the model as it is, by URL and as data', async () => {
    const t = await startTestSession(['A cat.']);
    const parts = [
      { type: 'text' as const, text: 'What is this?' },
      { type: 'image' as const, mediaType: 'image/png', url: 'https://example.com/cat.png' },
      { type: 'image' as const, mediaType: 'image/png', data: 'iVBORw0KGgo=' },
    ];
    await drive(t.clock, t.session.run({ userInput: parts }));
    expect(t.spoken).toEqual(['A cat.']);
    expect(t.session.history.at(0)).toMatchObject({ parts });
    expect(JSON.stringify(t.model.prompts[0]?.at(-1))).toContain('iVBORw0KGgo=');
  });

  test('S8.7 say and generateReply refuse what cannot be said; nothing is left behind', async () => {
    const t = await startTestSession(['Hello.']);
    for (const text of junk.filter((it) => !fits(it))) {
      expectRefused(
        failure(() => t.session.say(text as never)),
        'say',
      );
    }
    for (const options of ['x', 42, null, [], { addToChatctx: true }, { allowInterruptions: 'no' }]) {
      expectRefused(
        failure(() => t.session.say('x', options as never)),
        'say',
      );
    }
    for (const options of [
      'x',
      42,
      null,
      [],
      { toolChoice: 'maybe' },
      { instructions: 42 },
      { userInput: 42 },
      { instruction: 'x' },
    ]) {
      expectRefused(
        failure(() => t.session.generateReply(options as never)),
        'generateReply',
      );
    }
    await drive(t.clock, t.session.waitForIdle());
    expect(t.events.filter((event) => event.type === 'speech_created')).toEqual([]);
    const run = await drive(t.clock, t.session.run({ userInput: 'Hi' }));
    expect(run.text).toBe('Hello.');
  });

  test('S8.5 start and updateAgent refuse what is no agent, and an AgentTask, which is run', async () => {
    const t = await startTestSession(['Hello.']);
    const before = t.session.currentAgent;
    for (const agent of [
      ...junk,
      undefined,
      { kind: 'agent', name: 'x' },
      Agent,
      new AgentTask({ instructions: 'x' }),
    ]) {
      await expect(t.session.updateAgent(agent as never)).rejects.toMatchObject({ code: 'invalid_value' });
      const other = new AgentSession({ llm, clock });
      await expect(other.start({ agent: agent as never })).rejects.toMatchObject({ code: 'invalid_option' });
      await expect(other.start(agent as never)).rejects.toMatchObject({ code: 'invalid_option' });
      await other.start({ agent: new Agent({ instructions: 'x' }) });
      await other.close();
    }
    expect(t.session.currentAgent).toBe(before);
    expect((await drive(t.clock, t.session.run({ userInput: 'Hi' }))).text).toBe('Hello.');
  });

  test('S8.5 a tool that hands over to an AgentTask is told that it is run', async () => {
    const task = new AgentTask({ name: 'ask', instructions: 'x' });
    const t = await startTestSession([{ calls: [{ name: 'move' }] }, 'Sorry.'], {
      tools: [tool({ name: 'move', execute: () => handoff(task) })],
    });
    const run = await drive(t.clock, t.session.run({ userInput: 'Hi' }));
    expect(JSON.stringify(run.items)).toContain('run()');
    expect(t.session.currentAgent?.name).toBe('travel');
  });

  test('S8.6 updateTools refuses what is no source of tools, and what was there stays', async () => {
    const log: string[] = [];
    const set = new Toolset({
      id: 'set',
      tools: [tool({ name: 'book', execute: () => 'ok' })],
      close: () => void log.push('closed'),
    });
    const t = await startTestSession([{ calls: [{ name: 'book' }] }, 'Booked.'], { tools: [set] });
    const twice = [tool({ name: 'a', execute: () => 1 }), tool({ name: 'a', execute: () => 2 })];
    for (const source of ['junk', 42, null, true, [42], { a: 42 }, set, twice]) {
      await expect(t.session.updateTools(source as never)).rejects.toMatchObject({ code: 'invalid_definition' });
    }
    expect((await drive(t.clock, t.session.run({ userInput: 'Hi' }))).text).toBe('Booked.');
    expect(log).toEqual([]);
  });

  test.each(['setup', 'later'])(
    'S8.6 a toolset that gives itself wrong tools (%s) is told so, and nobody else loses any',
    async (when) => {
      const book = tool({ name: 'book', execute: () => 'ok' });
      const twin = tool({ name: 'book', execute: () => 'other' });
      const found: unknown[] = [];
      let update: (tools: ToolSource) => void = () => undefined;
      const give = (): void => {
        for (const tools of [[42], 'junk', [twin], null]) found.push(failure(() => update(tools as never)));
      };
      const set = new Toolset({
        id: 'set',
        tools: [tool({ name: 'search', execute: () => 'found' })],
        setup: ({ updateTools }) => {
          update = updateTools;
          if (when === 'setup') give();
        },
      });
      const t = await startTestSession([{ calls: [{ name: 'book' }, { name: 'search' }] }, 'Both.'], {
        tools: [set, book],
      });
      if (when === 'later') give();
      expect(found.map((error) => (error as MeanwhileError | undefined)?.code)).toEqual(
        Array(4).fill('invalid_definition'),
      );
      const run = await drive(t.clock, t.session.run({ userInput: 'Hi' }));
      expect(run.text).toBe('Both.');
      expect(run.errors).toEqual([]);
    },
  );

  test('S6.6 tasks.answer refuses an action that is none, and the question stays open', async () => {
    const ask = tool({ name: 'ask', execute: async (_args, { ctx }) => (await ctx.ask({ message: 'Which?' })).action });
    const t = await startTestSession([{ calls: [{ name: 'ask' }] }, 'Which?', 'Good.'], { tools: [ask] });
    await drive(t.clock, t.session.run({ userInput: 'Go' }));
    for (const action of ['yes', undefined, 42]) {
      await expect(t.session.tasks.answer('call_1', action as never)).rejects.toMatchObject({ code: 'invalid_value' });
    }
    for (const id of ['call_2', '', 42, undefined, null]) {
      await expect(t.session.tasks.answer(id as never, 'accept')).rejects.toThrow();
      expect(await t.session.tasks.cancel(id as never)).toBe(false);
      expect(t.session.tasks.get(id as never)).toBeUndefined();
    }
    expect(t.session.tasks.list()).toMatchObject([{ state: 'input_required' }]);
    await t.session.tasks.answer('call_1', 'accept', {});
    await drive(t.clock, t.session.waitForIdle());
    expect(t.spoken).toEqual(['Which?', 'Good.']);
  });

  test('S7.2 on() refuses an event that there is none of, and what is no function', async () => {
    const t = await startTestSession(['Hello.']);
    expectRefused(
      failure(() => t.session.on('task_end' as never, () => undefined)),
      'task_ended',
    );
    expectRefused(
      failure(() => t.session.on('toString' as never, () => undefined)),
      'toString',
    );
    expectRefused(
      failure(() => t.session.on('task_ended', undefined as never)),
      'function',
    );
    expectRefused(
      failure(() => t.session.watchText(undefined as never)),
      'watchText',
    );
    expect((await drive(t.clock, t.session.run({ userInput: 'Hi' }))).text).toBe('Hello.');
  });

  test('S8.7 closed twice, also at once, it closes once', async () => {
    const exits: string[] = [];
    const t = await startTestSession([], {
      agent: new Agent({ instructions: 'x', onExit: () => void exits.push('exit') }),
    });
    const [one, two] = [t.session.close(), t.session.close({ drain: true })];
    await drive(t.clock, Promise.all([one, two]));
    await t.session.close();
    expect(exits).toEqual(['exit']);
    expect(t.events.filter((event) => event.type === 'closed')).toHaveLength(1);
  });

  test('S6.4 S6.5 S6.6 what a body asks of its ctx in a wrong way is its own error, and the session goes on', async () => {
    const found: unknown[] = [];
    const wrong = tool({
      name: 'wrong',
      execute: async (_args, { ctx }) => {
        const attempts: (() => unknown)[] = [
          () => ctx.ask(undefined as never),
          () => ctx.ask({} as never),
          () => ctx.ask({ message: 'x', schema: 42 as never }),
          () => ctx.ask({ message: 'x', timeoutMs: -1 }),
          () => ctx.ask({ message: 'x', timeout: 3 } as never),
          () => ctx.foreground(undefined as never),
          () => ctx.filler('x', { delay: 3 } as never, () => 1),
          () => ctx.filler('x', undefined as never),
          () => ctx.filler(42 as never, () => 1),
          () => ctx.update('x', { deliver: 'soon' } as never),
          () => ctx.update('x', { deliverr: 'silent' } as never),
          () => ctx.update('x', { template: 42 } as never),
          () => ctx.update('x', 'silent' as never),
        ];
        for (const attempt of attempts)
          found.push(
            await (async () => await attempt())().then(
              () => undefined,
              (error: unknown) => error,
            ),
          );
        return 'ok';
      },
    });
    const t = await startTestSession([{ calls: [{ name: 'wrong' }] }, 'Done.', 'Hello.'], { tools: [wrong] });
    await drive(t.clock, t.session.run({ userInput: 'Go' }));
    found.forEach((error, index) => expect(error, String(index)).toBeInstanceOf(MeanwhileError));
    expect(found).toHaveLength(13);
    expect(t.spoken).toEqual(['Done.']);
    expect((await drive(t.clock, t.session.run({ userInput: 'Hi' }))).text).toBe('Hello.');
  });

  test('S8.4 AgentTask.run refuses what is no session, and another one runs', async () => {
    const t = await startTestSession([]);
    for (const session of ['x', 42, {}, null]) {
      await expect(new AgentTask({ instructions: 'x' }).run(session as never)).rejects.toBeInstanceOf(MeanwhileError);
    }
    const task: AgentTask<string> = new AgentTask<string>({ instructions: 'x', onEnter: () => task.complete('ok') });
    expect(await drive(t.clock, task.run(t.session))).toBe('ok');
  });
});

describe('toolsets', () => {
  test.each([
    [() => new Toolset('x' as never), 'options'],
    [() => new Toolset(null as never), 'options'],
    [() => new Toolset({ id: 42 as never }), 'id'],
    [() => new Toolset({ tools: 'x' as never }), 'tools'],
    [() => new Toolset({ setup: 'x' as never }), 'setup'],
    [() => new Toolset({ close: 'x' as never }), 'close'],
    [() => new Toolset({ prompts: {} } as never), 'AsyncToolset'],
    [() => new AsyncToolset({ prompts: { x: 'y' } as never }), 'x'],
    [() => new AsyncToolset({ prompts: 'x' as never }), 'prompts'],
    [() => new AsyncToolset({ defaults: { timeoutMs: -1 } }), 'timeoutMs'],
    [() => new AsyncToolset({ defaults: null as never }), 'defaults'],
    [() => tool(undefined as never), 'options'],
    [() => tool('x' as never), 'options'],
    [() => tool({ name: 'a b', execute: () => 1 }), 'a b'],
    [() => tool({ name: '', execute: () => 1 }), 'name'],
    [() => tool({ name: 'cancel_task', execute: () => 1 }), 'companion'],
    [() => tool({ name: 'a' } as never), 'execute'],
    [() => tool({ name: 'a', parameters: { type: 'string' }, execute: () => 1 }), 'object'],
    [() => tool({ name: 'a', parameters: 42 as never, execute: () => 1 }), 'parameters'],
    [() => tool({ name: 'a', timeoutMs: '3' as never, execute: () => 1 }), 'timeoutMs'],
    [() => tool({ name: 'a', timeout: 3, execute: () => 1 } as never), 'timeoutMs'],
  ])('%s', (make, mentions) => {
    expectRefused(failure(make), mentions);
  });
});

test('S1.9 executeTool refuses what is no tool, arguments that are no JSON, and wrong options', async () => {
  const echo = tool({ name: 'echo', execute: () => 'ok' });
  for (const other of [undefined, 'x', {}, new Toolset({ tools: [echo] })]) {
    await expect(executeTool(other as never)).rejects.toBeInstanceOf(MeanwhileError);
  }
  await expect(executeTool(echo, { a: 10n })).rejects.toMatchObject({ code: 'invalid_value' });
  for (const options of [
    'x',
    null,
    { approve: true },
    { approved: 'yes' },
    { prompts: { x: 'y' } },
    { toolCallId: 42 },
  ]) {
    await expect(executeTool(echo, {}, options as never)).rejects.toMatchObject({ code: 'invalid_option' });
  }
  expect((await executeTool(echo)).output.text).toBe('ok');
});

test('S8.8 a ChatContext refuses what is no message, and an agent one with what is no item', () => {
  for (const items of ['x', 42, {}])
    expectRefused(
      failure(() => new ChatContext(items as never)),
      'ChatContext',
    );
  const context = new ChatContext();
  for (const content of [42, null, undefined, {}, [42], [{ type: 'text' }], [{ type: 'image' }]]) {
    expectRefused(
      failure(() => context.withMessage('user', content as never)),
      'withMessage',
    );
  }
  expectRefused(
    failure(() => context.withMessage('robot' as never, 'x')),
    'robot',
  );
  const chatCtx = new ChatContext([{ role: 'user', content: 'x' } as never]);
  expectRefused(
    failure(() => new Agent({ instructions: 'x', chatCtx })),
    'chatCtx',
  );
});

describe('the testing entry', () => {
  test('S10.1 mockTools: a companion is no tool of the application', async () => {
    const ask = tool({ name: 'book', asks: true, allowCancellation: true, execute: () => 1 });
    const t = await startTestSession([], { tools: [ask] });
    expectRefused(
      failure(() => mockTools(t.session, { cancel_task: () => 1 })),
      'cancel_task',
    );
  });

  test('S10.1 mockTools', async () => {
    const t = await startTestSession([], { tools: [tool({ name: 'book', execute: () => 1 })] });
    for (const target of ['x', 42, null, undefined, {}, () => 1, Toolset]) {
      expectRefused(
        failure(() => mockTools(target as never, { book: () => 1 }, () => 1)),
        'mockTools',
      );
    }
    for (const mocks of ['x', 42, null, undefined, { book: 'x' }, { book: undefined }]) {
      expectRefused(
        failure(() => mockTools(t.session, mocks as never)),
        'mockTools',
      );
    }
    expectRefused(
      failure(() => mockTools(t.session, { book: () => 1 }, 'x' as never)),
      'mockTools',
    );
  });

  test('S10.3 createVirtualClock', () => {
    for (const options of [{ startAt: Number.NaN }, { startAt: 'x' }, { startat: 3 }, 42, 'x', null]) {
      expect(() => createVirtualClock(options as never), JSON.stringify(options)).toThrow(/startAt/);
    }
    const own = createVirtualClock();
    expect(() => own.setTimeout(undefined as never, 3)).toThrow(/function/);
    expect(own.pending()).toEqual([]);
  });

  test('S10.3 scriptedModel', () => {
    for (const steps of [
      'Hello.',
      42,
      null,
      undefined,
      {},
      [42],
      [null],
      [undefined],
      [['x']],
      [{ txt: 'x' }],
      [{ text: 42 }],
      [{ calls: [{}] }],
      [{ calls: 'x' }],
    ]) {
      expect(() => scriptedModel(steps as never), JSON.stringify(steps)).toThrow(/expected|unknown/);
    }
    expect(() => scriptedModel([], { clok: 3 } as never)).toThrow(/clock/);
  });

  test('S2.3 createTextOutput', () => {
    for (const listener of ['x', 42, null, { onText: 'x' }, { onEnd: 42 }]) {
      expectRefused(
        failure(() => createTextOutput(listener as never)),
        'createTextOutput',
      );
    }
  });
});
