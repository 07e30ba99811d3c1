/** What it costs to have the package at all. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { spreadOf } from '../statistics.ts';
import type { Measure, Work } from '../work.ts';

export const work: Work = {
  id: 'import',
  title: 'import',
  what: 'A process that does nothing but import the package: how long the import takes, and the resident memory of the process afterwards. Floor: a process that imports nothing.',
  cases: [
    { id: 'time', label: 'time', unit: 'time', aim: 15 },
    { id: 'memory', label: 'resident memory', unit: 'MiB', aim: 50 },
  ],
  peers: {
    ours: importing('meanwhile'),
    livekit: importing('@livekit/agents'),
    aiGenerate: importing('ai'),
    aiStream: { none: 'the same package as generateText' },
    openai: importing('@openai/agents'),
    floor: importing(undefined),
  },
};

const processes = 15;

function importing(name: string | undefined): Measure {
  const load = name === undefined ? '' : `await import('${name}');`;
  const script = `const from = performance.now(); ${load} const time = performance.now() - from;
    process.stdout.write(JSON.stringify({ time, memory: process.memoryUsage.rss() / 2 ** 20 }), () => process.exit(0));`;
  return (caseId) => {
    if (name === undefined && caseId === 'time') return Promise.resolve({ none: 'imports nothing' });
    const samples: number[] = [];
    // The first one also reads the files into the system's cache.
    for (let count = -1; count < processes; count += 1) {
      const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
        cwd: join(import.meta.dirname, '..'),
        encoding: 'utf8',
      });
      const measured = JSON.parse(output) as Record<string, number>;
      if (count >= 0) samples.push(measured[caseId] ?? Number.NaN);
    }
    const spread = spreadOf(samples);
    return Promise.resolve({ value: spread.median, spread });
  };
}
