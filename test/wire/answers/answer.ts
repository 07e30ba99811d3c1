/** What a wire server says next. A test queues answers; without one the model says "ok". */

export type AnswerPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'tool-call'; readonly toolName: string; readonly input: unknown; readonly toolCallId?: string };

export type Answer = readonly AnswerPart[];

export const defaultAnswer: Answer = [{ type: 'text', text: 'ok' }];

/** Which answer of the server this is, from 1, and by which model: what its ids and signatures are made of. */
export interface Turn {
  readonly number: number;
  readonly model: string;
}

/** Writes an answer as the events of a dialect's stream. */
export type AnswerWriter = (answer: Answer, turn: Turn) => readonly string[];

export function event(data: unknown, name?: string): string {
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;
}

export function hasCall(answer: Answer): boolean {
  return answer.some(({ type }) => type === 'tool-call');
}
