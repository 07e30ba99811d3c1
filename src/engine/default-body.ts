/**
 * What a body may do with the talk on a host that says nothing of it: what cannot be done there is refused, naming what
 * the host has to give. A filler that cannot be said is an event, and never the tool's failure (S6.5).
 */
import type { Clock } from '../clock.ts';
import { MeanwhileError } from '../errors.ts';
import type { BodyHost } from './seam.ts';

const bodyNames: readonly (keyof BodyHost)[] = [
  'session',
  'userData',
  'around',
  'waits',
  'foreground',
  'watchSilence',
  'disallowInterruptions',
  'waitForPlayout',
  'sayFiller',
];

function createDefaultBody(clock: Clock): BodyHost {
  return {
    get session() {
      throw unsupported('ctx.session', 'session');
    },
    userData: undefined,
    around: (_body, fn) => fn(),
    waits: (body) => body.waits(),
    foreground: () => Promise.reject(unsupported('ctx.foreground', 'foreground')),
    watchSilence: (_body, listener) => {
      listener(clock.now());
      return () => undefined;
    },
    disallowInterruptions: () => undefined,
    waitForPlayout: () => Promise.reject(unsupported('ctx.waitForPlayout', 'waitForPlayout')),
    sayFiller: () => Promise.reject(unsupported('ctx.filler', 'watchSilence, sayFiller')),
  };
}

/** Field by field: a getter of the host's stays one. */
export function withDefaults(given: Partial<BodyHost>, clock: Clock): BodyHost {
  const body = createDefaultBody(clock);
  for (const name of bodyNames) {
    if (!(name in given)) continue;
    Object.defineProperty(body, name, { enumerable: true, get: () => bound(given, name) });
  }
  return body;
}

function bound(given: Partial<BodyHost>, name: keyof BodyHost): unknown {
  const value: unknown = given[name];
  return typeof value === 'function' ? (...args: unknown[]): unknown => value.apply(given, args) : value;
}

function unsupported(what: string, remedy: string): MeanwhileError {
  return new MeanwhileError(
    'unsupported_by_host',
    `${what}: this host does not offer it. Give createEngine body: { ${remedy} }, or run the tool in an AgentSession.`,
  );
}
