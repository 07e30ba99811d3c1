/** A rule of a provider's API, and what a request that breaks one is answered. */

export interface Violation {
  readonly status: number;
  /** In the words of the real API. */
  readonly message: string;
  /** `<dialect>.<rule>`, as in docs/design/wire.md. */
  readonly rule: string;
}

/** Pure: the verdict depends on the request alone. */
export type Validator = (body: unknown, headers: Readonly<Record<string, string>>) => Violation | undefined;

export interface Rule<Request> {
  readonly id: string;
  /** What the API answers, or `undefined` when the request keeps the rule. */
  readonly check: (request: Request) => string | undefined;
  /** Default 400. */
  readonly status?: number;
}

/** The first broken rule in list order: the real APIs report one fault at a time too. */
export function firstBroken<Request>(rules: readonly Rule<Request>[], request: Request): Violation | undefined {
  for (const { id, check, status = 400 } of rules) {
    const message = check(request);
    if (message !== undefined) return { status, message, rule: id };
  }
  return undefined;
}

/** The message for the first entry that has one. */
export function firstMessage<Entry>(
  entries: readonly Entry[],
  message: (entry: Entry, index: number) => string | undefined,
): string | undefined {
  for (const [index, entry] of entries.entries()) {
    const found = message(entry, index);
    if (found !== undefined) return found;
  }
  return undefined;
}
