/** One request in, one reply out: what the socket server and the in-process `fetch` share. */
import { type Answer, defaultAnswer } from './answers/answer.ts';
import { type Dialect, dialects } from './dialects.ts';
import type { Violation } from './rule.ts';

export interface WireRequest {
  /** `/<dialect>/…` */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface WireReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Written one after the other. */
  readonly chunks: readonly string[];
}

export interface Exchange {
  /** The next answers, in order, whichever dialect is asked. */
  readonly enqueue: (...answers: readonly Answer[]) => void;
  readonly reply: (request: WireRequest) => WireReply;
  /** Every request so far, refused ones included. */
  readonly requests: readonly WireRequest[];
}

export function createExchange(): Exchange {
  const queue: Answer[] = [];
  const requests: WireRequest[] = [];
  let answered = 0;
  return {
    enqueue: (...answers) => {
      queue.push(...answers);
    },
    reply: (request) => {
      requests.push(request);
      const dialect = dialects.find(({ name }) => request.path.startsWith(`/${name}/`));
      if (!dialect) return { status: 404, headers: { 'content-type': 'application/json' }, chunks: ['{}'] };
      const model = dialect.modelOf(request.path, request.body);
      const violation = dialect.validatorOf(model)(request.body, request.headers);
      if (violation) return refusal(dialect, violation);
      answered += 1;
      const chunks = dialect.write(queue.shift() ?? defaultAnswer, { number: answered, model });
      return { status: 200, headers: { 'content-type': 'text/event-stream' }, chunks };
    },
    requests,
  };
}

/** The rule and the message go into headers as well: not every package finds the message in its API's envelope. */
const ruleHeader = 'x-wire-rule';
const messageHeader = 'x-wire-message';

function refusal(dialect: Dialect, violation: Violation): WireReply {
  return {
    status: violation.status,
    headers: {
      'content-type': 'application/json',
      [ruleHeader]: violation.rule,
      [messageHeader]: encodeURIComponent(violation.message),
    },
    chunks: [JSON.stringify(dialect.envelope(violation))],
  };
}

export function readRefusal(
  status: number | undefined,
  headers: Readonly<Record<string, string>> | undefined,
): Violation | undefined {
  const rule = headers?.[ruleHeader];
  const message = headers?.[messageHeader];
  if (status === undefined || rule === undefined || message === undefined) return undefined;
  return { status, rule, message: decodeURIComponent(message) };
}

/** A `fetch` for a provider package that reaches `exchange` without a socket. */
export function exchangeFetch(exchange: Exchange): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const { status, headers, chunks } = exchange.reply({
      path: new URL(request.url).pathname,
      headers: Object.fromEntries(request.headers),
      body: await request.json(),
    });
    return new Response(chunks.join(''), { status, headers });
  };
}
