/** A companion's call (S5.4): answered at once where its body is synchronous. No task, no limits, no background. */
import { StopResponse, ToolError } from '../errors.ts';
import type { Output } from '../chat/items.ts';
import { toText } from '../tools/text.ts';
import type { Answers } from './answers.ts';
import type { Call } from './call.ts';
import type { EngineTool } from './seam.ts';

export function runCompanion(call: Call, tool: EngineTool, answers: Answers): void {
  const abort = new AbortController();
  call.state = { type: 'companion', abort };
  const settle = (output: Output): void => answers.give(call, 'companion', output);
  const tell = (value: unknown): void => {
    const text = toText(value);
    settle(text.ok ? { type: 'text', text: text.text } : { type: 'error', text: text.reason });
  };
  const fail = (error: unknown): void => {
    if (error instanceof ToolError) return settle({ type: 'error', text: error.message });
    if (error instanceof StopResponse) return settle({ type: 'text', text: '' });
    if (abort.signal.aborted) return;
    answers.report(call, error);
    settle({ type: 'error', text: answers.text(call, 'genericError', { functionName: tool.name }) });
  };
  try {
    // Companions are the engine's own: they need no context.
    const result = tool.run(call.input, {
      ctx: undefined as never,
      toolCallId: call.callId,
      abortSignal: abort.signal,
    });
    if (result instanceof Promise) void result.then(tell, fail);
    else tell(result);
  } catch (error) {
    fail(error);
  }
}
