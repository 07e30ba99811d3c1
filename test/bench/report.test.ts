import { expect, test } from 'vitest';
import { intoReadme, toSection } from '../../bench/readme.ts';
import { reasons, toTable, toText, type Report, type Row } from '../../bench/report.ts';

const turn: Row = {
  id: 'turn',
  work: 'turn',
  title: 'full tool turn',
  label: '',
  unit: 'time',
  aim: 0.05,
  results: {
    ours: { value: 0.0423 },
    livekit: { value: 3.21, note: 'with 300 tools only' },
    openai: { failed: 'Error: no answer' },
    floor: { none: 'nothing to do' },
  },
};
const share: Row = {
  ...turn,
  title: 'share',
  label: 'least',
  unit: 'share',
  aim: 0.94,
  results: { ours: { value: 0.9 } },
};

test('a row for each case, a column for each peer that was asked, a cross where an aim is missed', () => {
  expect(toTable({ rows: [turn, share] })).toBe(
    [
      '| work | aim | meanwhile | LiveKit | OpenAI Agents | floor |',
      '| --- | ---: | ---: | ---: | ---: | ---: |',
      '| full tool turn | ≤ 50 µs | 42 µs | 3.2 ms [1] | failed | – |',
      '| share: least | ≥ 0.94 | 0.90 ✗ | – | – | – |',
      '',
      '1. with 300 tools only',
    ].join('\n'),
  );
});

test('why there is no figure is said once for each work', () => {
  expect(reasons({ rows: [turn, turn] })).toEqual([
    'full tool turn, OpenAI Agents: failed: Error: no answer',
    'full tool turn, floor: nothing to do',
  ]);
});

test.each([
  [0.00081, 'time', '0.81 µs'],
  [0.0999, 'time', '100 µs'],
  [0.1, 'time', '0.1 ms'],
  [502.4, 'time', '502 ms'],
  [592_000, 'time', '592 s'],
  [1_234_567, 'time', '1,235 s'],
  [12_345.6, 'KiB', '12,346 KiB'],
  [0.0071, 'percent', '0 %'],
  [99.96, 'percent', '100 %'],
  [1.2, 'ratio', '1.20'],
  [0, 'time', '0 µs'],
] as const)('%d of %s reads %s', (value, unit, text) => {
  expect(toText(value, unit)).toBe(text);
});

const report: Report = {
  date: '2026-11-20T07:00:00.000Z',
  machine: { cpu: 'A CPU', cores: 2, memory: 24, node: 'v26.10.0', platform: 'linux x64' },
  versions: { ai: '7.0.173' },
  full: false,
  rows: [turn],
};

test('the section names machine, date and versions', () => {
  expect(toSection(report)).toContain('A CPU, 2 cores, 24 GiB, Node v26.10.0; 2026-11-20. ai 7.0.173.');
});

test('the README keeps all but what stands between the markers', () => {
  const readme = 'before\n<!-- bench: made by `npm run bench -- --readme` -->\nold\n<!-- /bench -->\nafter\n';
  const once = intoReadme(readme, 'new');
  expect(once).toBe(readme.replace('\nold\n', '\n\nnew\n\n'));
  expect(intoReadme(once, 'new')).toBe(once);
  expect(() => intoReadme('no markers', 'new')).toThrow('expected the lines');
});
