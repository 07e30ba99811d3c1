/** A generator as a body (S1.6): each yield is an update, the return value the result. */

type Generating = AsyncIterator<unknown> | Iterator<unknown>;

/** By what only a generator has: the iterator of a list or a Map is a value, and no JSON. */
export function isGenerator(value: unknown): value is Generating {
  if (typeof value !== 'object' || value === null || !('next' in value) || !('throw' in value)) return false;
  if (typeof value.next !== 'function' || typeof value.throw !== 'function') return false;
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}

/** Runs it to its end, or to its next yield after `hasEnded`: then its cleanup runs. */
export async function drain(
  generator: Generating,
  update: (message: unknown) => Promise<void>,
  hasEnded: () => boolean,
): Promise<unknown> {
  let next = await generator.next();
  while (!next.done) {
    if (hasEnded()) {
      await generator.return?.(undefined);
      return undefined;
    }
    next = await tell(generator, update, next.value);
  }
  return next.value;
}

/** An update that is refused throws where it was yielded, as an awaited one does. */
async function tell(generator: Generating, update: (message: unknown) => Promise<void>, message: unknown) {
  try {
    await update(message);
  } catch (refused) {
    if (!generator.throw) throw refused;
    return generator.throw(refused);
  }
  return generator.next();
}
