/**
 * An agent that runs a build and talks with you while it runs. The command is a real one: its output is the progress,
 * and to cancel is to end its process.
 *
 *     npm run chat -- examples/builder.ts
 *     > Build the site
 *     > How is the build going?
 *     > Stop the build
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Agent, tool, ToolError } from 'meanwhile';
import { z } from 'zod';
import { exampleModel } from './shared/model.ts';

const { model, note } = await exampleModel({ wordDelayMs: 40 });
export { note };

/** Any command will do; this one takes 700 ms a page. */
const buildCommand = [process.execPath, fileURLToPath(new URL('shared/build-site.ts', import.meta.url)), '700'];

export default function createBuilder({ llm = model, command = buildCommand } = {}): Agent {
  const runBuild = tool({
    name: 'run_build',
    description: 'Builds the web site or the docs, and reports warnings.',
    parameters: z.object({ target: z.enum(['site', 'docs']).describe('What to build') }),
    onDuplicate: 'reject', // One build of a kind at a time.
    allowCancellation: true,
    noProgressTimeoutMs: 60_000, // A build that prints nothing for a minute hangs.

    execute: async ({ target }, { ctx, abortSignal }) => {
      await ctx.update(`Building the ${target}`);

      // The signal fires when the task is cancelled, times out, or the session closes: it ends the process.
      const [program, ...args] = [...command, target];
      const build = spawn(program, args, { signal: abortSignal });

      let warnings = 0;
      const report = async (): Promise<void> => {
        for await (const line of createInterface({ input: build.stdout })) {
          const [, done, total] = /^\[(\d+)\/(\d+)\]/.exec(line) ?? [];
          // Without a message, progress is for who watches (events, the terminal), not for the user's ears.
          if (done) await ctx.update({ progress: Number(done), total: Number(total), data: line });
          if (!line.startsWith('warning: ')) continue;
          warnings += 1;
          await ctx.update(`The build has a ${line}`);
        }
      };
      const [complaints] = await Promise.all([text(build.stderr), report(), once(build, 'close')]);
      if (build.exitCode !== 0) throw new ToolError(`The build of the ${target} failed: ${complaints.trim()}`);
      return `The ${target} is built, with ${warnings === 1 ? 'one warning' : `${warnings} warnings`}.`;
    },
  });

  return new Agent({
    name: 'builder',
    llm,
    instructions: 'You build the web site and its docs for a developer. Be brief.',
    tools: [runBuild],
  });
}
