/** What needs no tool: who it is, hello, thanks, and what it says when it has understood nothing. */
import { abilities, suggestion, whatIAm } from './abilities.ts';
import { doingOf } from './describe.ts';
import type { Menu } from './menu.ts';
import type { Reading } from './reading.ts';
import { runningTasks } from './status.ts';
import { listOf } from './words.ts';

const identity =
  /\b(?:who|what) (?:exactly )?are you\b(?! (?:doing|working|up|waiting|searching|looking|running|on))|\bare you (?:really )?(?:an? )?(?:real|human|person|ai|bot|robot|llm|language model|machine|computer|chat ?gpt|gpt|claude|gemini|intelligent|model|assistant)|\b(?:what|which) (?:kind of )?(?:language )?(?:model|llm|ai)\b|\bwhat('s| is) your name\b|\bwho am i (?:talking|speaking) (?:to|with)\b/i;
const help =
  /^\W*(?:help|\?)\W*$|\bwhat (?:else )?(?:can|could|do) you (?:do|help|offer)\b|\bwhat are you (?:able|capable|good)\b|\bhow (?:can|could) you help\b|\bwhat (?:tools|can i (?:do|say|ask))\b|\bhow does this work\b|\bwhat does (?:the |this )?\w+ do\b|\bcan you help\b\W*(?:me)?\W*$/i;

/** Questions about the model itself come before everything else. */
export function aboutItself(said: string, menu: Menu): string | undefined {
  const can = abilities(menu);
  if (identity.test(said)) return `${whatIAm} ${can}`.trim();
  if (help.test(said)) return can === '' ? `${whatIAm} I have no tools at the moment.` : `${can} ${suggestion(menu)}`;
  return undefined;
}

const name = '(?:,? (?:there|you|again|everyone|all|bot|friend))*';
const end = '[\\s!.,?)(:;👋🙂😊👍❤️-]*$';
const whole = (pattern: string): RegExp => new RegExp(`^\\W*(?:${pattern})${name}${end}`, 'iu');

const talk: readonly [RegExp, (going: string, can: string) => string][] = [
  [
    whole('hi|hello|hey|hiya|howdy|yo|greetings|good (?:morning|evening|afternoon|day)|hallo|bonjour|hola|ciao'),
    (going, can) => `Hello! ${going || can} ${going ? '' : opening}`,
  ],
  [
    whole(
      "(?:hi |hello |hey )?(?:how are you|how're you|how do you do|how is it going|how's it going|what's up|are you ok(?:ay)?)(?: doing)?(?: today)?",
    ),
    (going) => `Fine, thank you! ${going || opening}`,
  ],
  [
    whole(
      "(?:ok(?:ay)?,? |great,? |perfect,? |no,? )?(?:many |thank|thx|thanks|cheers|ty)(?: ?you| ?a lot| very much| so much| for .{1,40}| thanks)*(?:,? (?:great|perfect|that's (?:all|great|perfect)|bye))?",
    ),
    (going) => `You're welcome! ${going}`,
  ],
  [
    whole(
      "(?:good ?)?bye(?: bye)?|see you(?: later| soon)?|good ?night|ciao|that's (?:all|it)(?: for now)?|talk to you later",
    ),
    (going) => `Goodbye! ${going && 'I keep at what is still running.'}`,
  ],
  [
    whole(
      'ok(?:ay)?|okay then|great|good|perfect|nice|cool|fine|super|alright|all right|got it|i see|sounds good|awesome|wonderful|excellent|wow|very good|no problem|(?:sure|yes|yeah|yep)(?:,? please)?|hm+|aha|understood',
    ),
    (going) => going || 'Good. Just tell me what you need.',
  ],
  [
    whole("no|nope|nothing(?: else)?|not (?:now|really|yet)|no,? that's (?:all|it)|never ?mind|forget it|leave it"),
    () => 'All right.',
  ],
  [whole("(?:i am |i'm )?sorry|my (?:mistake|bad)|oops"), () => 'No harm done.'],
  [
    whole('wait(?: a (?:moment|minute|second))?|hold on|(?:one|just a) (?:moment|minute|second)'),
    () => 'Sure, take your time.',
  ],
  [
    whole('(?:(?:can|could|would) you )?(?:please )?tell (?:me |us )?a(?:nother)? joke(?: please)?'),
    () => 'I know only rules, and none of them is funny.',
  ],
];

export function smallTalk(said: string, menu: Menu, reading: Reading): string | undefined {
  const running = runningTasks(reading).map((task) => doingOf(task.toolName, task.input));
  const going = running.length === 0 ? '' : `I'm still ${listOf(running)}.`;
  for (const [pattern, answer] of talk) if (pattern.test(said)) return answer(going, abilities(menu)).trim();
  return undefined;
}

/** The last words, or none. */
export function repeated(said: string, reading: Reading): string | undefined {
  if (
    !/^\W*(?:what|pardon|sorry|come again|excuse me|(?:can|could) you (?:say|repeat) (?:that|it)(?: again)?|say (?:that|it) again|repeat(?: that| it)?)(?: please)?\s*\?*\W*$/i.test(
      said,
    )
  )
    return undefined;
  const last = reading.entries.findLast((entry) => entry.kind === 'assistant');
  return last?.kind === 'assistant' ? last.text : undefined;
}

const opening = 'What can I do for you?';

export function isOpening(text: string): boolean {
  return text === opening;
}

export function notUnderstood(said: string, menu: Menu): string {
  const can = abilities(menu);
  // Somebody who only names a place may be answering what nobody has asked.
  const name = /^\W*(\p{Lu}\p{Ll}+(?: \p{Lu}\p{Ll}+)?)\W*$/u.exec(said)?.[1];
  if (name !== undefined && can !== '') return `What about ${name}? ${can}`;
  if (can === '') return `Sorry, I didn't get that. ${whatIAm} I have no tools at the moment.`;
  return `Sorry, I didn't get that; I'm only a small rule-based model. ${can} ${suggestion(menu)}`;
}
