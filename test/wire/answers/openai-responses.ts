/** Responses stream: each part is an output item that is added, filled and done. */
import { itemIds } from '../openai-responses.ts';
import { type AnswerPart, type AnswerWriter, event, type Turn } from './answer.ts';

const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };

export const writeResponses: AnswerWriter = (answer, turn) => {
  const reasoned = answer.some(({ type }) => type === 'reasoning');
  const response = { id: `resp_${turn.number}`, created_at: 0, model: turn.model };
  return [
    event({ type: 'response.created', response }),
    ...answer.flatMap((part, index) => itemEvents(part, index, turn, reasoned)),
    event({ type: 'response.completed', response: { ...response, usage } }),
  ];
};

function itemEvents(part: AnswerPart, index: number, turn: Turn, reasoned: boolean): readonly string[] {
  const lifecycle = (item: object, filled: object, deltas: readonly string[]) => [
    event({ type: 'response.output_item.added', output_index: index, item }),
    ...deltas,
    event({ type: 'response.output_item.done', output_index: index, item: { ...item, ...filled } }),
  ];
  switch (part.type) {
    case 'text': {
      const id = itemIds.message(turn.number, reasoned, part.text);
      const delta = event({ type: 'response.output_text.delta', item_id: id, output_index: index, delta: part.text });
      return lifecycle({ type: 'message', id }, {}, [delta]);
    }
    case 'reasoning': {
      const id = itemIds.reasoning(turn.number);
      const at = { item_id: id, summary_index: 0 };
      return lifecycle({ type: 'reasoning', id }, { encrypted_content: null }, [
        event({ type: 'response.reasoning_summary_part.added', ...at }),
        event({ type: 'response.reasoning_summary_text.delta', ...at, delta: part.text }),
        event({ type: 'response.reasoning_summary_part.done', ...at }),
      ]);
    }
    case 'tool-call': {
      const args = JSON.stringify(part.input);
      const id = itemIds.call(turn.number, index);
      const call_id = part.toolCallId ?? `call_${turn.number}_${index}`;
      const item = { type: 'function_call', id, call_id, name: part.toolName, arguments: '' };
      const delta = event({
        type: 'response.function_call_arguments.delta',
        item_id: id,
        output_index: index,
        delta: args,
      });
      return lifecycle(item, { arguments: args, status: 'completed' }, [delta]);
    }
  }
}
