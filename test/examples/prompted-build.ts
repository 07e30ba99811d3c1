/**
 * A build whose output is typed by a test: it prints each line that comes from the port in its first argument, and ends
 * with 0 when told to. A line that begins with `error` goes to stderr, and it ends with 2.
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const socket = connect(Number(process.argv[2]));
for await (const line of createInterface({ input: socket })) {
  if (line === 'end') break;
  if (line.startsWith('error')) {
    console.error(line);
    process.exitCode = 2;
    break;
  }
  console.log(line);
}
socket.end();
