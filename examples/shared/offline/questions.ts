/** Asking for what a call still lacks. The same lack is always asked for in the same words: see `dialog.ts`. */
import type { Intent } from './intents.ts';
import type { Tool } from './menu.ts';
import type { Param } from './params.ts';
import { isFillerText, listOf, lowerFirst, upperFirst } from './words.ts';

export function questionFor({ tool, missing }: Pick<Intent, 'tool' | 'missing'>): string {
  const [first, second] = missing.map((param) => questionOf(param, tool));
  return `${upperFirst(first ?? 'what exactly')}${second === undefined ? '' : `, and ${second}`}?`;
}

function questionOf(param: Param, tool: Tool): string {
  const { label, type, options } = param;
  if (options.length > 0)
    return `which ${label}: ${listOf(
      options.map((it) => it.label),
      'or',
    )}`;
  if (type === 'boolean') return `should it be ${label}, yes or no`;
  if (type === 'number' || type === 'integer') return countQuestion(param);
  const travels = tool.params.some((it) => it.role === 'destination');
  switch (param.role) {
    case 'origin':
      return travels ? 'where would you like to leave from' : `what is the ${label}`;
    case 'destination':
      return travels && tool.params.length > 1 ? 'where would you like to go' : `what is the ${label}`;
    case 'place':
      return /^(?:city|town|country|region|airport|station)$/.test(label)
        ? `for which ${label}`
        : `what is the ${label}`;
    case 'date':
      return label === 'date' || label === 'day' ? 'for which date' : `what is the ${label}`;
    case 'email':
      return 'which e-mail address shall I use';
    case 'url':
      return 'which address on the web';
    case 'person':
      return 'which name shall I use';
    case 'text':
      return textQuestion(param);
  }
}

function countQuestion({ label, description }: Param): string {
  const isBare = isFillerText(label) || label.length < 3;
  if (isBare) return description === '' ? 'how many' : lowerFirst(description.replace(/[.?]$/, ''));
  return /[^s]s$/.test(label) ? `how many ${label}` : `what is the ${label}`;
}

function textQuestion({ label, description }: Param): string {
  if (/^(?:query|search|keywords?|topic|subject)\b/.test(label)) return 'what should I look for';
  if (/^(?:message|text|body|content)$/.test(label)) return 'what should it say';
  if (/^(?:command|script|task|target)$/.test(label)) return `which ${label}`;
  const hint =
    description.length > 0 && description.length < 70 ? ` (${lowerFirst(description.replace(/\.$/, ''))})` : '';
  return `what is the ${label}${hint}`;
}
