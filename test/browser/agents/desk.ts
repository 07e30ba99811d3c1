/** An agent whose tools wait for the test's hand and whose model says what it is asked for. */
import { channel } from 'node:diagnostics_channel';
import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import { Agent, tool, ToolError } from 'meanwhile';
import { scriptedModel, type ScriptedAnswer } from 'meanwhile/testing';
import { z } from 'zod';

/** What crosses from the test to the agent, whoever loaded it. */
const bell = channel('meanwhile.test.desk');

export interface Ring {
  readonly to: string;
  readonly update?: string;
  readonly progress?: number;
  /** Ends it. */
  readonly value?: string;
  readonly fails?: string;
}

/** Goes on with the booking of a flight. */
export function ring(what: Ring): void {
  bell.publish(what);
}

const place = z.object({ to: z.string() });

const bookFlight = tool({
  name: 'book_flight',
  description: 'Books.',
  parameters: place,
  allowCancellation: true,
  execute: async ({ to }, { ctx, abortSignal }) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const hear = (message: unknown): void => {
      const { to: other, update, progress, value, fails } = message as Ring;
      if (other !== to) return;
      if (update !== undefined)
        void ctx.update({ message: update, ...(progress === undefined ? {} : { progress, total: 4 }) });
      if (value !== undefined) resolve(value);
      if (fails !== undefined) reject(new ToolError(fails));
    };
    bell.subscribe(hear);
    abortSignal.addEventListener('abort', () => reject(new Error('aborted')));
    await ctx.update(`Searching flights to ${to}`);
    return promise.finally(() => bell.unsubscribe(hear));
  },
});

const chooseSeat = tool({
  name: 'choose_seat',
  description: 'Asks for a seat.',
  parameters: z.object({}),
  asks: true,
  execute: async (_args, { ctx }) => {
    const schema = z.object({ seat: z.enum(['window', 'aisle']) });
    const { action, content } = await ctx.ask({ message: 'Window or aisle?', schema });
    return action === 'accept' ? `A seat at the ${content?.seat ?? '?'}.` : 'No seat.';
  },
});

const readPage = tool({
  name: 'read_page',
  description: 'Reads a page.',
  parameters: z.object({ markup: z.string() }),
  execute: ({ markup }) => `The page says: ${markup}`,
});

type Prompt = LanguageModelV4CallOptions['prompt'];

/** What it is asked for, and the news it is given. */
export function answer({ prompt }: LanguageModelV4CallOptions): ScriptedAnswer {
  const said = lastSaid(prompt);
  const told = [...said.matchAll(/^.*\(call \w+\)(?:, \w+)?: (.*)$/gm)].at(-1)?.[1];
  if (told !== undefined) return { text: `News: ${told}` };
  // What was not answered before stands in the same message.
  const [word = '', ...rest] = (said.trim().split('\n').at(-1) ?? '').split(' ');
  const to = rest.join(' ');
  switch (word) {
    case 'book':
      return { calls: to.split(' and ').map((each) => ({ name: 'book_flight', args: { to: each } })) };
    case 'seat':
      return { calls: [{ name: 'choose_seat' }] };
    case 'read':
      return { calls: [{ name: 'read_page', args: { markup: to } }] };
    case 'fail':
      return { error: new Error(`Incorrect API key provided: ${to}`) };
    case 'talk':
      return { text: 'I could go on and on about this', hang: new Promise(() => undefined), hangAfter: 4 };
    default:
      return { text: `You said: ${[word, ...rest].join(' ')}` };
  }
}

/** By the user, by a tool or by the system. */
function lastSaid(prompt: Prompt): string {
  const last = prompt.at(-1);
  if (last?.role === 'user') return last.content.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
  const output = last?.role === 'tool' ? last.content.at(-1) : undefined;
  return output?.type === 'tool-result' && output.output.type === 'text' ? `(call one): ${output.output.value}` : '';
}

export const note = 'An agent for tests.';

export default function createDesk(): Agent {
  return new Agent({
    name: 'desk',
    instructions: 'You are a travel agent.',
    llm: scriptedModel([], { fallback: answer }),
    tools: [bookFlight, chooseSeat, readPage],
  });
}
