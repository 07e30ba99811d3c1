/** The awkward prompts: what a library with background tools is tempted to send. */
import { claude, each, gemini, unthought, type WireCase } from './cases.ts';
import { assistant, call, first, output, outputs, second, system, talk, third, user } from './prompt-parts.ts';

const idOf64 = 'a'.repeat(64);
const idOf65 = 'a'.repeat(65);

/** One call and its output under `id`, after the user's words. */
const pair = (id: string) => talk(assistant(call(id)), outputs(id));

export const table: readonly WireCase[] = [
  {
    name: 'parallel calls in one assistant message, outputs in one tool message',
    prompt: talk(assistant(call(first), call(second)), outputs(first, second)),
    refusedBy: unthought,
  },
  {
    name: 'outputs as two tool messages',
    prompt: talk(assistant(call(first), call(second)), outputs(first), outputs(second)),
    refusedBy: { ...unthought, ...gemini('google.response-count') },
  },
  {
    name: 'calls as two assistant messages',
    prompt: talk(assistant(call(first)), assistant(call(second)), outputs(first, second)),
    refusedBy: {
      ...each({
        'openai-chat': 'output-of-other-call',
        'compatible-unknown': 'output-of-other-call',
        'compatible-qwen': 'output-without-call',
        'compatible-mistral': 'call-without-output',
      }),
      ...unthought,
      ...gemini('google.call-after-user'),
    },
  },
  {
    name: 'synthetic pair after assistant text, separate messages',
    prompt: talk(assistant('Let me look.'), assistant(call(first)), outputs(first)),
    refusedBy: {
      ...each({ 'compatible-unknown': 'alternation' }),
      ...unthought,
      ...gemini('google.call-after-user'),
    },
  },
  {
    name: 'synthetic pair after assistant text, separate messages, then a reply',
    prompt: talk(
      assistant('Let me look.'),
      assistant(call(first)),
      outputs(first),
      assistant('Found.'),
      user('Book it.'),
    ),
    refusedBy: {
      ...each({ 'compatible-unknown': 'alternation', 'compatible-mistral': 'alternation' }),
      ...gemini('google.call-after-user'),
    },
  },
  {
    name: 'synthetic pair after assistant text, text and call in one assistant message',
    prompt: talk(assistant('Let me look.', call(first)), outputs(first)),
    refusedBy: unthought,
  },
  {
    name: 'synthetic pair after an output',
    prompt: talk(assistant(call(first)), outputs(first), assistant(call(second)), outputs(second)),
    refusedBy: unthought,
  },
  {
    name: 'pair whose tool is not declared',
    prompt: talk(assistant(call(first, { toolName: 'gone' })), outputs(output(first, { toolName: 'gone' }))),
    refusedBy: unthought,
  },
  {
    name: 'pairs, but no tools declared at all',
    prompt: pair(first),
    tools: undefined,
    refusedBy: claude('tools-undeclared'),
  },
  {
    name: 'pairs, tools declared but forbidden by toolChoice none',
    prompt: pair(first),
    toolChoice: { type: 'none' },
    refusedBy: unthought,
  },
  {
    name: 'late system message, after the user',
    prompt: talk(assistant('Where to?'), user('Tokyo'), system('Be brief.')),
    refusedBy: {
      ...lateSystem(),
      ...each({ 'compatible-mistral': 'system-first' }),
    },
  },
  {
    name: 'late system message, after an output',
    prompt: talk(assistant(call(first)), outputs(first), system('Be brief.')),
    refusedBy: { ...lateSystem(), ...each({ 'compatible-mistral': 'role-order' }) },
  },
  {
    name: 'late system message, after the assistant',
    prompt: talk(assistant('Where to?'), system('Tell what was found.')),
    refusedBy: {
      ...lateSystem(),
      ...each({ 'compatible-mistral': 'role-order' }),
      'anthropic-adaptive': 'anthropic.late-system-after',
    },
  },
  {
    name: 'late system message, before the user',
    prompt: talk(system('Be brief.'), user('To Tokyo.')),
    refusedBy: {
      ...lateSystem(),
      ...each({ 'compatible-mistral': 'system-first' }),
      'anthropic-adaptive': 'anthropic.late-system-before',
    },
  },
  {
    name: 'two late system messages in a row',
    prompt: talk(system('Be brief.'), system('Be kind.')),
    refusedBy: { ...lateSystem(), ...each({ 'compatible-mistral': 'system-first' }) },
  },
  {
    name: 'late user message, after an output',
    prompt: talk(assistant(call(first)), outputs(first), user('Tell what was found.')),
    refusedBy: {
      ...each({ 'compatible-unknown': 'alternation', 'compatible-mistral': 'role-order' }),
      ...unthought,
    },
  },
  {
    name: 'output undefined',
    prompt: talk(
      assistant(call(first)),
      outputs(output(first, { output: { type: 'json', value: undefined as never } })),
    ),
    refusedBy: {
      ...each({
        'openai-chat': 'content-missing',
        'openai-responses': 'output-missing',
        'compatible-unknown': 'content-missing',
        'compatible-qwen': 'content-missing',
        'compatible-mistral': 'content-missing',
      }),
      ...unthought,
    },
  },
  {
    name: 'error output',
    prompt: talk(
      assistant(call(first)),
      outputs(output(first, { output: { type: 'error-text', value: 'no such flight' } })),
    ),
    refusedBy: unthought,
  },
  {
    name: 'id of 64 characters',
    prompt: pair(idOf64),
    refusedBy: {
      ...each({
        'openai-chat': 'id-length',
        'compatible-unknown': 'id-length',
        'compatible-mistral': 'id-format',
      }),
      ...unthought,
    },
  },
  {
    name: 'id longer than 64 characters',
    prompt: pair(idOf65),
    refusedBy: {
      ...each({
        'openai-chat': 'id-length',
        'openai-responses': 'id-length',
        'compatible-unknown': 'id-length',
        'compatible-mistral': 'id-format',
      }),
      ...claude('id-length'),
    },
  },
  {
    name: 'id with a slash',
    prompt: pair('call/1'),
    refusedBy: {
      ...each({
        'openai-chat': 'id-characters',
        'openai-responses': 'id-characters',
        'compatible-unknown': 'id-characters',
        'compatible-mistral': 'id-format',
      }),
      ...claude('id-characters'),
    },
  },
  {
    name: 'call without output',
    prompt: talk(assistant(call(first))),
    refusedBy: {
      ...each({
        'openai-chat': 'call-without-output',
        'openai-responses': 'call-without-output',
        'compatible-unknown': 'call-without-output',
        'compatible-qwen': 'call-without-output',
        'compatible-mistral': 'last-role',
      }),
      ...claude('call-without-output'),
      ...gemini('google.response-count'),
    },
  },
  {
    name: 'output without call',
    prompt: talk(outputs(first)),
    refusedBy: {
      ...each({
        'openai-chat': 'output-without-call',
        'openai-responses': 'output-without-call',
        'compatible-unknown': 'output-without-call',
        'compatible-qwen': 'output-without-call',
        'compatible-mistral': 'role-order',
      }),
      ...claude('output-without-call'),
      ...gemini('google.response-after-call'),
    },
  },
  {
    name: 'pair inside an open batch',
    prompt: talk(
      assistant(call(first), call(second)),
      outputs(first),
      assistant(call(third)),
      outputs(third),
      outputs(second),
    ),
    refusedBy: {
      ...each({
        'openai-chat': 'output-of-other-call',
        'compatible-unknown': 'output-of-other-call',
        'compatible-qwen': 'output-without-call',
        'compatible-mistral': 'call-without-output',
      }),
      ...claude('call-without-output'),
      ...gemini('google.response-count'),
    },
  },
  {
    name: 'user message inside an open batch',
    prompt: talk(assistant(call(first)), user('Hello?'), outputs(first)),
    refusedBy: {
      ...each({
        'openai-chat': 'output-without-call',
        'compatible-unknown': 'output-without-call',
        'compatible-qwen': 'output-without-call',
        'compatible-mistral': 'role-order',
      }),
      ...claude('call-without-output'),
      ...gemini('google.response-count'),
    },
  },
  {
    name: 'assistant text between call and output',
    prompt: talk(assistant(call(first)), assistant('One moment.'), outputs(first)),
    refusedBy: {
      ...each({
        'openai-chat': 'output-without-call',
        'compatible-unknown': 'output-without-call',
        'compatible-qwen': 'output-without-call',
        'compatible-mistral': 'call-without-output',
      }),
      ...unthought,
      ...gemini('google.response-count'),
    },
  },
  {
    name: 'same id twice, in two batches',
    prompt: talk(assistant(call(first)), outputs(first), assistant(call(first)), outputs(first)),
    refusedBy: claude('duplicate-id'),
  },
  {
    name: 'same id twice, in one batch',
    prompt: talk(assistant(call(first), call(first)), outputs(first, first)),
    refusedBy: {
      ...each({
        'openai-chat': 'output-twice',
        'compatible-unknown': 'output-twice',
        'compatible-mistral': 'duplicate-call',
      }),
      ...claude('duplicate-id'),
    },
  },
  {
    name: 'malformed arguments as a string',
    prompt: talk(assistant(call(first, { input: '{"city": "Tok' })), outputs(first)),
    refusedBy: {
      ...each({
        'openai-responses': 'arguments-object',
        'compatible-unknown': 'arguments-object',
        'compatible-qwen': 'arguments-object',
      }),
      ...unthought,
      ...gemini('google.args-object'),
    },
  },
  {
    name: 'only a system message',
    prompt: [system('Greet the caller.')],
    refusedBy: {
      ...each({ 'compatible-unknown': 'user-required', 'compatible-qwen': 'user-required' }),
      ...claude('messages-empty'),
      ...gemini('google.contents-empty'),
    },
  },
  {
    name: 'empty user text',
    prompt: [system('You are a travel agent.'), user('')],
    refusedBy: { ...claude('text-empty'), ...gemini('google.part-empty') },
  },
  {
    name: 'ends with assistant text',
    prompt: talk(assistant('Where to?')),
    refusedBy: {
      ...each({ 'compatible-unknown': 'last-role', 'compatible-mistral': 'last-role' }),
      ...unthought,
      'anthropic-adaptive': 'anthropic.prefill',
      'google-3': 'google.prefill',
    },
  },
];

function lateSystem(): Record<string, string> {
  const refused = claude('late-system');
  return {
    ...each({ 'compatible-unknown': 'system-first', 'compatible-qwen': 'system-first' }),
    'anthropic-plain': refused['anthropic-plain'] ?? '',
    'anthropic-no-late-system': refused['anthropic-no-late-system'] ?? '',
    'anthropic-budget': refused['anthropic-budget'] ?? '',
    ...gemini('package'),
  };
}
