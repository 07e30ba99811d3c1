/** Google's generateContent. The model is named in the path, so a validator is made per model. */
import { fields, isFields, list, text } from './json.ts';
import { firstBroken, firstMessage, type Rule, type Validator } from './rule.ts';
import { callText, sign } from './signature.ts';

interface Part {
  readonly kind: 'call' | 'response' | 'other' | 'empty';
  readonly id: string;
  readonly name: string;
  readonly args: unknown;
  readonly signature: string;
}

interface Content {
  readonly role: string;
  readonly parts: readonly Part[];
}

interface GoogleRequest {
  readonly model: string;
  readonly contents: readonly Content[];
}

/** The documented dummy for a call the model did not make. */
const dummies = ['skip_thought_signature_validator', 'context_engineering_is_the_way_to_go'];

export const googleRules: readonly Rule<GoogleRequest>[] = [
  {
    id: 'google.contents-empty',
    check: ({ contents }) =>
      contents.length === 0 ? '* GenerateContentRequest.contents: contents is not specified\n' : undefined,
  },
  {
    id: 'google.parts-empty',
    check: ({ contents }) =>
      firstMessage(contents, ({ parts }, index) =>
        parts.length === 0
          ? `* GenerateContentRequest.contents[${index}].parts: contents.parts must not be empty.\n`
          : undefined,
      ),
  },
  {
    id: 'google.part-empty',
    check: ({ contents }) =>
      firstMessage(contents, ({ parts }, index) =>
        firstMessage(parts, ({ kind }, part) =>
          kind === 'empty'
            ? `* GenerateContentRequest.contents[${index}].parts[${part}].data: required oneof field 'data' must have one initialized field\n`
            : undefined,
        ),
      ),
  },
  {
    id: 'google.args-object',
    check: ({ contents }) =>
      firstMessage(contents, ({ parts }, index) =>
        firstMessage(parts, ({ kind, args }, part) =>
          kind === 'call' && !isFields(args)
            ? `Invalid value at 'contents[${index}].parts[${part}].function_call.args' (type.googleapis.com/google.protobuf.Struct), ${JSON.stringify(args)}`
            : undefined,
        ),
      ),
  },
  {
    id: 'google.call-after-user',
    check: ({ contents }) =>
      contents.some((content, index) => of(content, 'call').length > 0 && contents[index - 1]?.role !== 'user')
        ? 'Please ensure that function call turn comes immediately after a user turn or after a function response turn.'
        : undefined,
  },
  {
    id: 'google.user-first',
    check: ({ contents }) =>
      contents[0]?.role === 'user' ? undefined : `First content should be with role 'user', got ${contents[0]?.role}`,
  },
  {
    id: 'google.response-count',
    check: ({ contents }) =>
      contents.some((content, index) => {
        const calls = of(content, 'call').length;
        return calls > 0 && calls !== of(contents[index + 1], 'response').length;
      })
        ? 'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.'
        : undefined,
  },
  {
    id: 'google.response-after-call',
    check: ({ contents }) =>
      contents.some(
        (content, index) => of(content, 'response').length > 0 && of(contents[index - 1], 'call').length === 0,
      )
        ? 'Please ensure that function response turn comes immediately after a function call turn.'
        : undefined,
  },
  {
    id: 'google.signature-missing',
    check: (request) =>
      firstMessage(firstCalls(request), ({ call, position }) =>
        needsItsSignature(request.model, call)
          ? `Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call \`default_api:${call.name}\` , position ${position}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.`
          : undefined,
      ),
  },
  {
    id: 'google.signature-corrupted',
    check: (request) =>
      firstCalls(request).some(({ call }) => isForged(request.model, call))
        ? 'Corrupted thought signature.'
        : undefined,
  },
  {
    id: 'google.prefill',
    check: ({ model, contents }) =>
      contents.at(-1)?.role === 'model' && !takesPrefill(model)
        ? 'Requests ending with a model turn are not supported unless the last part is a function response.'
        : undefined,
  },
];

function of(content: Content | undefined, kind: Part['kind']): readonly Part[] {
  return content?.parts.filter((part) => part.kind === kind) ?? [];
}

/** Gemini 3 checks the first call of each step since the user last spoke. */
function firstCalls({ model, contents }: GoogleRequest): readonly { readonly call: Part; readonly position: number }[] {
  if (!/^gemini-([3-9]|\d\d)/.test(model)) return [];
  const turn = contents.findLastIndex((content) => content.role === 'user' && of(content, 'other').length > 0);
  return contents.flatMap((content, index) => {
    const [call] = of(content, 'call');
    return index > turn && call ? [{ call, position: index + 1 }] : [];
  });
}

/** The API takes the dummy for any call; for one this server made that means its signature was lost on the way. */
function needsItsSignature(model: string, { id, signature }: Part): boolean {
  return signature === '' || (id.startsWith(callIdPrefix(model)) && dummies.includes(signature));
}

function isForged(model: string, { name, args, signature }: Part): boolean {
  return !dummies.includes(signature) && signature !== signCall(model, name, args);
}

export function signCall(model: string, name: string, args: unknown): string {
  return sign(model, callText(name, args));
}

/** How this server's own call ids begin. */
export function callIdPrefix(model: string): string {
  return `wire_${model.replaceAll(/[^a-z0-9]/g, '-')}_`;
}

/** Up to 3.5 Flash a trailing model turn is continued; later models and 3.5 Flash-Lite refuse it. */
function takesPrefill(model: string): boolean {
  return /^gemini-([12]|3-|3\.[0-4]|3\.5-flash$)/.test(model);
}

function readContents(body: unknown): readonly Content[] {
  return list(fields(body)['contents']).map((value) => {
    const content = fields(value);
    return { role: text(content['role']), parts: list(content['parts']).map(readPart) };
  });
}

function readPart(value: unknown): Part {
  const part = fields(value);
  const called = fields(part['functionCall']);
  const signature = text(part['thoughtSignature']);
  return {
    kind: kindOf(part, signature),
    id: text(called['id']),
    name: text(called['name']),
    args: called['args'],
    signature,
  };
}

function kindOf(part: Readonly<Record<string, unknown>>, signature: string): Part['kind'] {
  if (part['functionCall']) return 'call';
  if (part['functionResponse']) return 'response';
  // Gemini itself sends a signature on an empty text, and takes it back.
  return part['text'] === '' && signature === '' ? 'empty' : 'other';
}

export function googleValidator(model: string): Validator {
  return (body) => firstBroken(googleRules, { model, contents: readContents(body) });
}
