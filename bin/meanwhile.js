#!/usr/bin/env node
// Plain JavaScript: Node strips no types under node_modules, and this file must run on any Node to say what is wrong.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const builtCli = join(root, 'dist/cli/main.js');
const sourceCli = join(root, 'src/cli/main.ts');
const sourceFlag = '--conditions=meanwhile-source';

/** Node can run `.ts` files itself from 22.18 on, and from 23.6 on in the line of 23. */
function runsTypeScript(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18);
}

/** The Node that this repository has as a devDependency; absent where the package is installed. */
function ownNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve('node/package.json');
    const binary = join(dirname(manifest), JSON.parse(readFileSync(manifest, 'utf8')).bin.node);
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

function respawn(node, flags) {
  const child = spawn(node, [...flags, fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends ^C to both; only the child decides what it means.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`Could not start ${node}: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143);
  });
}

function fail(sentence) {
  process.stderr.write(`meanwhile: ${sentence}\n`);
  process.exitCode = 1;
}

async function run(file) {
  const { main } = await import(pathToFileURL(file).href);
  process.exitCode = await main(process.argv.slice(2));
}

// With the source condition set, a file that imports `meanwhile` gets src/: the CLI must come from there too, or
// there would be two copies of every class.
const wantsSource = () => existsSync(sourceCli) && import.meta.resolve('meanwhile').endsWith('/src/index.ts');

if (!runsTypeScript(process.versions.node)) {
  const newer = ownNode();
  if (newer) respawn(newer, process.execArgv);
  else fail(`Expected Node 22.18 or newer, got ${process.version} (${process.execPath}); install a newer Node.`);
} else if (wantsSource()) {
  await run(sourceCli);
} else if (existsSync(builtCli)) {
  await run(builtCli);
} else if (existsSync(sourceCli)) {
  respawn(process.execPath, [...process.execArgv, sourceFlag]);
} else {
  fail(`Expected ${builtCli}, found nothing there; reinstall the package.`);
}
