/**
 * Records of background work that arrive as marked messages of the user, where a provider takes no calls that the
 * model did not make. How they are marked is not this file's to know: a head that names the record's id is enough.
 */
import { phraseOf } from './phrases.ts';

export interface Note {
  readonly id: string;
  readonly toolName: string;
  readonly text: string;
  readonly failed: boolean;
}

const recordId = /(?<![\w-])([A-Za-z0-9_-]+_(?:update_\d+|final))(?![\w-])/;

export function noteOf(text: string, isKnownId: (id: string) => boolean): Note | undefined {
  const { head, body } = splitHead(text);
  const id = recordId.exec(head)?.[1] ?? (head === '' ? undefined : wordsIn(head).find(isKnownId));
  if (id !== undefined) {
    return { id, toolName: toolNameIn(head, id), text: body, failed: /\b(?:error|failed)\b/i.test(head) };
  }
  const phrase = phraseOf(body);
  const callId = phrase?.args['callId'];
  if (!phrase || callId === undefined || !isKnownId(callId)) return undefined;
  // Which update it is cannot be told from the text; that it is a later one can.
  return { id: `${callId}_update_0`, toolName: phrase.args['functionName'] ?? '', text: body, failed: false };
}

/** `[head] body`, `<head>body</head>`, `head: body` or a first line and the rest. */
function splitHead(text: string): { head: string; body: string } {
  const tagged = /^\s*<([^>]*)>([\s\S]*?)(?:<\/[^>]*>)?\s*$/.exec(text);
  if (tagged) return { head: tagged[1] ?? '', body: (tagged[2] ?? '').trim() };
  const bracketed = /^\s*[[(]([^\])]*(?:\([^)]*\)[^\])]*)*)[\])]:?\s*([\s\S]*)$/.exec(text);
  if (bracketed) return { head: bracketed[1] ?? '', body: (bracketed[2] ?? '').trim() };
  const line = /^([^\n]{0,120}?):\s+([\s\S]*)$|^([^\n]{0,120})\n([\s\S]*)$/.exec(text);
  if (line && recordId.test(line[1] ?? line[3] ?? '')) {
    return { head: line[1] ?? line[3] ?? '', body: (line[2] ?? line[4] ?? '').trim() };
  }
  return { head: '', body: text.trim() };
}

function wordsIn(head: string): string[] {
  return head.match(/[A-Za-z0-9_-]+/g) ?? [];
}

/** The name stands somewhere before or behind the id; a name has no blanks, other words of a marker are plain words. */
function toolNameIn(head: string, id: string): string {
  const rest = wordsIn(head.replace(id, ' '));
  return (
    rest.find((word) => id.startsWith(`${word}_`)) ?? rest.find((word) => /[a-z]_[a-z]/.test(word)) ?? rest[0] ?? ''
  );
}
