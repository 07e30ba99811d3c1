/** streamGenerateContent: one chunk per part; Gemini signs the first call of a step. */
import { callIdPrefix, signCall } from '../google.ts';
import { type Answer, type AnswerPart, type AnswerWriter, event, type Turn } from './answer.ts';

const usageMetadata = { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 };

export const writeGoogle: AnswerWriter = (answer, turn) => {
  const chunk = (parts: readonly object[], rest: object = {}) =>
    event({ candidates: [{ index: 0, content: { role: 'model', parts }, ...rest }], usageMetadata });
  return [
    ...answer.map((part, index) => chunk([partOf(answer, part, index, turn)])),
    chunk([], { finishReason: 'STOP' }),
  ];
};

function partOf(answer: Answer, part: AnswerPart, index: number, turn: Turn): object {
  switch (part.type) {
    case 'text':
      return { text: part.text };
    case 'reasoning':
      return { text: part.text, thought: true };
    case 'tool-call': {
      const id = part.toolCallId ?? `${callIdPrefix(turn.model)}${turn.number}_${index}`;
      const functionCall = { id, name: part.toolName, args: part.input };
      const isFirst = answer.find(({ type }) => type === 'tool-call') === part;
      return isFirst
        ? { functionCall, thoughtSignature: signCall(turn.model, part.toolName, part.input) }
        : { functionCall };
    }
  }
}
