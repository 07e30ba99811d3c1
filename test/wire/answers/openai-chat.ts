/** Chat Completions stream, with the reasoning field that compatible servers add. */
import { type Answer, type AnswerPart, type AnswerWriter, event, hasCall, type Turn } from './answer.ts';

/** How a server names the `index`-th call of a turn. */
export type CallId = (turn: Turn, index: number) => string;

const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };

export function chatWriter(callId: CallId): AnswerWriter {
  return (answer, turn) => {
    const chunk = (rest: object) =>
      event({ id: `chatcmpl-${turn.number}`, object: 'chat.completion.chunk', created: 0, model: turn.model, ...rest });
    const choice = (delta: object, finish: string | null) =>
      chunk({ choices: [{ index: 0, delta, finish_reason: finish }] });
    return [
      choice({ role: 'assistant', content: '' }, null),
      ...answer.map((part) => choice(deltaOf(part, callIndex(answer, part), turn, callId), null)),
      choice({}, hasCall(answer) ? 'tool_calls' : 'stop'),
      chunk({ choices: [], usage }),
      'data: [DONE]\n\n',
    ];
  };
}

function deltaOf(part: AnswerPart, index: number, turn: Turn, callId: CallId): object {
  switch (part.type) {
    case 'text':
      return { content: part.text };
    case 'reasoning':
      return { reasoning_content: part.text };
    case 'tool-call': {
      const called = { name: part.toolName, arguments: JSON.stringify(part.input) };
      return {
        tool_calls: [{ index, id: part.toolCallId ?? callId(turn, index), type: 'function', function: called }],
      };
    }
  }
}

function callIndex(answer: Answer, part: AnswerPart): number {
  return answer.filter(({ type }) => type === 'tool-call').indexOf(part);
}
