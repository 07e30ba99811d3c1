/** The builder example, played with real processes: what they print comes from the test, line by line. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { SessionEvent, SessionEventName } from 'meanwhile';
import { expect, onTestFinished, test } from 'vitest';
import createBuilder from '../../examples/builder.ts';
import { startPlay, type Play } from './play.ts';

const promptedBuild = fileURLToPath(new URL('./prompted-build.ts', import.meta.url));
const realBuild = fileURLToPath(new URL('../../examples/shared/build-site.ts', import.meta.url));

/** The next event of that name; what a process prints comes when it comes. */
function next<Name extends SessionEventName>({ session }: Play, name: Name): Promise<SessionEvent<Name>> {
  return new Promise((resolve) => {
    const stop = session.on(name, (event) => {
      stop();
      resolve(event);
    });
  });
}

interface Build {
  readonly play: Play;
  /** Starts a build and resolves with the wire to its process. */
  start(words: string): Promise<Socket>;
  /** Prints a line and resolves when the task has told it. */
  print(wire: Socket, line: string): Promise<void>;
}

async function startBuilder(): Promise<Build> {
  const server = createServer().listen(0);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const command = [process.execPath, promptedBuild, String(port)];
  const play = await startPlay((options) => createBuilder({ ...options, command }));
  return {
    play,
    start: async (words) => {
      const connected = once(server, 'connection') as Promise<[Socket]>;
      await play.say(words);
      return (await connected)[0];
    },
    print: async (wire, line) => {
      const told = next(play, 'task_updated');
      wire.write(`${line}\n`);
      await told;
    },
  };
}

test('progress comes from the output, and one can talk about it meanwhile', async () => {
  const { play, start, print } = await startBuilder();
  const wire = await start('Build the site');
  await play.clock.advance(3000);
  await print(wire, '[1/3] index.html');
  expect(play.session.tasks.list()).toMatchObject([{ progress: 1, total: 3, data: '[1/3] index.html' }]);
  await play.say('How is the build going?');
  await print(wire, 'warning: prices.html has an image without a description');
  await play.clock.advance(5000);
  await play.say('Hello again');
  await print(wire, '[3/3] prices.html');
  const ended = next(play, 'task_ended');
  wire.write('end\n');
  await ended;
  await play.clock.advance(2000);
  expect(play.timeline()).toMatchInlineSnapshot(`
    "
     0:00.0  enter   builder
     0:00.0  user    Build the site
     0:00.0  task    run_build#1 started: target=site
     0:00.0  task    run_build#1: Building the site
     0:00.4  agent   I'm building the site; I'll tell you when I have something.
     0:03.4  user    How is the build going?
     0:03.4  call    get_running_tasks answered
     0:03.8  agent   I'm running the build “site” (building the site; for 3 s).
     0:03.8  task    run_build#1: The build has a warning: prices.html has an image without a description
     0:04.3  agent   The build has a warning: prices.html has an image without a description.
     0:04.3  told    run_build#1 update 1
     0:08.8  user    Hello again
     0:09.0  agent   Hello! I'm still running the build “site”.
     0:09.0  task    run_build#1 completed: The site is built, with one warning.
     0:09.3  agent   The site is built, with one warning.
     0:09.3  told    run_build#1 result
    "
  `);
});

test('cancelling ends the process', async () => {
  const { play, start, print } = await startBuilder();
  const wire = await start('Build the docs');
  await print(wire, '[1/9] index.html');
  const closed = once(wire.resume(), 'close');
  const stopping = play.say('Stop the build');
  await closed;
  await stopping;
  expect(play.session.tasks.list()).toEqual([]);
  expect(play.timeline()).toMatchInlineSnapshot(`
    "
     0:00.0  enter   builder
     0:00.0  user    Build the docs
     0:00.0  task    run_build#1 started: target=docs
     0:00.0  task    run_build#1: Building the docs
     0:00.4  agent   I'm building the docs; I'll tell you when I have something.
     0:00.4  user    Stop the build
     0:00.4  task    run_build#1 cancelled
     0:00.4  call    cancel_task answered
     0:00.7  agent   All right, I've stopped running the build “docs”.
    "
  `);
});

test('a build that fails says what its command wrote', async () => {
  const { play, start } = await startBuilder();
  const wire = await start('Build the docs');
  const ended = next(play, 'task_ended');
  wire.write('error: team.html links to a page that does not exist\n');
  expect(await ended).toMatchObject({ state: 'failed' });
  await play.clock.advance(3000);
  expect(play.timeline()).toMatchInlineSnapshot(`
    "
     0:00.0  enter   builder
     0:00.0  user    Build the docs
     0:00.0  task    run_build#1 started: target=docs
     0:00.0  task    run_build#1: Building the docs
     0:00.4  agent   I'm building the docs; I'll tell you when I have something.
     0:00.4  task    run_build#1 failed: The build of the docs failed: error: team.html links to a page that does not exist
     0:01.3  agent   Sorry, the build “docs” didn't work out: the build of the docs failed: error: team.html links to a page that does not exist.
     0:01.3  told    run_build#1 result
    "
  `);
});

test('the command of the example itself, at two milliseconds a page', async () => {
  const command = [process.execPath, realBuild, '2'];
  const play = await startPlay((options) => createBuilder({ ...options, command }));
  const seen: string[] = [];
  play.session.on('task_updated', ({ progress, total, message = `${progress} of ${total}` }) => seen.push(message));
  const ended = next(play, 'task_ended');
  await play.say('Build the site');
  expect(await ended).toMatchObject({ state: 'completed', text: 'The site is built, with one warning.' });
  expect(seen).toMatchInlineSnapshot(`
    [
      "Building the site",
      "1 of 8",
      "2 of 8",
      "3 of 8",
      "4 of 8",
      "The build has a warning: prices.html has an image without a description",
      "5 of 8",
      "6 of 8",
      "7 of 8",
      "8 of 8",
    ]
  `);
});

test('a command that is not there is a failed task, and the session goes on', async () => {
  const play = await startPlay((options) => createBuilder({ ...options, command: ['no-such-command'] }));
  const ended = next(play, 'task_ended');
  await play.say('Build the site');
  expect(await ended).toMatchObject({ state: 'failed' });
  await play.say('Hello');
});
