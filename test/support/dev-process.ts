/** `meanwhile dev` in a process of its own, with a page that is not the package's: `dev-process.ts PAGE …arguments`. */
import { dev } from '../../src/cli/dev.ts';
import { processIo } from '../../src/cli/process-io.ts';

const [page, ...argv] = process.argv.slice(2);
process.exitCode = await dev(argv, processIo(), page);
process.exit();
