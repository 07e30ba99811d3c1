/** What the real APIs say, by rule: written down from their users' posts, not derived from the validators. */

export const words: Readonly<Record<string, string>> = {
  'openai-chat.messages-empty': "Invalid 'messages': empty array. Expected an array with minimum length 1",
  'openai-chat.content-missing': "Invalid value for 'content': expected a string, got null.",
  'openai-chat.id-length':
    "Invalid 'messages[2].tool_calls[0].id': string too long. Expected a string with maximum length 40, but got a string with length 64 instead.",
  'openai-chat.id-characters':
    "string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.",
  'openai-chat.output-without-call':
    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
  'openai-chat.output-of-other-call': "not found in 'tool_calls' of previous message.",
  'openai-chat.call-without-output':
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: call00001",
  'openai-chat.output-twice':
    "Invalid parameter: Duplicate value for 'tool_call_id' of 'call00001', in messages[3] and messages[4].",

  'openai-responses.input-empty':
    'One of "input" or "previous_response_id" or \'prompt\' or \'conversation_id\' must be provided.',
  'openai-responses.output-missing': "Missing required parameter: 'input[3].output'.",
  'openai-responses.id-length':
    "Invalid 'input[2].call_id': string too long. Expected a string with maximum length 64, but got a string with length 65 instead.",
  'openai-responses.id-characters':
    "string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.",
  'openai-responses.arguments-object': "Invalid 'input[2].arguments'",
  'openai-responses.output-without-call': 'No tool call found for function call output with call_id call00001.',
  'openai-responses.call-without-output': 'No tool output found for function call call00001.',
  'openai-responses.item-not-found': "Item with id 'rs_x' not found.",
  'openai-responses.reasoning-without-item':
    "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
  'openai-responses.item-without-reasoning':
    "of type 'message' was provided without its required 'reasoning' item: 'rs_2'.",

  'compatible-qwen.messages-empty': 'No messages provided.',
  'compatible-qwen.content-missing': "Expected 'content' or 'tool_calls'",
  'compatible-qwen.system-first': 'System message must be at the beginning.',
  'compatible-qwen.user-required': 'No user query found in messages.',
  'compatible-qwen.output-without-call':
    '<400> InternalError.Algo.InvalidParameter: messages with role "tool" must be a response to a preceeding message with "tool_calls".',
  'compatible-qwen.call-without-output':
    '<400> InternalError.Algo.InvalidParameter: An assistant message with "tool_calls" must be followed by tool messages responding to each "tool_call_id".',
  'compatible-qwen.arguments-object':
    '<400> InternalError.Algo.InvalidParameter: The "function.arguments" parameter of the code model must be in JSON format.',

  'compatible-mistral.messages-empty': 'Conversation must have at least one message',
  'compatible-mistral.content-missing': 'Field required',
  'compatible-mistral.last-role':
    'Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant',
  'compatible-mistral.role-order': "Unexpected role '",
  'compatible-mistral.call-without-output': 'Not the same number of function calls and responses',
  'compatible-mistral.duplicate-call': 'Duplicate tool call id call00001 in assistant message',
  'compatible-mistral.output-twice': 'Duplicate tool call id call00001 in tool results',
  'compatible-mistral.output-of-other-call': 'Unexpected tool call id call00002 in tool results',
  'compatible-mistral.assistant-empty': 'Assistant message must have either content or tool_calls, but not none.',
  'compatible-mistral.system-first': 'Only user, assistant and tool roles are supported, got system.',
  'compatible-mistral.alternation':
    'After the optional system message, conversation roles must alternate user and assistant roles except for tool calls and results.',
  'compatible-mistral.id-format': 'but must be a-z, A-Z, 0-9, with a length of 9.',

  'compatible-unknown.messages-empty': "Invalid 'messages': empty array.",
  'compatible-unknown.content-missing': "Invalid value for 'content': expected a string, got null.",
  'compatible-unknown.id-length': 'Expected a string with maximum length 40',
  'compatible-unknown.id-characters': "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.",
  'compatible-unknown.output-without-call': "messages with role 'tool' must be a response to a preceeding message",
  'compatible-unknown.output-of-other-call': "not found in 'tool_calls' of previous message.",
  'compatible-unknown.call-without-output': "An assistant message with 'tool_calls' must be followed by tool messages",
  'compatible-unknown.output-twice': "Duplicate value for 'tool_call_id' of 'call00001'",
  'compatible-unknown.system-first': 'System message must be at the beginning.',
  'compatible-unknown.user-required': 'No user query found in messages.',
  'compatible-unknown.arguments-object': 'must be in JSON format.',
  'compatible-unknown.last-role': 'Expected last role User or Tool',
  'compatible-unknown.assistant-empty': 'Assistant message must have either content or tool_calls',
  'compatible-unknown.alternation': 'Conversation roles must alternate user/assistant/user/assistant/...',

  'anthropic.messages-empty': 'messages: at least one message is required',
  'anthropic.content-empty': 'messages.0: all messages must have non-empty content',
  'anthropic.text-empty': 'messages: text content blocks must be non-empty',
  'anthropic.text-whitespace': 'messages: text content blocks must contain non-whitespace text',
  'anthropic.tools-undeclared': 'Requests which include `tool_use` or `tool_result` blocks must define tools.',
  'anthropic.id-characters': "messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
  'anthropic.id-length': 'messages.1.content.0.tool_use.id: String should have at most 64 characters',
  'anthropic.duplicate-id': '`tool_use` ids must be unique',
  'anthropic.late-system': "role 'system' is not supported on this model",
  'anthropic.late-system-after':
    "messages.2: role 'system' must follow a 'user' message or an 'assistant' message ending in a server tool result",
  'anthropic.late-system-before': "messages.1: role 'system' must precede an 'assistant' message or end the array",
  'anthropic.call-without-output':
    'messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: call00001. Each `tool_use` block must have a corresponding `tool_result` block in the next message.',
  'anthropic.output-without-call':
    'unexpected `tool_use_id` found in `tool_result` blocks: call00001. Each `tool_result` block must have a corresponding `tool_use` block in the previous message.',
  'anthropic.output-twice':
    'each tool_use must have a single result. Found multiple `tool_result` blocks with id: call00001',
  'anthropic.signature': 'messages.1.content.0: Invalid `signature` in `thinking` block',
  'anthropic.thinking-first':
    'messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When `thinking` is enabled, a final `assistant` message must start with a thinking block',
  'anthropic.forced-tool': 'Thinking may not be enabled when tool_choice forces tool use.',
  'anthropic.prefill':
    'This model does not support assistant message prefill. The conversation must end with a user message.',

  'google.contents-empty': '* GenerateContentRequest.contents: contents is not specified',
  'google.parts-empty': 'contents.parts must not be empty.',
  'google.part-empty':
    "* GenerateContentRequest.contents[0].parts[0].data: required oneof field 'data' must have one initialized field",
  'google.args-object':
    "Invalid value at 'contents[1].parts[0].function_call.args' (type.googleapis.com/google.protobuf.Struct)",
  'google.call-after-user':
    'Please ensure that function call turn comes immediately after a user turn or after a function response turn.',
  'google.user-first': "First content should be with role 'user', got model",
  'google.response-count':
    'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.',
  'google.response-after-call':
    'Please ensure that function response turn comes immediately after a function call turn.',
  'google.signature-missing': 'Function call is missing a thought_signature in functionCall parts.',
  'google.signature-corrupted': 'Corrupted thought signature.',
  'google.prefill': 'Requests ending with a model turn are not supported unless the last part is a function response.',
};
