/** What a command says when it cannot do its work: one sentence, and the exit code. */
export class CliFailure extends Error {
  readonly exitCode: number;

  /** 2 for a wrong command line, 1 for everything else. */
  constructor(sentence: string, exitCode: 1 | 2 = 1) {
    super(sentence);
    this.name = 'CliFailure';
    this.exitCode = exitCode;
  }
}

/** What a process that a signal has ended exits with. */
export const signalCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** The first line of what any thrown value says. */
export function describeFailure(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.split('\n')[0] ?? '';
}
