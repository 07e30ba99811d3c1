/**
 * Maps and sets that most sessions never put anything into. They begin as one that is shared and stays empty; the first
 * entry makes one of its own. Who reads sees them read-only: entries come and go by these functions alone, and what
 * comes is assigned back: `tasks.ended = put(tasks.ended, id, task)`.
 */
const noEntries: ReadonlyMap<never, never> = new Map<never, never>();
const noMembers: ReadonlySet<never> = new Set<never>();

export function emptyMap<Key, Value>(): ReadonlyMap<Key, Value> {
  return noEntries;
}

export function emptySet<Member>(): ReadonlySet<Member> {
  return noMembers;
}

export function put<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key, value: Value): ReadonlyMap<Key, Value> {
  const own = map === noEntries ? new Map<Key, Value>() : (map as Map<Key, Value>);
  return own.set(key, value);
}

export function add<Member>(set: ReadonlySet<Member>, member: Member): ReadonlySet<Member> {
  const own = set === noMembers ? new Set<Member>() : (set as Set<Member>);
  return own.add(member);
}

/** Does nothing where it is not in it, and so leaves the shared ones empty. */
export function remove<Key>(from: ReadonlyMap<Key, unknown> | ReadonlySet<Key>, key: Key): void {
  (from as Map<Key, unknown> | Set<Key>).delete(key);
}
