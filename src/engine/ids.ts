/** Ids of calls (S2.2): ours match `^[A-Za-z0-9_-]{1,64}$` with room for the suffixes of their records, and are unique. */

const fit = /^[A-Za-z0-9_-]{1,48}$/;
const suffix = /_(update_\d+|final|handoff)$/;

/** The call that a record is of. */
export function callIdOf(recordId: string): string {
  return recordId.replace(suffix, '');
}

/** The provider's id if it is fit and new, else one of ours; the wire keeps the provider's. */
export function chooseCallId(wireId: string, isUsed: (id: string) => boolean, seq: number): string {
  if (fit.test(wireId) && !suffix.test(wireId) && !isUsed(wireId)) return wireId;
  for (let n = seq; ; n += 1) {
    const id = `call_${String(n)}`;
    if (!isUsed(id)) return id;
  }
}
