/** The record as a page of the documentation. */
import { reasonFor, type Reason } from './reasons.ts';
import { percent, type FileScore } from './score.ts';

export interface Sources {
  /** Every file that is to be mutated, with the hash of what it is now. */
  readonly files: ReadonlyMap<string, string>;
}

const intro = `# Mutation testing

Made by \`npm run mutation\` (\`scripts/mutation.ts\`); not by hand. A mutant is one small change of the source: a
condition that is always true, a string that is empty, a body that does nothing. It is caught when a test fails with
it. The tests are those of \`scripts/mutation/targets.ts\`: first those that mirror the file, then, for what survived
these and has no reason below, the whole of engine, chat, tools and session. Where that was not done the table says so:
the figure is a lower bound. Random sessions are left out.
`;

export function toPage(scores: readonly FileScore[], reasons: readonly Reason[], { files }: Sources): string {
  const run = new Map(scores.map((score) => [score.file, score]));
  const shown = [...files.keys()].toSorted();
  const all = shown.flatMap((file) => run.get(file) ?? []);
  const notRun = shown.filter((file) => !run.has(file));
  const rows = all.map((score) => {
    const stale = files.get(score.file) === score.source ? '' : ', an earlier state';
    const near = score.nearOnly ? ', mirrored tests alone' : '';
    const { length } = score.survivors;
    return `| \`${score.file}\` | ${String(score.caught + length)} | ${String(length)} | ${figure(score)} | ${score.date}${near}${stale} |`;
  });
  const whole = {
    caught: all.reduce((sum, { caught }) => sum + caught, 0),
    survivors: all.flatMap(({ survivors }) => survivors),
  };
  const total = `| all | ${String(whole.caught + whole.survivors.length)} | ${String(whole.survivors.length)} | ${figure(whole)} | |`;
  return [
    intro,
    '| file | mutants | survived | caught | run on |\n|---|---:|---:|---:|---|',
    ...rows,
    total,
    ...(notRun.length > 0 ? [`\nNot run: ${notRun.map((file) => `\`${file}\``).join(', ')}.`] : []),
    ...all.filter(({ survivors }) => survivors.length > 0).map((score) => section(score, reasons)),
    '',
  ].join('\n');
}

const figure = (score: Pick<FileScore, 'caught' | 'survivors'>): string => `${percent(score).toFixed(1)} %`;

/** One paragraph a reason, with the changes that it is for. */
function section({ file, survivors }: FileScore, reasons: readonly Reason[]): string {
  const groups = Map.groupBy(
    survivors,
    ({ change }) => reasonFor(reasons, file, change) ?? 'No reason is known: a test is missing.',
  );
  const paragraphs = [...groups].map(([reason, them]) =>
    [`- ${reason}`, ...them.map(({ line, change }) => `  - line ${String(line)}: ${code(change)}`)].join('\n'),
  );
  return [`\n## ${file}\n`, ...paragraphs].join('\n');
}

const code = (text: string): string => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``);
