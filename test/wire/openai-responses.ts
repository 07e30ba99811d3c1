/** OpenAI Responses. */
import { fields, isObjectText, list, text } from './json.ts';
import { firstBroken, firstMessage, type Rule, type Validator } from './rule.ts';
import { fingerprint } from './signature.ts';

interface Item {
  readonly type: string;
  readonly id: string;
  readonly callId: string;
  readonly arguments: string;
  readonly hasOutput: boolean;
  readonly hasSecret: boolean;
}

interface ResponsesRequest {
  readonly input: readonly Item[];
}

const idMax = 64;

export const openaiResponsesRules: readonly Rule<ResponsesRequest>[] = [
  {
    id: 'openai-responses.input-empty',
    check: ({ input }) =>
      input.length === 0
        ? `One of "input" or "previous_response_id" or 'prompt' or 'conversation_id' must be provided.`
        : undefined,
  },
  {
    id: 'openai-responses.output-missing',
    check: ({ input }) =>
      firstMessage(input, ({ type, hasOutput }, index) =>
        type === 'function_call_output' && !hasOutput
          ? `Missing required parameter: 'input[${index}].output'.`
          : undefined,
      ),
  },
  {
    id: 'openai-responses.id-length',
    check: ({ input }) =>
      firstMessage(input, ({ callId }, index) =>
        callId.length > idMax
          ? `Invalid 'input[${index}].call_id': string too long. Expected a string with maximum length ${idMax}, but got a string with length ${callId.length} instead.`
          : undefined,
      ),
  },
  {
    id: 'openai-responses.id-characters',
    check: ({ input }) =>
      firstMessage(input, ({ callId }, index) =>
        /^[a-zA-Z0-9_-]*$/.test(callId)
          ? undefined
          : `Invalid 'input[${index}].call_id': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
      ),
  },
  {
    id: 'openai-responses.arguments-object',
    check: ({ input }) =>
      firstMessage(input, (item, index) =>
        item.type === 'function_call' && !isObjectText(item.arguments)
          ? `Invalid 'input[${index}].arguments': expected a JSON object encoded as a string.`
          : undefined,
      ),
  },
  {
    id: 'openai-responses.output-without-call',
    check: ({ input }) =>
      firstMessage(input, ({ type, callId }, index) =>
        type === 'function_call_output' && !has(input.slice(0, index), 'function_call', callId)
          ? `No tool call found for function call output with call_id ${callId}.`
          : undefined,
      ),
  },
  {
    id: 'openai-responses.call-without-output',
    check: ({ input }) =>
      firstMessage(input, ({ type, callId }, index) =>
        type === 'function_call' && !has(input.slice(index + 1), 'function_call_output', callId)
          ? `No tool output found for function call ${callId}.`
          : undefined,
      ),
  },
  {
    id: 'openai-responses.item-not-found',
    check: ({ input }) =>
      firstMessage(input, ({ type, id }) =>
        type === 'item_reference' && !issued(id) ? `Item with id '${id}' not found.` : undefined,
      ),
  },
  {
    id: 'openai-responses.reasoning-without-item',
    check: ({ input }) =>
      firstMessage(input, (item, index) =>
        isReasoning(item) && !follows(item, input[index + 1])
          ? `Item '${item.id}' of type 'reasoning' was provided without its required following item.`
          : undefined,
      ),
  },
  {
    id: 'openai-responses.item-without-reasoning',
    check: ({ input }) =>
      firstMessage(input, ({ type, id }, index) => {
        const reasoning = type === 'item_reference' ? reasoningOf(id) : undefined;
        return reasoning !== undefined && !input.slice(0, index).some((item) => item.id === reasoning)
          ? `Item '${id}' of type 'message' was provided without its required 'reasoning' item: '${reasoning}'.`
          : undefined;
      }),
  },
];

function has(items: readonly Item[], type: string, callId: string): boolean {
  return items.some((item) => item.type === type && item.callId === callId);
}

/** A reasoning item that brings its encrypted content stands for itself. */
function isReasoning({ id, hasSecret }: Item): boolean {
  return id.startsWith('rs_') && !hasSecret;
}

function follows(reasoning: Item, next: Item | undefined): boolean {
  return next?.type === 'function_call' || (next !== undefined && reasoningOf(next.id) === reasoning.id);
}

/**
 * The ids this server gives to the items of its `turn`-th answer: `rs_7`, and `msg_7r_1f2e3d4c`. The `r` says that the
 * answer reasoned; the fingerprint is that of the text, by which a cut one is known (`prompt-rule.ts`).
 */
export const itemIds = {
  reasoning: (turn: number): string => `rs_${turn}`,
  message: (turn: number, reasoned: boolean, said: string): string =>
    `msg_${turn}${reasoned ? 'r' : ''}_${fingerprint(said)}`,
  call: (turn: number, index: number): string => `fc_${turn}_${index}`,
};

function issued(id: string): boolean {
  return /^(rs_\d+|msg_\d+r?_[0-9a-f]{8}|fc_\d+_\d+)$/.test(id);
}

function reasoningOf(id: string): string | undefined {
  const turn = /^msg_(\d+)r_/.exec(id)?.[1];
  return turn === undefined ? undefined : `rs_${turn}`;
}

function readResponses(body: unknown): ResponsesRequest {
  return { input: list(fields(body)['input']).map(readItem) };
}

function readItem(value: unknown): Item {
  const item = fields(value);
  return {
    type: text(item['type']),
    id: text(item['id']),
    callId: text(item['call_id']),
    arguments: text(item['arguments']),
    hasOutput: item['output'] != null,
    hasSecret: item['encrypted_content'] != null,
  };
}

export const validateOpenaiResponses: Validator = (body) => firstBroken(openaiResponsesRules, readResponses(body));
