import type { TaskInfo } from 'meanwhile';
import { expect, test } from 'vitest';
import { widthOf } from '../../src/cli/terminal/cells.ts';
import { createPaint } from '../../src/cli/terminal/paint.ts';
import { drawPanel, type PanelFacts } from '../../src/cli/terminal/panel.ts';
import type { Panel } from '../../src/cli/terminal/screen.ts';
import { createTerminal } from '../support/terminal.ts';
import { createVirtualClock } from 'meanwhile/testing';

const paint = createPaint(createTerminal(createVirtualClock(), { env: { NO_COLOR: '1' } }).world);

function draw(facts: Partial<PanelFacts>, columns = 79, rows = 24): Panel {
  const nothing = {
    speaking: [],
    pending: [],
    floor: 'free',
    untold: 0,
    hint: '/help',
    tasks: [],
    text: '',
    cursor: 0,
  };
  return drawPanel({ ...nothing, ...facts }, paint, columns, rows);
}

function task(name: string, info: Partial<TaskInfo> = {}): PanelFacts['tasks'][number] {
  const { callId, toolName } = { callId: name, toolName: name };
  const base = { state: 'working', phase: 'background', input: {}, startedAt: 0, ageMs: 0, cancellable: true } as const;
  return { name, info: { callId, toolName, ...base, ...info } };
}

test.each<[Partial<TaskInfo>, string]>([
  [{ ageMs: 3_725_000, message: 'Still\nat it' }, '▸ t#1 working 1h02m Still at it'],
  [{ progress: 3, total: 8 }, '▸ t#1 working 0s ███░░░░░ 3/8'],
  [{ progress: 0.5, total: 1 }, '▸ t#1 working 0s ████░░░░ 50%'],
  [{ progress: 123_456, total: 200_000 }, '▸ t#1 working 0s █████░░░ 61%'],
  [{ progress: 12, total: 10 }, '▸ t#1 working 0s ████████ 12/10'],
  [{ progress: 7 }, '▸ t#1 working 0s 7'],
  [{ progress: 7, total: 0 }, '▸ t#1 working 0s 7'],
  [{ message: 'Building', data: '[3/8] index.html' }, '▸ t#1 working 0s Building · [3/8] index.html'],
  [
    { state: 'input_required', question: { id: 'q', message: 'Which one?' }, message: 'Soon' },
    '▸ t#1 asks you 0s Which one?',
  ],
  [{ state: 'cancelled', phase: 'stopping', ageMs: 61_000 }, '▸ t#1 stopping 1m01s'],
])('a task: %j', (info, row) => {
  expect(draw({ tasks: [task('t#1', info)] }).rows[1]).toBe(row);
});

test('the lines of tasks stand in columns', () => {
  const tasks = [
    task('book_flight#1', { ageMs: 100_000 }),
    task('wait#2', { state: 'input_required', ageMs: 5000, message: 'Yes?' }),
  ];
  expect(draw({ tasks }).rows.slice(1, -1)).toEqual([
    '▸ book_flight#1 working  1m40s',
    '▸ wait#2        asks you    5s Yes?',
  ]);
});

test('the status line says what counts, and drops the hint before the rest', () => {
  const facts = { untold: 2, floor: 'travel, speaking', tasks: [task('a#1'), task('b#2')], hint: 'Ctrl-C interrupts' };
  expect(draw(facts).rows[0]).toBe('─ floor: travel, speaking · 2 tasks · 2 to tell ─────────── Ctrl-C interrupts ─');
  expect(draw(facts, 50).rows[0]).toBe('─ floor: travel, speaking · 2 tasks · 2 to tell ──');
  expect(draw(facts, 30).rows[0]).toBe('─ floor: travel, speaking ·… ──'.slice(0, 30));
});

test('the panel never fills the terminal: of many tasks it says how many more', () => {
  const tasks = Array.from({ length: 20 }, (_, index) => task(`t#${index + 1}`));
  const { rows } = draw({ tasks, text: 'x'.repeat(500), cursor: 500 }, 39, 12);
  expect(rows.length).toBeLessThan(12);
  expect(rows).toContain('  and 15 more: /tasks');
  expect(Math.max(...rows.map(widthOf))).toBeLessThanOrEqual(39);
});

test('of a text that is too long the rows round the cursor are shown', () => {
  const text = 'abcdefghij'.repeat(3);
  expect(draw({ text, cursor: 30 }, 12, 9)).toMatchObject({
    rows: [expect.anything(), '› abcdefghij', '  abcdefghij', '  '],
    cursor: { row: 3, column: 2 },
  });
  expect(draw({ text, cursor: 5 }, 12, 9)).toMatchObject({ cursor: { row: 1, column: 7 } });
});

test('what was sent and is not taken yet waits above', () => {
  expect(draw({ pending: ['Go\non'] }).rows[0]).toBe('› Go on (waits)');
});
