/**
 * Measures, side by side, what people would otherwise use.
 *
 *     npm run bench                             all works
 *     npm run bench -- --only turn,update       some works
 *     npm run bench -- --peers ours,floor       some columns
 *     npm run bench -- --full                   also at the sizes at which a peer needs minutes
 *     npm run bench -- --json                   the data instead of the table
 *     npm run bench -- --readme                 writes the table into the README
 */
import { fork } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildIfStale } from './build.ts';
import { readMachine } from './machine.ts';
import { intoReadme, toSection } from './readme.ts';
import { peerNames, reasons, toTable, toText, type Failed, type Report, type Row } from './report.ts';
import { peerIds, type Case, type Measured, type Missing, type PeerId, type Work } from './work.ts';

const here = import.meta.dirname;
const root = join(here, '..');
const measured = ['@livekit/agents', 'ai', '@openai/agents'];

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    peers: { type: 'string' },
    full: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    readme: { type: 'boolean', default: false },
  },
});

await main();

async function main(): Promise<void> {
  if (!existsSync(join(here, 'node_modules/zod')))
    throw new Error('The benchmarks have packages of their own. Install them: npm ci --prefix bench');
  buildIfStale(root, progress);
  const { works } = await import('./works.ts');
  const wanted = pick(
    '--only',
    options.only,
    works.map(({ id }) => id),
  );
  const peers = pick('--peers', options.peers, peerIds);

  const rows: Row[] = [];
  for (const work of works.filter(({ id }) => wanted.includes(id))) {
    for (const each of work.cases) rows.push(await toRow(work, each, peers));
  }
  const report: Report = {
    date: new Date().toISOString(),
    machine: readMachine(),
    versions: Object.fromEntries(measured.map((name) => [name, versionOf(name)])),
    full: options.full,
    rows,
  };
  mkdirSync(join(here, 'results'), { recursive: true });
  writeFileSync(join(here, 'results/latest.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  if (options.readme) {
    const path = join(root, 'README.md');
    writeFileSync(path, intoReadme(readFileSync(path, 'utf8'), toSection(report)));
  }
  if (options.json) return console.log(JSON.stringify(report, undefined, 2));
  console.log([toTable(report), '', ...reasons(report).map((reason) => `– ${reason}`)].join('\n'));
}

async function toRow(work: Work, each: Case, peers: readonly PeerId[]): Promise<Row> {
  const results: Record<string, Measured | Missing | Failed> = {};
  for (const peer of peers) {
    const how = work.peers[peer];
    const result = typeof how === 'function' ? await inChild(work.id, each.id, peer) : how;
    results[peer] = result;
    if ('none' in result) continue;
    const text = 'failed' in result ? result.failed : toText(result.value, each.unit);
    progress(`${work.id} ${each.id}: ${peerNames[peer]} ${text}`);
  }
  return { ...each, work: work.id, title: work.title, results };
}

/** A process of its own, so that peers do not disturb each other. */
function inChild(...what: readonly [work: string, each: string, peer: PeerId]): Promise<Measured | Missing | Failed> {
  const { promise, resolve } = Promise.withResolvers<Measured | Missing | Failed>();
  const child = fork(join(here, 'child.ts'), [...what, ...(options.full ? ['full'] : [])], {
    cwd: here,
    execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  child.on('message', (message) => resolve(message as Measured | Missing));
  child.on('close', (code, signal) => {
    const line = complaint.split('\n').find((text) => /^\w*Error: /.test(text)) ?? complaint.trim();
    resolve({ failed: line || `its process ended with ${String(signal ?? code)}` });
  });
  return promise;
}

function pick<Name extends string>(option: string, given: string | undefined, names: readonly Name[]): readonly Name[] {
  if (given === undefined) return names;
  const wanted = given.split(',');
  const unknown = wanted.find((name) => !names.some((known) => known === name));
  if (unknown === undefined) return names.filter((name) => wanted.includes(name));
  throw new Error(`${option}: there is no "${unknown}". Known: ${names.join(', ')}.`);
}

function versionOf(name: string): string {
  const text = readFileSync(join(here, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}
