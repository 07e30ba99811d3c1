/** What the application tells the model to say, in its own words: "Greet the user", "Ask for the e-mail address". */
import { abilities, whatIAm } from './abilities.ts';
import type { Menu } from './menu.ts';
import { sentence } from './first-person.ts';
import { lowerFirst, upperFirst } from './words.ts';

export function follow(orders: string, menu: Menu): string {
  const quoted = /\b(?:say|tell|answer|greet|reply)\b[^"“\n]*["“]([^"”]+)["”]/i.exec(orders)?.[1];
  if (quoted !== undefined) return quoted;
  const parts = [
    /\b(?:greet|welcome|introduce yourself|say (?:hello|hi))\b/i.test(orders) ? 'Hello!' : '',
    questionIn(orders),
    messageIn(orders),
  ].filter((it) => it !== '');
  if (parts.length === 0) return greeting(menu);
  return parts.length === 1 && parts[0] === 'Hello!' ? greeting(menu) : parts.join(' ');
}

/** The first words of a conversation. An agent that is there to find something out asks for it. */
export function openingFrom(system: string, menu: Menu): string {
  const question = questionIn(system);
  return question === '' ? greeting(menu) : question;
}

function greeting(menu: Menu): string {
  return `Hello! ${abilities(menu) || whatIAm} What can I do for you?`;
}

/** "Ask the user for their e-mail address." → "Could you tell me your e-mail address, please?" */
function questionIn(text: string): string {
  const ask =
    /\b(?:ask|find out|request|collect|get)\b(?: (?:the )?(?:user|customer|caller|them|him|her))?(?: (for|about|what|which|where|when|who|how|whether|if|to))?\s+([^.\n;]+)/i.exec(
      text,
    );
  if (!ask || !/\bask\b|\bfind out\b|\brequest\b|\bcollect\b|\bget (?:the )?(?:user|customer|caller)/i.test(ask[0]))
    return '';
  const [, link = '', rest = ''] = ask;
  const what = toYou(rest)
    .replace(/,? (?:and|then) (?:call|use|record|then|give|pass|hand|save|store|confirm|finish|complete)\b.*$/i, '')
    .trim();
  switch (link.toLowerCase()) {
    case 'to':
      return sentence(`Could you please ${what}?`);
    case 'whether':
    case 'if':
      return `Could you tell me whether ${what}?`;
    case 'what':
    case 'which':
    case 'where':
    case 'when':
    case 'who':
    case 'how':
      return `Could you tell me ${link.toLowerCase()} ${what}?`;
    case 'about':
      return `Could you tell me about ${what}?`;
    default:
      return `Could you tell me ${lowerFirst(what)}, please?`;
  }
}

/** "Tell the user that the line is busy." → "The line is busy." */
function messageIn(text: string): string {
  const told =
    /\b(?:tell|inform|remind|let) (?:the )?(?:user|customer|caller|them)(?: know)?(?: that|,|:)?\s+([^\n]+?)(?:[.!]?\s*$|\.\s)/i.exec(
      text,
    )?.[1];
  return told === undefined || /^(?:about|what|how|who)\b/i.test(told) ? '' : sentence(upperFirst(toYou(told)));
}

function toYou(text: string): string {
  return text
    .replace(/\b(?:the )?(?:user|customer|caller)(?:'s|’s)\b/gi, 'your')
    .replace(/\b(?:their|his|her)\b/gi, 'your')
    .replace(/\b(?:the )?(?:user|customer|caller) (?:wants|would like)\b/gi, 'you would like')
    .replace(/\b(?:they|he|she) (?:wants|want)\b/gi, 'you want')
    .replace(/\b(?:the user|the customer|the caller|they|them|he|she)\b/gi, 'you');
}
