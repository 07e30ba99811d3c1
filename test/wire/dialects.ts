/** The dialects a wire server speaks: where each is served, what it refuses, how it says so, how it answers. */
import { validateAnthropic } from './anthropic.ts';
import { writeAnthropic } from './answers/anthropic.ts';
import type { AnswerWriter } from './answers/answer.ts';
import { writeGoogle } from './answers/google.ts';
import { chatWriter } from './answers/openai-chat.ts';
import { writeResponses } from './answers/openai-responses.ts';
import { validateMistral } from './compatible-mistral.ts';
import { validateQwen } from './compatible-qwen.ts';
import { validateUnknown } from './compatible-unknown.ts';
import { googleValidator } from './google.ts';
import { fields, text } from './json.ts';
import { validateOpenaiChat } from './openai-chat.ts';
import { validateOpenaiResponses } from './openai-responses.ts';
import type { Validator, Violation } from './rule.ts';

export interface Dialect {
  /** The first segment of the path it is served under. */
  readonly name: string;
  readonly modelOf: (path: string, body: unknown) => string;
  readonly validatorOf: (model: string) => Validator;
  /** The body of an error answer. */
  readonly envelope: (violation: Violation) => unknown;
  readonly write: AnswerWriter;
}

const modelInBody = (_path: string, body: unknown) => text(fields(body)['model']);

const openaiEnvelope = ({ message }: Violation) => ({
  error: { message, type: 'invalid_request_error', param: null, code: null },
});

const dashscopeEnvelope = ({ message }: Violation) => ({
  error: { message, type: 'invalid_request_error', param: null, code: 'invalid_parameter_error' },
  request_id: 'wire',
});

/** vLLM's. */
const serverEnvelope = ({ message, status }: Violation) => ({
  error: { message, type: 'BadRequestError', param: null, code: status },
});

const mistralEnvelope = ({ message }: Violation) => ({
  object: 'error',
  message,
  type: 'invalid_request_error',
  param: null,
  code: null,
});

const anthropicEnvelope = ({ message }: Violation) => ({
  type: 'error',
  error: { type: 'invalid_request_error', message },
  request_id: 'req_wire',
});

const googleEnvelope = ({ message, status }: Violation) => ({
  error: { code: status, message, status: 'INVALID_ARGUMENT' },
});

export const dialects: readonly Dialect[] = [
  {
    name: 'openai-chat',
    modelOf: modelInBody,
    validatorOf: () => validateOpenaiChat,
    envelope: openaiEnvelope,
    write: chatWriter(({ number }, index) => `call_${number}_${index}`),
  },
  {
    name: 'openai-responses',
    modelOf: modelInBody,
    validatorOf: () => validateOpenaiResponses,
    envelope: openaiEnvelope,
    write: writeResponses,
  },
  {
    name: 'compatible-unknown',
    modelOf: modelInBody,
    validatorOf: () => validateUnknown,
    envelope: serverEnvelope,
    write: chatWriter(({ number }, index) => `chatcmpl-tool-${number}-${index}`),
  },
  {
    name: 'compatible-qwen',
    modelOf: modelInBody,
    validatorOf: () => validateQwen,
    envelope: dashscopeEnvelope,
    write: chatWriter(({ number }, index) => `call_${number}_${index}`),
  },
  {
    name: 'compatible-mistral',
    modelOf: modelInBody,
    validatorOf: () => validateMistral,
    envelope: mistralEnvelope,
    write: chatWriter(({ number }, index) => `w${String(number).padStart(6, '0')}${String(index).padStart(2, '0')}`),
  },
  {
    name: 'anthropic',
    modelOf: modelInBody,
    validatorOf: () => validateAnthropic,
    envelope: anthropicEnvelope,
    write: writeAnthropic,
  },
  {
    name: 'google',
    modelOf: (path) => /\/models\/([^/:]+):/.exec(path)?.[1] ?? '',
    validatorOf: googleValidator,
    envelope: googleEnvelope,
    write: writeGoogle,
  },
];
