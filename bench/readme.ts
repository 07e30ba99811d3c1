/** The section of the README that the command writes. Pure. */
import type { Report } from './report.ts';
import { toTable } from './report.ts';

const begin = '<!-- bench: made by `npm run bench -- --readme` -->';
const end = '<!-- /bench -->';

/** Replaces what stands between the two markers. Throws where they do not stand, in this order, once each. */
export function intoReadme(readme: string, section: string): string {
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README.md: expected the lines "${begin}" and "${end}", in this order.`);
  return `${readme.slice(0, from + begin.length)}\n\n${section}\n\n${readme.slice(to)}`;
}

export function toSection(report: Report): string {
  const { cpu, cores, memory, node } = report.machine;
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`);
  const where = `${cpu}, ${String(cores)} cores, ${String(memory)} GiB, Node ${node}; ${report.date.slice(0, 10)}.`;
  return `${toTable(report)}\n\n${where} ${versions.join(', ')}.`;
}
