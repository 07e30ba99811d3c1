/**
 * What is mutated, and by which tests a mutant may be caught: `near` first, which are quick and mirror the file, then
 * `far` for what survived those. Random sessions are left out: a mutant that only they catch has no test that names it,
 * and they would find something of their own once in a while.
 */
export interface Target {
  readonly files: string;
  readonly near: readonly string[];
}

export const far = [
  'test/engine/*.test.ts',
  'test/chat/*.test.ts',
  'test/tools/*.test.ts',
  'test/session/!(*-properties).test.ts',
  'test/adversarial.test.ts',
];

export const targets: readonly Target[] = [
  { files: 'src/engine/*.ts', near: ['test/engine/*.test.ts'] },
  { files: 'src/chat/wire-profile.ts', near: ['test/chat/view-profile.test.ts'] },
  { files: 'src/chat/view-ids.ts', near: ['test/chat/view-ids.test.ts'] },
  { files: 'src/chat/view*.ts', near: ['test/chat/view.test.ts', 'test/chat/view-parts.test.ts'] },
  {
    files: 'src/chat/*.ts',
    near: ['test/chat/{fold,contexts,items,log,chat-context}.test.ts', 'test/engine/*.test.ts'],
  },
  { files: 'src/session/floor-rules.ts', near: ['test/session/floor-rules.test.ts'] },
  { files: 'src/session/floor*.ts', near: ['test/session/floor.test.ts', 'test/session/floor-rules.test.ts'] },
  { files: 'src/session/idle.ts', near: ['test/session/waits.test.ts', 'test/session/away.test.ts'] },
  { files: 'src/session/leases.ts', near: ['test/session/foreground.test.ts', 'test/session/filler.test.ts'] },
];
