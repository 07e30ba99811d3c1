/** Hosts with one fault each, and the cases that must find it. */
import {
  createScriptedHost,
  type ConformanceHost,
  type ConformanceOptions,
  type ConformanceTalk,
} from 'meanwhile/testing';
import type { ClaimRequest, Conversation, DeliveryReply, Engine, Floor, Outcome, StartedCall } from 'meanwhile';

export interface Fault {
  readonly fault: string;
  readonly host: ConformanceHost;
  readonly caughtBy: readonly string[];
}

export const faults: readonly Fault[] = [
  {
    fault: 'every output counts as untold when its turn ends',
    host: withEngine((engine) => {
      const calls = new Map<string, string[]>();
      return {
        start: (call, turn) => {
          const started = engine.start(call, turn);
          calls.set(turn.speechId, [...(calls.get(turn.speechId) ?? []), started.callId]);
          return started;
        },
        turnEnded: (speechId) => engine.turnEnded(speechId, calls.get(speechId) ?? []),
      };
    }),
    caughtBy: ['inline', 'told-when-quiet'],
  },
  {
    fault: 'no output counts as untold',
    host: withEngine((engine) => ({ turnEnded: (speechId) => engine.turnEnded(speechId, []) })),
    caughtBy: ['untold-output', 'reply-calls'],
  },
  {
    fault: 'an update is not taken for the output of its call',
    host: withCalls((call) => ({
      get settled() {
        return call.settled?.background ? undefined : call.settled;
      },
    })),
    caughtBy: ['first-update-answers'],
  },
  {
    fault: 'every output is replied to',
    host: withCalls((call) => ({
      get settled() {
        return call.settled && { ...call.settled, wantsReply: true };
      },
    })),
    caughtBy: ['nothing-to-say', 'silent-first'],
  },
  {
    fault: 'outputs are shown without their text',
    host: withCalls((call) => ({
      get settled() {
        return call.settled && { ...call.settled, output: { type: 'text' as const, text: '' } };
      },
    })),
    caughtBy: ['inline', 'first-update-answers', 'tool-error', 'unknown-tool'],
  },
  {
    fault: 'an interrupted turn waits for its calls',
    host: withEngine(() => ({ turnInterrupted: () => undefined })),
    caughtBy: ['interrupted-call'],
  },
  {
    fault: 'a call is run though the request allowed none',
    host: withEngine((engine) => ({ start: (call, turn) => engine.start(call, { ...turn, toolsAllowed: true }) })),
    caughtBy: ['in-spite-of-none'],
  },
  {
    fault: 'the companions are not among the tools',
    host: withEngine((engine) => ({
      start: (call, turn) =>
        engine.start(call, { ...turn, tools: new Map([...turn.tools].filter(([, tool]) => !tool.companion)) }),
    })),
    caughtBy: ['question'],
  },
  {
    fault: 'every second record is shown behind the next',
    host: withConversation((conversation) => {
      let late: Parameters<Conversation['append']> | undefined;
      return {
        append: (...entry) => {
          const held = late;
          late = held ? undefined : entry;
          if (!held) return;
          void conversation.append(...entry);
          void conversation.append(...held);
        },
      };
    }),
    caughtBy: ['append-order', 'shown-when-told'],
  },
  {
    fault: 'a record that could not be taken is forgotten',
    host: withConversation((conversation) => ({
      append: (...entry) => {
        try {
          return conversation.append(...entry);
        } catch {
          return undefined;
        }
      },
    })),
    caughtBy: ['refused-append'],
  },
  {
    fault: 'records are not shown to the model',
    host: withConversation(() => ({ append: () => undefined })),
    caughtBy: ['shown-when-told', 'silent', 'expired', 'cut-too-often', 'failed-too-often'],
  },
  {
    fault: 'it hands over to whatever it is given',
    host: withConversation(() => ({ handoffRefusal: () => undefined, handoff: () => undefined })),
    caughtBy: ['handoff-refused'],
  },
  {
    fault: 'everything counts as covered',
    host: withConversation(() => ({ covered: () => true })),
    caughtBy: ['told-when-quiet', 'failed', 'unheard-covers-nothing', 'earlier-request-covers-nothing'],
  },
  {
    fault: 'nothing counts as covered',
    host: withConversation(() => ({ covered: () => false })),
    caughtBy: ['covered-skipped', 'covered-and-new'],
  },
  {
    fault: 'it tells without regard to calls that block',
    host: withClaims((request) => (request.level === 'quiet' ? { ...request, level: 'gap' } : request)),
    caughtBy: ['call-blocks'],
  },
  {
    fault: 'it cuts itself for everything',
    host: withClaims((request) => ({ ...request, level: 'now' })),
    caughtBy: ['agent-speaks', 'recorded-while-told'],
  },
  {
    fault: 'it cuts itself for what it is telling',
    host: withClaims((request) => ({ ...request, about: () => ['none of its request'] })),
    caughtBy: ['interrupt-not-itself'],
  },
  {
    fault: 'it cuts itself for nothing',
    host: withClaims((request) => (request.level === 'now' ? { ...request, level: 'gap' } : request)),
    caughtBy: ['interrupt'],
  },
  {
    fault: 'it knows no gaps',
    host: withClaims((request) => (request.level === 'gap' ? { ...request, level: 'quiet' } : request)),
    caughtBy: ['max-hold'],
  },
  {
    fault: 'what is claimed while the floor is handed over is lost',
    host: withConversation((conversation) => {
      let handing = false;
      return {
        claim: (request, take) =>
          handing
            ? { cancel: () => undefined }
            : conversation.claim(request, (floor) => {
                handing = true;
                take(floor);
                handing = false;
              }),
      };
    }),
    caughtBy: ['recorded-while-taken'],
  },
  {
    fault: 'the floor is not free again when it was given back unused',
    host: withConversation((conversation) => {
      let stuck = false;
      return {
        claim: (request, take) => {
          conversation.claim(request, (floor) => {
            if (stuck) return;
            stuck = true;
            take(withFloor(floor, { speak: (reply) => ((stuck = false), floor.speak(reply)) }));
          });
          return { cancel: () => undefined };
        },
      };
    }),
    caughtBy: ['gone-before-told'],
  },
  {
    fault: 'it serves only the level that was claimed',
    host: withFloors((floor, { level }) => ({ serves: (_owner, of) => of === level })),
    caughtBy: ['levels-in-one-reply'],
  },
  {
    fault: 'a question is told by itself',
    host: withFloors((_floor, { asker }) => ({ serves: (_owner, _level, of) => of === asker })),
    caughtBy: ['due-with-a-question', 'open-question-stays'],
  },
  {
    fault: 'every reply may call tools',
    host: withSpeech((reply) => ({ ...reply, toolChoice: 'auto' })),
    caughtBy: ['tool-choice', 'delivery-tool-choice', 'reply-calls', 'in-spite-of-none'],
  },
  {
    fault: 'it does not say that a reply has called tools',
    host: withOutcome((outcome) => {
      if (outcome.type === 'accepted') return outcome;
      const { toolsCalled: _, ...rest } = outcome;
      return rest;
    }),
    caughtBy: ['reply-calls'],
  },
  {
    fault: 'what was heard of a reply that was cut is not known, though it says so',
    host: withOutcome((outcome) => (outcome.type === 'interrupted' ? { ...outcome, heard: '' } : outcome)),
    caughtBy: ['cut-heard', 'cut-too-often'],
  },
  {
    fault: 'a reply that was cut counts as heard',
    host: withOutcome((outcome) => (outcome.type === 'interrupted' ? { ...outcome, heard: 'Some.' } : outcome)),
    caughtBy: ['cut-unheard'],
  },
  {
    fault: 'silence counts as said',
    host: withOutcome((outcome) => (outcome.type === 'nothing_said' ? { type: 'completed', heard: '' } : outcome)),
    caughtBy: ['silence-at-tail', 'covered-skipped'],
  },
  {
    fault: 'a failure counts as said',
    host: withOutcome((outcome) => (outcome.type === 'failed' ? { type: 'completed', heard: '' } : outcome)),
    caughtBy: ['failed', 'failed-too-often'],
  },
  {
    fault: 'what became of a reply is not told',
    host: withFloors((floor) => ({
      speak: (reply) => {
        void floor.speak(reply);
        return new Promise(() => undefined);
      },
    })),
    caughtBy: ['told-when-quiet', 'cancelled-while-told'],
  },
  {
    fault: 'a reply that was heard counts as failed',
    host: withOutcome((outcome) =>
      outcome.type === 'completed' ? { type: 'failed', error: new Error('lost') } : outcome,
    ),
    caughtBy: ['told-when-quiet', 'one-reply', 'superseded'],
  },
  {
    fault: 'the instructions of a reply are kept',
    host: withFloors(
      (() => {
        let kept = '';
        return (floor) => ({
          speak: (reply) => {
            kept += reply.instructions;
            return floor.speak({ ...reply, instructions: kept });
          },
        });
      })(),
    ),
    caughtBy: ['cut-heard', 'recorded-while-taken'],
  },
  {
    fault: 'what goes to a model that decides itself counts as said',
    host: withOutcome(() => ({ type: 'completed', heard: '' }), {
      turns: 'model',
      interrupt: false,
      silentAppend: false,
      toolChoice: false,
      heard: 'unknown',
    }),
    caughtBy: ['accepted'],
  },
  {
    fault: 'nobody waits until what is due together is there',
    host: withOptions({ coalesceMs: 0 }),
    caughtBy: ['one-reply'],
  },
  {
    fault: 'it tries for ever',
    host: withOptions({ maxAttempts: 100 }),
    caughtBy: ['cut-too-often', 'failed-too-often'],
  },
  {
    fault: 'it does not wait before it tries again',
    host: withOptions({ retryDelayMs: 0 }),
    caughtBy: ['failed', 'silence-at-tail'],
  },
  {
    fault: 'identical calls both run',
    host: withTools({ onDuplicate: 'allow' }),
    caughtBy: ['joined'],
  },
  {
    fault: 'the supersedeKey of a tool is ignored',
    host: withTools({ supersedeKey: undefined }),
    caughtBy: ['supersede-key'],
  },
  {
    fault: 'nobody notices that the user speaks',
    host: withTalk(() => ({ userStartsSpeaking: () => Promise.resolve() })),
    caughtBy: [
      'user-speaks',
      'user-answered-first',
      'interrupt-not-the-user',
      'max-hold-not-the-user',
      'expired',
      'superseded',
      'answered-before-told',
    ],
  },
  {
    fault: 'an answer of the application does not arrive',
    host: withTalk((talk) => ({ tasks: { ...talk.tasks, answer: () => Promise.resolve() } })),
    caughtBy: ['answered-before-told'],
  },
  {
    fault: 'a cancel does not arrive',
    host: withTalk((talk) => ({ tasks: { ...talk.tasks, cancel: () => Promise.resolve(true) } })),
    caughtBy: ['cancelled', 'gone-before-told'],
  },
  {
    fault: 'a close does not reach the engine',
    host: withTalk(() => ({ close: () => Promise.resolve() })),
    caughtBy: ['closed', 'closed-while-told', 'closed-while-blocking'],
  },
];

type Part<T> = { readonly [K in keyof T]?: T[K] };

function withConversation(fault: (conversation: Conversation) => Part<Conversation>): ConformanceHost {
  return createScriptedHost({ wrapConversation: (conversation) => over(conversation, fault(conversation)) });
}

function withClaims(fault: (request: ClaimRequest) => ClaimRequest): ConformanceHost {
  return withConversation((conversation) => ({
    claim: (request, take) => conversation.claim(fault(request), take),
  }));
}

function withFloors(
  fault: (floor: Floor, request: ClaimRequest) => Part<Floor>,
  capabilities?: Conversation['capabilities'],
): ConformanceHost {
  return createScriptedHost({
    ...(capabilities ? { capabilities } : {}),
    wrapConversation: (conversation) =>
      over(conversation, {
        claim: (request, take) => conversation.claim(request, (floor) => take(withFloor(floor, fault(floor, request)))),
      }),
  });
}

function withFloor(floor: Floor, fault: Part<Floor>): Floor {
  return { ...floor, ...fault };
}

function withSpeech(fault: (reply: DeliveryReply) => DeliveryReply): ConformanceHost {
  return withFloors((floor) => ({ speak: (reply) => floor.speak(fault(reply)) }));
}

function withOutcome(
  fault: (outcome: Outcome) => Outcome,
  capabilities?: Conversation['capabilities'],
): ConformanceHost {
  return withFloors((floor) => ({ speak: async (reply) => fault(await floor.speak(reply)) }), capabilities);
}

function withEngine(fault: (engine: Engine) => Part<Engine>): ConformanceHost {
  return createScriptedHost({ wrapEngine: (engine) => over(engine, fault(engine)) });
}

function withCalls(fault: (call: StartedCall) => Part<StartedCall>): ConformanceHost {
  return withEngine((engine) => ({
    start: (incoming, turn) => {
      const call = engine.start(incoming, turn);
      return over(call, fault(call));
    },
  }));
}

function withOptions(fault: Part<ConformanceOptions>): ConformanceHost {
  const host = createScriptedHost();
  return { ...host, open: (options) => host.open({ ...options, ...fault }) };
}

function withTools(fault: object): ConformanceHost {
  const host = createScriptedHost();
  return {
    ...host,
    open: ({ tools, ...options }) => host.open({ ...options, tools: tools.map((tool) => ({ ...tool, ...fault })) }),
  };
}

function withTalk(fault: (talk: ConformanceTalk) => Part<ConformanceTalk>): ConformanceHost {
  const host = createScriptedHost();
  return {
    ...host,
    open: async (options) => {
      const talk = await host.open(options);
      return over(talk, fault(talk));
    },
  };
}

/** The same with some of it replaced; all else is still the original's, with its own receiver. */
function over<T extends object>(original: T, replaced: Part<T>): T {
  return new Proxy(original, {
    get: (target, name) => {
      if (Object.hasOwn(replaced, name)) return replaced[name as keyof T];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (...args: unknown[]): unknown => value.apply(target, args) : value;
    },
  });
}
