/** Is it the same one? Pure. What hides something of itself, as an object of a class may, is the same only as itself. */
export function isSameData(one: unknown, other: unknown): boolean {
  return alike(one, other, new Set());
}

/** `within`: the objects that `one` is a part of. */
function alike(one: unknown, other: unknown, within: ReadonlySet<unknown>): boolean {
  if (Object.is(one, other)) return true;
  if (!isPlain(one) || !isPlain(other) || within.has(one)) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [fields, others] = [Object.getOwnPropertyDescriptors(one), Object.getOwnPropertyDescriptors(other)];
  const keys = Reflect.ownKeys(fields);
  if (keys.length !== Reflect.ownKeys(others).length) return false;
  const inside = new Set(within).add(one);
  return keys.every((key) => {
    const [mine, theirs] = [fields[key as string], others[key as string]];
    // Who asks a getter is told what it likes.
    return mine && theirs && 'value' in mine && 'value' in theirs && alike(mine.value, theirs.value, inside);
  });
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
}
