/** The parts of what somebody says at one go: "book a flight and tell me the weather" has two. */
import type { Span } from './scan.ts';

const separators =
  /(?<![\p{L}])(?:oh,? and|and then|and also|and|then|also|plus|as well as|but|after that|afterwards)(?![\p{L}])|(?<=\p{L}{3,}|\d|["”’')])[.!?;]+(?=\s|$)|[,;\n]+|[!?]+/giu;

/** What holds together although a separator stands in it. */
const whole = [
  /"[^"]*"|“[^”]*”|«[^»]*»|`[^`]*`|(?<![\p{L}\p{N}])'[^']*'(?![\p{L}\p{N}])/gu,
  /\b[Bb]etween\s+\S+(?:\s+\p{Lu}\S+)*\s+and\s+/gu,
  /\b(?:\d{1,2}(?:st|nd|rd|th)?|\p{L}+ \d{1,2}(?:st|nd|rd|th)?),\s*\d{4}\b/giu,
  /\b\d+(?:,\d{3})+\b/g,
];

export function segmentsOf(text: string): Span[] {
  const kept = whole.flatMap((pattern) =>
    [...text.matchAll(pattern)].map((match) => ({ start: match.index, end: match.index + match[0].length })),
  );
  const spans: Span[] = [];
  let start = 0;
  const close = (end: number): void => {
    if (/[\p{L}\p{N}]/u.test(text.slice(start, end))) spans.push({ start, end });
  };
  for (const match of text.matchAll(separators)) {
    if (kept.some((span) => match.index >= span.start && match.index < span.end)) continue;
    close(match.index);
    start = match.index + match[0].length;
  }
  close(text.length);
  return spans;
}
