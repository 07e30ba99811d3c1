/** A thread that opens the file it is sent, in the moment in which all the others do, and tells how that went. */
import { parentPort, workerData } from 'node:worker_threads';
import { sqlite } from '../../src/store/sqlite.ts';

const { gate, others } = workerData as { readonly gate: Int32Array; readonly others: number };

parentPort?.on('message', (path: string) => {
  // The last to arrive opens the gate; nothing slower than looking would let them start together.
  for (Atomics.add(gate, 0, 1); Atomics.load(gate, 0) < others; );
  try {
    void sqlite(path).close();
    parentPort?.postMessage('opened');
  } catch (error) {
    parentPort?.postMessage(String(error));
  }
});
