/** What the declared tools can do, said from their descriptions. */
import { isVerb, type Menu, type Tool } from './menu.ts';
import { conceptOf, humanize, listOf, lowerFirst } from './words.ts';

export const whatIAm =
  'I am a small rule-based model, not a language model: I match your words with the tools I was given.';

/** "I can search for a flight and book it, or tell the weather."; empty without tools. */
export function abilities({ tools }: Menu): string {
  const [only, ...others] = tools.slice(0, 4).map(abilityOf);
  if (only === undefined) return '';
  return `I can ${others.length === 0 ? only : listOf([only, ...others].map(withoutAnd), 'or')}.`;
}

/** "Searches for a flight and books it. Takes long." → `search for a flight and book it` */
function abilityOf(tool: Tool): string {
  const first = /^[^.;\n]+/.exec(tool.description.trim())?.[0].trim() ?? '';
  if (first === '' || first.length > 120) return humanize(tool.name);
  const [verb = '', ...rest] = first.split(' ');
  const rests = rest.join(' ').replace(/\b(and|or) (\p{L}+)s (it|them|the|a|an)\b/giu, '$1 $2 $3');
  return `${lowerFirst(baseForm(verb))} ${rests}`.trim();
}

function baseForm(verb: string): string {
  if (/(?:ch|sh|ss|x)es$/i.test(verb)) return verb.slice(0, -2);
  return /[^s]s$/i.test(verb) && verb.length > 3 ? verb.slice(0, -1) : verb;
}

/** A list of abilities reads better where each is one thing. */
function withoutAnd(ability: string): string {
  return ability.replace(/,? or /g, ' / ');
}

/** Something the user could say, made from a tool's name. */
export function suggestion({ tools }: Menu): string {
  const [tool] = tools;
  if (!tool) return '';
  const [verb = '', ...nouns] = humanize(tool.name).split(' ');
  const isOne = isVerb(conceptOf(verb)) && nouns.length > 0 && !/s$|^(?:weather|news|help|time)$/.test(nouns.at(-1) ?? '');
  const words = [verb, ...(isOne ? ['a'] : []), ...nouns].join(' ');
  const details = tool.params
    .filter((it) => it.required)
    .flatMap((it) => (exampleOf[it.role] === undefined ? [] : [exampleOf[it.role]]));
  return `For example: “${[words, ...details].join(' ')}”.`;
}

const exampleOf: Readonly<Record<string, string>> = { origin: 'from Paris', destination: 'to Tokyo', place: 'in Rome' };
