/** What a session is made of and what happens to it, as plain data: fast-check makes it and shrinks what goes wrong. */
import fc from 'fast-check';

export type Order =
  | 'update'
  | 'updates'
  | 'silent'
  | 'urgent'
  | 'held'
  | 'fleeting'
  | 'progress'
  | 'unfit'
  | 'ask'
  | 'ask soon'
  | 'step'
  | 'broken step'
  | 'keyed update'
  | 'keyed ask'
  | 'lease'
  | 'sub'
  | 'idle'
  | 'filler'
  | 'fillers'
  | 'say'
  | 'reply'
  | 'playout'
  | 'protect'
  | 'hand over'
  | 'cancel itself'
  | 'close';
export type Ending = 'return' | 'nothing' | 'throw' | 'tool error' | 'stop' | 'handoff' | 'unfit' | 'returns an error';

export type Mood =
  | 'talks'
  | 'calls'
  | 'only calls'
  | 'calls and fails'
  | 'is silent'
  | 'fails'
  | 'is busy'
  | 'breaks off'
  | 'drops'
  | 'hangs';

export type Output = 'works' | 'does not open' | 'does not write' | 'does not end' | 'hears nothing';

/** One call that the model makes. Numbers choose among what is there. */
export type Call =
  | { readonly to: 'tool' | 'tool, confirmed' | 'tool, misused'; readonly tool: number; readonly n: number }
  | { readonly to: 'nothing' | 'list' }
  | { readonly to: 'cancel'; readonly task: number }
  | { readonly to: 'answer'; readonly task: number; readonly action: 'accept' | 'decline' };

export type Action =
  | { readonly do: 'order'; readonly body: number; readonly what: Order }
  | { readonly do: 'end'; readonly body: number; readonly how: Ending }
  | { readonly do: 'answer'; readonly task: number; readonly action: 'accept' | 'decline' | 'cancel' }
  | { readonly do: 'cancel'; readonly task: number }
  | {
      readonly do:
        | 'complete'
        | 'release'
        | 'speak'
        | 'speak over'
        | 'pause'
        | 'interrupt'
        | 'run task'
        | 'idle'
        | 'say'
        | 'reply';
    }
  | { readonly do: 'message' | 'run'; readonly mood: Mood; readonly calls: readonly Call[] }
  | { readonly do: 'mood'; readonly mood: Mood; readonly latencyMs: number }
  | { readonly do: 'output'; readonly how: Output }
  | { readonly do: 'agent'; readonly cut: boolean }
  | { readonly do: 'tools'; readonly keep: readonly boolean[] }
  | { readonly do: 'close'; readonly drain: boolean }
  | { readonly do: 'wait'; readonly ms: number }
  /** Nobody does anything until nothing goes on by itself any more; before that, `release` lets the oldest that waits go on. */
  | { readonly do: 'stand'; readonly release: boolean };

export interface ToolPlan {
  readonly of: 'session' | 'agent';
  /** In a toolset of its own, with a life. */
  readonly inSet: boolean;
  readonly onHandoff: 'move' | 'cancel' | 'wait';
  readonly onInterrupt: 'background' | 'abort';
  readonly deliver: 'when_idle' | 'interrupt' | 'silent';
  /** Its body does not listen to its signal. */
  readonly deaf: boolean;
  /** It goes on when the session ends. */
  readonly finishes?: boolean;
  readonly limit: 'none' | 'queue' | 'reject';
  readonly hold: boolean;
  readonly onDuplicate: 'default' | 'join' | 'allow' | 'reject' | 'replace' | 'confirm' | 'window';
  readonly more:
    | 'nothing'
    | 'auto'
    | 'timeout'
    | 'no progress'
    | 'approval'
    | 'supersede'
    | 'at once'
    | 'late arguments';
}

/** What an agent's hooks do. */
export type Hooks = 'nothing' | 'greets' | 'asks' | 'says goodbye' | 'waits' | 'hands over' | 'is fixed';

export interface Setting {
  /** The model, by the form of its prompts. */
  readonly wire: 'openai' | 'anthropic' | 'unknown';
  readonly quietMs: number;
  /** Words are written at once, or one waits for the other. */
  readonly slowOutput: boolean;
  readonly timersAsWhoSet: boolean;
}

export interface Plan {
  readonly setting: Setting;
  readonly tools: readonly ToolPlan[];
  /** Of the agents, in the order in which they are made. */
  readonly hooks: readonly Hooks[];
  readonly actions: readonly Action[];
}

const nth = fc.nat(5);
const often = <T>(times: number, value: T): T[] => Array<T>(times).fill(value);

const order = fc.constantFrom<Order>(
  ...often(5, 'update' as const),
  'updates',
  'silent',
  ...often(2, 'urgent' as const),
  'held',
  'fleeting',
  'progress',
  'unfit',
  ...often(2, 'ask' as const),
  'ask soon',
  ...often(2, 'step' as const),
  'broken step',
  'keyed update',
  'keyed ask',
  ...often(4, 'lease' as const),
  ...often(2, 'sub' as const),
  'idle',
  'filler',
  'fillers',
  'say',
  'reply',
  'playout',
  'protect',
  'hand over',
  'cancel itself',
);
const ending = fc.constantFrom<Ending>(
  ...often(5, 'return' as const),
  'nothing',
  'throw',
  'tool error',
  'stop',
  ...often(2, 'handoff' as const),
  'unfit',
  'returns an error',
);
const mood = fc.constantFrom<Mood>(
  ...often(4, 'talks' as const),
  'calls',
  'only calls',
  'calls and fails',
  'is silent',
  'fails',
  'is busy',
  'breaks off',
  'drops',
  'hangs',
);
const moodOfAnswer = fc.constantFrom<Mood>(
  ...often(8, 'calls' as const),
  ...often(3, 'only calls' as const),
  'calls and fails',
  ...often(2, 'talks' as const),
  'hangs',
  'fails',
  'is busy',
  'breaks off',
  'drops',
);
const call: fc.Arbitrary<Call> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      to: fc.constantFrom('tool' as const, 'tool' as const, 'tool' as const, 'tool, confirmed' as const),
      tool: nth,
      n: fc.nat(1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ to: fc.constant('tool, misused' as const), tool: nth, n: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ to: fc.constantFrom('nothing' as const, 'list' as const) }) },
  { weight: 1, arbitrary: fc.record({ to: fc.constant('cancel' as const), task: nth }) },
  {
    weight: 2,
    arbitrary: fc.record({
      to: fc.constant('answer' as const),
      task: nth,
      action: fc.constantFrom('accept' as const, 'decline' as const),
    }),
  },
);
const calls = fc.array(call, { minLength: 1, maxLength: 3 });

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('order' as const), body: nth, what: order }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('end' as const), body: nth, how: ending }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('message' as const), mood: moodOfAnswer, calls }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('run' as const), mood: moodOfAnswer, calls }) },
  {
    weight: 9,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 20, 60, 150, 450, 1200, 4000) }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constantFrom(
        ...often(3, 'complete' as const),
        ...often(4, 'release' as const),
        ...often(2, 'speak' as const),
        ...often(2, 'speak over' as const),
        ...often(4, 'pause' as const),
        ...(['interrupt', 'run task', 'idle', 'say', 'reply'] as const),
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      task: nth,
      action: fc.constantFrom('accept' as const, 'decline' as const, 'cancel' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), task: nth }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('mood' as const), mood, latencyMs: fc.constantFrom(0, 120, 120, 700) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('output' as const),
      how: fc.constantFrom<Output>(
        ...often(3, 'works' as const),
        'does not open',
        'does not write',
        'does not end',
        'hears nothing',
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('stand' as const), release: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('agent' as const), cut: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('tools' as const),
      keep: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    }),
  },
);

const rarely = (freq: number): fc.Arbitrary<boolean> => fc.nat(freq).map((n) => n === freq);

const toolPlan: fc.Arbitrary<ToolPlan> = fc.record({
  of: fc.constantFrom('session' as const, 'agent' as const),
  inSet: rarely(2),
  onHandoff: fc.constantFrom('move' as const, 'move' as const, 'cancel' as const, 'wait' as const),
  onInterrupt: fc.constantFrom('background' as const, 'background' as const, 'abort' as const),
  deliver: fc.constantFrom(...often(6, 'when_idle' as const), 'interrupt' as const, 'silent' as const),
  deaf: fc.boolean(),
  finishes: rarely(2),
  limit: fc.constantFrom(...often(4, 'none' as const), 'queue' as const, 'queue' as const, 'reject' as const),
  hold: rarely(2),
  onDuplicate: fc.constantFrom(
    ...often(2, 'default' as const),
    ...often(3, 'allow' as const),
    'join' as const,
    'reject' as const,
    'replace' as const,
    'confirm' as const,
    'window' as const,
  ),
  more: fc.constantFrom(
    ...often(4, 'nothing' as const),
    'auto' as const,
    'timeout' as const,
    'no progress' as const,
    'approval' as const,
    'supersede' as const,
    'at once' as const,
    'late arguments' as const,
  ),
});

const hooks = fc.constantFrom<Hooks>(
  ...often(4, 'nothing' as const),
  'greets',
  'asks',
  'says goodbye',
  'waits',
  'hands over',
  'is fixed',
);

const setting: fc.Arbitrary<Setting> = fc.record({
  wire: fc.constantFrom('openai' as const, 'anthropic' as const, 'unknown' as const),
  quietMs: fc.constantFrom(100, 100, 0),
  slowOutput: fc.boolean(),
  timersAsWhoSet: fc.boolean(),
});

/** Where in the list the session closes, if it does so before it has come to rest. */
const closing = fc.option(fc.record({ at: fc.nat(60), drain: fc.boolean(), byBody: rarely(4) }), {
  freq: 2,
  nil: null,
});

export const plan: fc.Arbitrary<Plan> = fc
  .record({
    setting,
    tools: fc.array(toolPlan, { minLength: 1, maxLength: 4 }),
    hooks: fc.array(hooks, { minLength: 1, maxLength: 3 }),
    first: calls,
    actions: fc.array(action, { minLength: 3, maxLength: 50, size: 'max' }),
    closes: closing,
  })
  .map(({ first, actions, closes, ...rest }) => ({
    ...rest,
    actions: [{ do: 'message' as const, mood: 'calls' as const, calls: first }, ...withClose(actions, closes)],
  }));

function withClose(
  actions: readonly Action[],
  closes: { readonly at: number; readonly drain: boolean; readonly byBody: boolean } | null,
): readonly Action[] {
  if (!closes || closes.at >= actions.length) return actions;
  const { at, drain, byBody } = closes;
  const close: Action = byBody ? { do: 'order', body: 0, what: 'close' } : { do: 'close', drain };
  return [...actions.slice(0, at), close, ...actions.slice(at)];
}
