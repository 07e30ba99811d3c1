/** The server behind `meanwhile dev`: loopback only, one address with a token, the page, and a conversation for each that comes. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serveConversations, type OpenedTalk, type SoundProblem, type Visitor } from '../../server/index.ts';
import type { SpeechOutput } from '../../index.ts';
import { createVoice } from '../../voice/index.ts';
import { CliFailure, describeFailure } from '../failure.ts';
import type { World } from '../io.ts';
import { idsIn, openKept, openStore, type Keeping, type KeptTalk } from '../kept.ts';
import { loadTalk, type LoadedTalk } from '../load.ts';
import { openTalk, type Talk } from '../open.ts';
import { hasToken, isOwnHost, isOwnOrigin } from './guard.ts';
import { followImports } from './imports.ts';
import { answer, readPage, serveFile, type PageFiles } from './page-files.ts';
import { FileWatch } from './reload.ts';
import { LocalVoice } from './speech.ts';
import { tokenAt } from './token.ts';

export interface DevOptions {
  readonly file: string;
  readonly port: number;
  readonly voice: boolean;
  /** The file that conversations are kept in. Default: none. */
  readonly store?: string;
  readonly world: World;
  /** Where the built page is. Default: in the package. */
  readonly page?: string;
}

export interface RunningDev {
  /** With its token. */
  readonly url: string;
  close(): Promise<void>;
}

/** A page that is closed overnight comes back to its conversation, where that is kept. */
const keptGraceMs = 86_400_000;

/** Throws a CliFailure where the file cannot be talked to, or the port is taken. */
export async function startDev(options: DevOptions): Promise<RunningDev> {
  const program = new Program(options);
  try {
    await program.load();
    return await serve(program, options);
  } catch (error) {
    await program.close();
    throw error;
  }
}

async function serve(program: Program, options: DevOptions): Promise<RunningDev> {
  const { file, world } = options;
  const files = readPage(options.page ?? ownPage());
  const token = tokenAt(options.store === undefined ? undefined : `${resolve(world.cwd, options.store)}.token`);
  const server = createServer((request, response) => handle(request, response, files, token));
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  const conversations = serveConversations(server, {
    clock: world.clock,
    authenticate: (request) => (hasToken(request, token) ? 'developer' : undefined),
    allowOrigin: (origin, request) => isOwnHost(request, port) && isOwnOrigin(origin, request),
    open: (visitor) => program.open(visitor),
    ...(program.keeps ? { graceMs: keptGraceMs } : {}),
    logger: { warn: (text) => say(text), error: (text) => say(text) },
  });
  const say = (text: string): void => void world.stderr.write(`meanwhile: ${text}\n`);
  program.watch(
    () => {
      say(`${file} was changed; the next conversation has it.`);
      conversations.reload();
    },
    (error) => say(`${file} was changed and cannot be used: ${describeFailure(error)}`),
  );
  const url = `http://127.0.0.1:${String(port)}/?token=${token}`;
  world.stdout.write(`\n  Talk to ${file}:\n\n  ${url}\n\n  Ctrl+C ends it.\n\n`);
  return {
    url,
    async close() {
      await conversations.close();
      await program.close();
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

/** The file, as it was when it was last found to be right. */
class Program {
  readonly #options: DevOptions;
  readonly #voice = new LocalVoice();
  #tried = 0;
  #good = 0;
  /** For the next conversation, until somebody has it. */
  #next: LoadedTalk | undefined;
  #ownsSession = false;
  #keeping: Keeping | undefined;
  /** Of this process. */
  readonly #opened = new Set<string>();
  readonly #changes: FileWatch;
  readonly #unfollow: () => void;
  #onChange: () => void = () => undefined;

  constructor(options: DevOptions) {
    this.#options = options;
    const { file, world } = options;
    this.#changes = new FileWatch(world.clock, () => this.#onChange());
    this.#unfollow = followImports(resolve(world.cwd, file), (path) => this.#changes.add(path));
    if (options.voice) this.#voice.prepare(options.world.stderr as NodeJS.WriteStream);
  }

  /** Rejects with a CliFailure; what was loaded before stays. */
  async load(): Promise<LoadedTalk> {
    const { file, world } = this.#options;
    const version = (this.#tried += 1);
    this.#next = await loadTalk(file, world.cwd, version);
    this.#good = version;
    this.#ownsSession = this.#next.session !== undefined;
    this.#keeping ??= await openStore(this.#next, this.#options.store, world.cwd);
    return this.#next;
  }

  /** When the file, or what it imports of its project, was changed and loaded again, or could not be. */
  watch(onLoaded: () => void, onFailed: (error: unknown) => void): void {
    this.#onChange = () => void this.load().then(onLoaded, onFailed);
  }

  get keeps(): boolean {
    return this.#keeping !== undefined;
  }

  /** What was loaded is for one conversation: a function makes another agent for the next, a session is made anew. */
  async #take(): Promise<LoadedTalk> {
    const { file, world } = this.#options;
    const next = this.#next ?? (this.#ownsSession ? await this.load() : await loadTalk(file, world.cwd, this.#good));
    this.#next = undefined;
    return next;
  }

  async close(): Promise<void> {
    this.#unfollow();
    this.#changes.close();
    await this.#voice.close();
    await this.#keeping?.close();
  }

  async open({ resume }: Pick<Visitor<unknown>, 'resume'>): Promise<OpenedTalk> {
    const { world, voice: wanted } = this.#options;
    const loaded = await this.#take();
    if (wanted) this.#voice.prepare(world.stderr as NodeJS.WriteStream);
    const models = wanted && !loaded.session ? await this.#voice.models : undefined;
    const voice = models && createVoice({ ...models, clock: world.clock });
    const kept = loaded.session ? undefined : await this.#openKept(loaded, resume, voice?.output);
    const talk: Talk = kept ?? openTalk(loaded, world, voice?.output);
    const isNew = talk.session.agentState === 'initializing' && kept?.isRestored !== true;
    return {
      session: talk.session,
      ...(kept ? { key: kept.sessionId } : {}),
      ...(isNew && loaded.agent ? { agent: loaded.agent } : {}),
      showsModelCalls: true,
      ...(voice ? { voice } : {}),
      ...(talk.note === undefined ? {} : { note: talk.note }),
      soundProblem: this.#problem(wanted, loaded.session !== undefined),
    };
  }

  /** The conversation that the page was in; for the first page that was in none, the last one there was. */
  async #openKept(
    loaded: LoadedTalk,
    resume: string | undefined,
    output: SpeechOutput | undefined,
  ): Promise<KeptTalk | undefined> {
    if (!this.#keeping) return undefined;
    const known = await idsIn(this.#keeping);
    const [last] = this.#opened.size === 0 ? known : [];
    const sessionId = known.find((id) => id === resume) ?? last;
    const ifTaken = sessionId === resume ? 'refuse' : 'new';
    const talk = await openKept(loaded, this.#options.world, this.#keeping, { sessionId, ifTaken, output });
    this.#opened.add(talk.sessionId);
    return talk;
  }

  #problem(wanted: boolean, ownSession: boolean): string | SoundProblem {
    if (!wanted) return 'Voice was switched off with --no-voice.';
    if (ownSession) return 'The file makes its own session; export an agent to talk to it by voice here.';
    return this.#voice.problem;
  }
}

function handle(request: IncomingMessage, response: ServerResponse, files: PageFiles, token: string): void {
  const { port } = request.socket.address() as AddressInfo;
  const path = URL.parse(request.url ?? '/', 'http://localhost')?.pathname ?? '';
  if (!isOwnHost(request, port)) return answer(response, 403, 'This page is for this machine only.');
  if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'There is only GET here.');
  if (path === '/' && !hasToken(request, token))
    return answer(response, 403, 'Open the address that the terminal shows, with its token.');
  serveFile(files, path, response);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      fail(new CliFailure(taken ? `port ${String(port)} is taken; write --port 0 for another.` : error.message));
    });
    server.listen(port, '127.0.0.1', done);
  });
}

function ownPage(): string {
  return fileURLToPath(new URL('./dist/playground/', import.meta.resolve('meanwhile/package.json')));
}
