/** How a body ends and what everyone learns of it: the table of S1.4, as a pure function. */
import { StopResponse, ToolError } from '../errors.ts';
import type { Output } from '../chat/items.ts';
import type { TaskEndState } from '../chat/records.ts';
import type { AgentRef } from '../tools/faces.ts';
import { asHandoff, findAgent } from '../tools/handoff.ts';
import { toText } from '../tools/text.ts';

/** What the model is told: a text of the body's own, or one of the system's prompts. */
export type Told =
  | { readonly prompt: 'finished' | 'cancelled' | 'declined' | 'genericError' }
  | { readonly prompt: 'timedOut' | 'noProgress'; readonly limitMs: number }
  | { readonly prompt: 'badValue'; readonly reason: string }
  | { readonly output: Output };

export interface Ending {
  readonly state: TaskEndState;
  readonly told: Told;
  /** While blocking: is a reply wanted? */
  readonly wantsReply: boolean;
  /** In the background: never told aloud, told as the tool says, or told in any case. */
  readonly aloud: 'never' | 'as_tool' | 'always';
  readonly handoff?: AgentRef;
  /** The body came to a successful end: an equal call may be answered with it (S4.5). */
  readonly replayable?: true;
  /** An unexpected error, for logs and events only. */
  readonly error?: unknown;
}

const finished: Ending = {
  state: 'completed',
  told: { prompt: 'finished' },
  wantsReply: false,
  aloud: 'never',
  replayable: true,
};

export const cancelled: Ending = {
  state: 'cancelled',
  told: { prompt: 'cancelled' },
  wantsReply: false,
  aloud: 'never',
};

export const declined: Ending = {
  state: 'completed',
  told: { prompt: 'declined' },
  wantsReply: true,
  aloud: 'as_tool',
};

/** The body never ran: its call was answered otherwise, and it had gone to the background before (S5.6). */
export function answered(output: Output, wantsReply: boolean): Ending {
  if (output.type === 'error') return failed({ output });
  return { state: 'completed', told: { output }, wantsReply, aloud: wantsReply ? 'as_tool' : 'never' };
}

export function timedOut(prompt: 'timedOut' | 'noProgress', limitMs: number): Ending {
  return { state: 'failed', told: { prompt, limitMs }, wantsReply: true, aloud: 'always' };
}

function failed(told: Told, error?: unknown): Ending {
  return { state: 'failed', told, wantsReply: true, aloud: 'always', ...(error === undefined ? {} : { error }) };
}

/** Never throws: what cannot be read (a proxy, a getter that throws) is an unexpected error itself. */
export function endingOfThrow(thrown: unknown): Ending {
  return readable(() => ofThrow(thrown));
}

/** Never throws either. */
export function endingOfValue(value: unknown): Ending {
  return readable(() => ofValue(value));
}

function readable(read: () => Ending): Ending {
  try {
    return read();
  } catch (error) {
    return failed(
      { prompt: 'genericError' },
      new Error('What the tool returned or threw cannot be read.', { cause: error }),
    );
  }
}

function ofThrow(thrown: unknown): Ending {
  if (thrown instanceof StopResponse) return finished;
  if (thrown instanceof ToolError) return failed({ output: { type: 'error', text: String(thrown.message) } });
  return failed({ prompt: 'genericError' }, thrown ?? new Error(`A tool threw ${String(thrown)}.`));
}

function ofValue(value: unknown): Ending {
  if (value === undefined || value === null) return finished;
  if (value instanceof Error) return ofThrow(value);
  const handoff = asHandoff(value);
  if (handoff) return endingOfHandoff(handoff.agent, handoff.returns);
  const agent = findAgent(value);
  if (agent) {
    const reason = `it holds the agent "${agent.name}" inside another value; return handoff(agent, { returns }) instead`;
    return failed({ prompt: 'badValue', reason });
  }
  const text = toText(value);
  if (!text.ok) return failed({ prompt: 'badValue', reason: text.reason }, text.cause);
  return {
    state: 'completed',
    told: { output: { type: 'text', text: text.text } },
    wantsReply: true,
    aloud: 'as_tool',
    replayable: true,
  };
}

function endingOfHandoff(agent: AgentRef, returns: unknown): Ending {
  const told = returns instanceof Error ? ofThrow(returns) : endingOfReturns(returns);
  return { ...told, handoff: agent };
}

function endingOfReturns(returns: unknown): Ending {
  if (returns === '') return finished;
  return findAgent(returns) ? failed({ prompt: 'badValue', reason: 'its `returns` holds an agent' }) : ofValue(returns);
}
