/** What background work has told, where it comes as a marked text and not as a call with its output. */
import { viewTexts } from 'meanwhile';
import { phraseOf } from './phrases.ts';

const texts = viewTexts();

export interface Note {
  readonly toolName: string;
  readonly callId: string;
  readonly phase: 'update' | 'final';
  readonly text: string;
  /** What the user said next: some forms put it into the same message, with nothing but a blank line between. */
  readonly rest: string;
}

const forms = (['update', 'question', 'final'] as const).map((phase) => ({
  phase: phase === 'final' ? ('final' as const) : ('update' as const),
  pattern: new RegExp(
    `^${texts
      .note({ toolName: '‹t›', callId: '‹c›', phase, text: '' })
      .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
      .replace('‹t›', '(?<toolName>[^\\n]+?)')
      .replace('‹c›', '(?<callId>[A-Za-z0-9_-]+)')}`,
  ),
}));

export function noteOf(marked: string): Note | undefined {
  for (const { phase, pattern } of forms) {
    const match = pattern.exec(marked);
    if (!match) continue;
    const { toolName = '', callId = '' } = match.groups ?? {};
    return { toolName, callId, phase, ...bodyOf(marked.slice(match[0].length)) };
  }
  return undefined;
}

/** The note ends with the library's phrase, with its JSON, or else with its first paragraph. */
function bodyOf(behindHead: string): { text: string; rest: string } {
  const paragraphs = behindHead.trim().split(/\n\n+/);
  const counts = paragraphs.map((_, index) => index + 1);
  const text = (count: number): string => paragraphs.slice(0, count).join('\n\n');
  const count = counts.find((it) => phraseOf(text(it)) !== undefined || isJson(text(it))) ?? 1;
  return { text: text(count), rest: paragraphs.slice(count).join('\n\n') };
}

function isJson(text: string): boolean {
  if (!/^[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
