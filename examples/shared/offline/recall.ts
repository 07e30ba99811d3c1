/** Questions about what is going on and about what was found out before. */
import type { Reading, Task, Told } from './reading.ts';
import { isCompanion } from './menu.ts';
import { runningTasks } from './status.ts';
import { tell } from './tell.ts';
import { humanize, isFiller, wordsOf } from './words.ts';

const status =
  /\bwhat(?:'s| is| are)? (?:you |we )?(?:(?:currently|still|now|right now) )?(?:doing|working on|up to|running|going on|in progress|the status|happening|busy with)\b|\bwhat are you (?:(?:currently|still|now) )?(?:doing|working|up to|running|busy|waiting)\b|\bany (?:news|progress|updates?|luck|results?)\b|\bhow (?:is|are|far|'s)\b.*\b(?:going|coming|along|far|progress(?:ing)?|getting on)\b|\bhow's (?:it|that|the \w+) (?:going|coming)\b|\bstatus\b|\b(?:are|is) (?:you|it|that|they|the .{1,40}|my .{1,40}) (?:still|done|ready|finished|through|booked|there)\b|\bstill (?:working|running|searching|busy|on it|there)\b|\bhow (?:much )?long(?:er)? (?:will|does|do|is|until|to go)\b|\bwhat(?:'s| is) taking\b|\b(?:list|show)(?: me)? (?:the |your |all |running )*(?:tasks|jobs)\b|\b(?:running|background) (?:tasks|jobs)\b|\bwhat about (?:my|the) \w+\W*$/i;

export function asksForStatus(said: string): boolean {
  return status.test(said.replace(/’/g, "'"));
}

const pastQuestion =
  /^\W*(?:(?:and|so|sorry|please|can you tell me|could you tell me|tell me|do you (?:know|remember)|remind me),? )*(?:did|have|has|had|is|was|were|when|how (?:much|many|long|expensive)|which|where|who|what (?:was|were|time|did|is the|were|are the|price|airline|number|code)|what's the)\b|\b(?:confirmation|booking|reference) (?:number|code)\b|\b(?:remind me|again)\b.*\?/i;

/** The result an earlier call had, if the question is about that. */
export function recalled(said: string, reading: Reading): string | undefined {
  if (!pastQuestion.test(said)) return undefined;
  const spoken = wordsOf(said).filter((word) => !isFiller(word));
  if (spoken.length === 0) return undefined;
  let best: { score: number; told: Told } | undefined;
  for (const task of reading.tasks.values()) {
    const told = resultOf(task);
    if (!told || isCompanion(task.toolName)) continue;
    const own = new Set(
      wordsOf(`${humanize(told.text)} ${humanize(task.toolName)}`).flatMap((word) => [word.lower, word.concept]),
    );
    const score = spoken.filter((word) => own.has(word.concept) || own.has(word.lower)).length / spoken.length;
    // Of two that fit alike, the later one.
    if (score >= 0.5 && score >= (best?.score ?? 0)) best = { score, told };
  }
  if (!best) return undefined;
  return tell(best.told, reading, false).text;
}

function resultOf({ told, running }: Task): Told | undefined {
  const last = told.findLast((it) => it.text !== '');
  return running || last?.failed === true || last?.phrase !== undefined ? undefined : last;
}

/** Is something running that a question without a subject can be about? */
export function isBusy(reading: Reading): boolean {
  return runningTasks(reading).length > 0;
}
