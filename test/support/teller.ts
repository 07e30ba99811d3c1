/** A forked process that tells what it does by messages, and a way to wait for one. Whoever forks it kills it. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface Teller<News> {
  readonly child: ChildProcess;
  /** All it told, when it has ended. */
  readonly ended: Promise<News[]>;
  /** Resolves when what it has told fits. Rejects where it ends before. */
  until(fits: (news: readonly News[]) => boolean): Promise<void>;
  /** Without a warning; gives all it told. */
  kill(): Promise<News[]>;
}

export function follow<News>(child: ChildProcess): Teller<News> {
  const news: News[] = [];
  const waiting = new Set<() => void>();
  child.on('message', (each) => {
    news.push(each as News);
    for (const look of waiting) look();
  });
  const ended = once(child, 'close').then(() => news);
  const until: Teller<News>['until'] = async (fits) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => (fits(news) ? resolve() : undefined);
    waiting.add(look);
    look();
    await Promise.race([promise, ended]);
    waiting.delete(look);
    if (!fits(news)) throw new Error(`It ended before what was waited for: ${JSON.stringify(news)}`);
  };
  const kill = async (): Promise<News[]> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    return await ended;
  };
  return { child, ended, until, kill };
}
