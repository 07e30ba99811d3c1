/**
 * What a file imports of its own project, by relative paths: told of as it is found, and loaded anew with each version of the
 * file. What it imports by a package's name stays as it is, so that there is one copy of every library.
 */
import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Calls `onFile` with the path of each, beginning with `entry`; returns the way to stop. */
export function followImports(entry: string, onFile: (path: string) => void): () => void {
  const own = new Set<string>();
  const add = (url: string): void => {
    if (own.has(url)) return;
    own.add(url);
    onFile(fileURLToPath(url));
  };
  add(pathToFileURL(entry).href);
  const hooks = registerHooks({
    resolve: (specifier, context, nextResolve) => {
      const found = nextResolve(specifier, context);
      const parent = URL.parse(context.parentURL ?? '');
      if (!parent || !own.has(withoutSearch(parent)) || !isOwn(specifier, found.url)) return found;
      add(withoutSearch(new URL(found.url)));
      return found.url.includes('?') ? found : { ...found, url: `${found.url}${parent.search}` };
    },
  });
  return () => hooks.deregister();
}

function withoutSearch({ href, search, hash }: URL): string {
  return href.slice(0, href.length - search.length - hash.length);
}

function isOwn(specifier: string, url: string): boolean {
  return /^(\.\.?\/|\/|file:)/.test(specifier) && url.startsWith('file:') && !url.includes('/node_modules/');
}
