/** Messages stream: each part is a content block; a thinking block ends with its signature. */
import { sign } from '../signature.ts';
import { type AnswerPart, type AnswerWriter, event, hasCall, type Turn } from './answer.ts';

export const writeAnthropic: AnswerWriter = (answer, turn) => {
  const send = (type: string, rest: object) => event({ type, ...rest }, type);
  const message = {
    type: 'message',
    id: `msg_${turn.number}`,
    role: 'assistant',
    model: turn.model,
    content: [],
    stop_reason: null,
    usage: { input_tokens: 1, output_tokens: 0 },
  };
  return [
    send('message_start', { message }),
    ...answer.flatMap((part, index) => {
      const { block, deltas } = blockOf(part, index, turn);
      return [
        send('content_block_start', { index, content_block: block }),
        ...deltas.map((delta) => send('content_block_delta', { index, delta })),
        send('content_block_stop', { index }),
      ];
    }),
    send('message_delta', {
      delta: { stop_reason: hasCall(answer) ? 'tool_use' : 'end_turn' },
      usage: { output_tokens: 1 },
    }),
    send('message_stop', {}),
  ];
};

function blockOf(part: AnswerPart, index: number, turn: Turn): { block: object; deltas: readonly object[] } {
  switch (part.type) {
    case 'text':
      return { block: { type: 'text', text: '' }, deltas: [{ type: 'text_delta', text: part.text }] };
    case 'reasoning':
      return {
        block: { type: 'thinking', thinking: '', signature: '' },
        deltas: [
          { type: 'thinking_delta', thinking: part.text },
          { type: 'signature_delta', signature: sign(turn.model, part.text) },
        ],
      };
    case 'tool-call':
      return {
        block: {
          type: 'tool_use',
          id: part.toolCallId ?? `toolu_${turn.number}_${index}`,
          name: part.toolName,
          input: {},
        },
        deltas: [{ type: 'input_json_delta', partial_json: JSON.stringify(part.input) }],
      };
  }
}
