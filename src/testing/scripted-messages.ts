/** What a failing test shows of a script. */
import type { LanguageModelV4Message, LanguageModelV4Prompt } from '@ai-sdk/provider';
import { toAnswer, type ScriptedStep } from './scripted-step.ts';

export function unexpectedCall(number: number, steps: number, prompt: LanguageModelV4Prompt): Error {
  const tail = prompt.slice(-3).map((message) => `  ${message.role}: ${clip(showMessage(message))}`);
  if (prompt.length > tail.length) tail.unshift(`  … ${prompt.length - tail.length} before`);
  return new Error(
    `Unexpected model call ${number}: the script has ${count(steps, 'step')}. Add a step or a fallback, or find out why the ` +
      `model was called again. The prompt ends with:\n${tail.join('\n')}`,
  );
}

export function stepsLeft(script: readonly ScriptedStep[], taken: number): string {
  const left = script.slice(taken).map((step, index) => `  ${taken + index + 1}. ${clip(showStep(step))}`);
  return `Of the scripted model's ${count(script.length, 'step')} no call has taken:\n${left.join('\n')}`;
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function showMessage({ content }: LanguageModelV4Message): string {
  if (typeof content === 'string') return content;
  return content
    .map((part) => {
      if (part.type === 'text' || part.type === 'reasoning') return part.text;
      if (part.type === 'tool-call') return `${part.toolName}(${JSON.stringify(part.input)}) as ${part.toolCallId}`;
      if (part.type === 'tool-result') return `${part.toolCallId} gave ${JSON.stringify(part.output)}`;
      return `[${part.type}]`;
    })
    .join(' | ');
}

function showStep(step: ScriptedStep): string {
  if (typeof step === 'function') return `a function ${step.name}`.trimEnd();
  const { text, reasoning, calls = [], error } = toAnswer(step);
  const shown = calls.map(({ name, args, argsText }) => `call of ${name}(${argsText ?? JSON.stringify(args) ?? ''})`);
  if (text) shown.unshift(JSON.stringify(text));
  if (reasoning) shown.unshift('reasoning');
  if (error !== undefined) shown.push(`error ${error instanceof Error ? error.message : JSON.stringify(error)}`);
  return shown.join(', ') || 'an empty answer';
}

function clip(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
