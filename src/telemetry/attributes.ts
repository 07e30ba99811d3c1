/**
 * Names of spans and attributes. Those of `gen_ai` and `error` are OpenTelemetry's, as constants of our own: they left
 * the package of semantic conventions.
 */
export const operation = {
  executeTool: 'execute_tool',
  invokeAgent: 'invoke_agent',
  deliverResult: 'deliver_result',
} as const;

export const attribute = {
  operationName: 'gen_ai.operation.name',
  agentName: 'gen_ai.agent.name',
  toolName: 'gen_ai.tool.name',
  toolType: 'gen_ai.tool.type',
  toolCallId: 'gen_ai.tool.call.id',
  toolArguments: 'gen_ai.tool.call.arguments',
  toolResult: 'gen_ai.tool.call.result',
  errorType: 'error.type',
  /** `completed`, `failed` or `cancelled`. */
  taskState: 'meanwhile.task.state',
  /** `completed`, `nothing_said`, `interrupted` or `failed`. */
  speechOutcome: 'meanwhile.speech.outcome',
  /** The records that a reply tells. */
  deliveryIds: 'meanwhile.delivery.ids',
  /** How long the oldest of them waited to be told, in ms. */
  deliveryHoldMs: 'meanwhile.delivery.hold_ms',
} as const;
