/** What the declared tools can do, said from their descriptions. */
import { isVerb, type Menu, type Tool } from './menu.ts';
import { conceptOf, humanize, listOf, lowerFirst } from './words.ts';

export const whatIAm =
  'I am a small rule-based model, not a language model: I match your words with the tools I was given.';

/** "I can search for a flight and book it, or tell the weather in a city."; empty without tools. */
export function abilities({ tools }: Menu): string {
  const all = tools.slice(0, 4).map(abilityOf);
  return all.length === 0 ? '' : `I can ${all.length === 2 ? all.join(', or ') : listOf(all, 'or')}.`;
}

const article = /^(?:the|a|an|this|call|use)$/i;

/** "Searches for a flight and books it. Takes long." → `search for a flight and book it` */
function abilityOf(tool: Tool): string {
  const first = /^[^.;\n]+/.exec(tool.description.trim())?.[0].trim() ?? '';
  const [verb = '', ...rest] = first.split(' ');
  if (first === '' || first.length > 120 || article.test(verb)) return humanize(tool.name);
  const base = baseForm(verb);
  const more = rest.map((word, index) =>
    base !== verb && /^(?:and|or|then)$/.test(rest[index - 1] ?? '') ? secondVerb(word) : word,
  );
  return [lowerFirst(base), ...more]
    .join(' ')
    .replace(/\bthe user(?:'s|’s)/g, 'your')
    .replace(/\bthe user\b/g, 'you');
}

function baseForm(verb: string): string {
  if (/(?:ch|sh|ss|x)es$/i.test(verb)) return verb.slice(0, -2);
  return /[^s]s$/i.test(verb) && verb.length > 3 ? verb.slice(0, -1) : verb;
}

/** "… and books it", but not "… and flights". */
function secondVerb(word: string): string {
  const base = baseForm(word);
  return isVerb(conceptOf(word)) || /^(?:report|stream|wait|use|take|need)$/.test(base) ? base : word;
}

const examples: Readonly<Record<string, string>> = { origin: 'from Paris', destination: 'to Tokyo', place: 'in Rome' };

/** Something the user could say, made from the name of a tool whose arguments are easy to make up; else empty. */
export function suggestion({ tools }: Menu): string {
  for (const tool of tools) {
    const required = tool.params.filter((it) => it.required);
    const details = required.flatMap((it) => examples[it.role] ?? []);
    const [verb = '', ...nouns] = humanize(tool.name).split(' ');
    const isPhrase = isVerb(conceptOf(verb)) && nouns.length === 1;
    if (!isPhrase || details.length < required.length) continue;
    return `For example: “${[verb, withArticle(nouns[0] ?? ''), ...details].join(' ')}”.`;
  }
  return '';
}

function withArticle(noun: string): string {
  if (/[^s]s$/.test(noun)) return noun;
  if (/^(?:weather|news|help|time|build)$/.test(noun)) return `the ${noun}`;
  return `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
}
