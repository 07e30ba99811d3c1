/** A conversation as data: what `simulate` plays. */
import type { LanguageModelV4 } from '@ai-sdk/provider';
import type { Agent, AgentSession, AgentSessionOptions } from '../index.ts';
import type { Moment } from './moments.ts';
import type { OneOf } from './one-of.ts';
import type { ModelPace } from './paced-model.ts';
import type { ScriptedStep } from './scripted-step.ts';
import type { ToolScript } from './tool-script.ts';
import type { VirtualClock } from './virtual-clock.ts';
import type { VoicePace } from './simulated-voice.ts';

/** The application under test: the first agent, a model, and whatever else its session is given. */
export interface App extends Omit<AgentSessionOptions, 'llm' | 'clock'> {
  readonly agent: Agent;
  /** A model, or the steps of a scripted one; of those each must have been taken in the end. */
  readonly llm: LanguageModelV4 | readonly ScriptedStep[];
}

/** What an application is made from. */
export interface World {
  readonly clock: VirtualClock;
  /** Gives a model the pace and the failures of the script. The session's `llm` has them already; an agent's own needs it. */
  paced(llm: LanguageModelV4): LanguageModelV4;
}

interface Acts {
  /** He says it aloud. It reaches the agent when he has said it all. */
  userSays: string;
  /** He writes it; it is there at once. */
  userTypes: string;
  /** He coughs, or says "mhm": so many ms in which he is heard, and no words. */
  userNoiseMs: number;
  /** He presses the button that silences the agent. */
  userStops: true;
  /** He hangs up: the session is closed. */
  userHangsUp: true;
  /** From now on requests to the model fail for so many ms, in a way that may be tried again. */
  modelFailsForMs: number;
  /** Whatever the application does: hands over, cancels a task, checks something. It is waited for. */
  does: (session: AgentSession) => unknown;
}

type When =
  /** At this time, in ms from the start. */
  | { readonly at: number; readonly on?: never; readonly afterMs?: never }
  | {
      readonly at?: never;
      /**
       * Waits for this moment, which counts from the beginning of the step before on. `'idle'` (the default): everything
       * is quiet, and nothing waits to be told. `'at once'`: the step before is over.
       */
      readonly on?: Moment | 'idle' | 'at once';
      /** And then for so many ms. Default 0. */
      readonly afterMs?: number;
    };

type How<Act extends keyof Acts> = Act extends 'userSays'
  ? {
      /** How long he speaks, in ms. Default: by `user.wordsPerMinute`. */
      readonly forMs?: number;
      /** Speaking does not silence the agent (but what he said then does). Default true. */
      readonly interrupts?: boolean;
    }
  : Act extends 'userNoiseMs'
    ? { readonly forMs?: never; readonly interrupts?: boolean }
    : { readonly forMs?: never; readonly interrupts?: never };

/** One thing that happens: when, and what. */
export type Step = {
  [Act in keyof Acts]: When & OneOf<Acts> & { readonly [A in Act]: Acts[A] } & How<Act>;
}[keyof Acts];

/** A conversation to be played: the application, and everything round it. What can mean nothing is refused with a TypeError. */
export interface Script {
  /** A function where the agent or its tools need the clock. */
  readonly app: App | ((world: World) => App | Promise<App>);
  /** One after the other: a step begins when the one before is over. */
  readonly steps: readonly Step[];
  /** Mocks, by the tool's name, of any agent and of the session. A name that is no tool of anybody is an error. */
  readonly tools?: Readonly<Record<string, ToolScript>>;
  readonly model?: ModelPace;
  /** How fast the agent speaks; `'text'`: what it says is there at once. Ignored where the application has an output. */
  readonly voice?: VoicePace | 'text';
  readonly user?: {
    /** Default 150. */
    readonly wordsPerMinute?: number;
    /** So long the agent goes on when he begins to speak, in ms: what it takes to notice. Default 0. */
    readonly interruptsAfterMs?: number;
    /** From the end of his words until the agent has them as text, in ms. Default 0. */
    readonly transcriptMs?: number;
  };
  /** The longest it may last, in ms. Default 3,600,000, an hour. */
  readonly limitMs?: number;
}
