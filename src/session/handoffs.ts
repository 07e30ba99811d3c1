/** Handoffs of one batch (S8.5): the first in the model's order wins; the same agent twice is no conflict. */
import type { FirstOutput, HandoffIntent } from '../engine/seam.ts';

export interface CollectedHandoff {
  readonly intent: HandoffIntent | undefined;
  /** The outputs, with an error where another handoff of the batch won. */
  readonly outputs: readonly FirstOutput[];
}

export function collectHandoff(
  firsts: readonly FirstOutput[],
  refusal: (agent: string, reason: string) => string,
): CollectedHandoff {
  const intent = firsts.find((first) => first.handoff)?.handoff;
  if (!intent) return { intent, outputs: firsts };
  const outputs = firsts.map((first): FirstOutput => {
    const other = first.handoff;
    if (!other || other.agent === intent.agent) return first;
    const reason = `${intent.toolName} already hands over to ${intent.agent.name}.`;
    const text = refusal(other.agent.name, reason);
    const told = first.output.text === '' ? text : `${first.output.text}\n${text}`;
    return { output: { type: 'error', text: told }, wantsReply: true, background: false };
  });
  return { intent, outputs };
}
