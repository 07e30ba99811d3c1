/** Which stretch of time the lanes show, and where a moment lies in it. Pure. */
export interface View {
  /** How much is shown, in ms. */
  readonly lengthMs: number;
  /** Its end; undefined: it follows the present. */
  readonly endsAt: number | undefined;
}

export const lengths: readonly number[] = [10_000, 20_000, 60_000, 120_000, 300_000, 900_000];

export interface Scale {
  readonly from: number;
  readonly to: number;
  /** Where a moment lies, in pixels; outside of the view at its border. */
  x(at: number): number;
}

/** A little room is left behind the present, so that what happens now can be read. */
const roomShare = 0.06;

export function scaleOf({ lengthMs, endsAt }: View, now: number, width: number): Scale {
  const to = (endsAt ?? now) + lengthMs * roomShare;
  const from = to - lengthMs;
  return { from, to, x: (at) => Math.max(0, Math.min(width, ((at - from) / lengthMs) * width)) };
}

/** A step longer (1) or shorter (-1). */
export function zoom(view: View, step: 1 | -1): View {
  const index = lengths.indexOf(view.lengthMs);
  return { ...view, lengthMs: lengths[Math.max(0, Math.min(lengths.length - 1, index + step))] ?? view.lengthMs };
}

/** A quarter to the left (-1) or to the right (1); past the present it follows it again. */
export function pan(view: View, step: 1 | -1, now: number): View {
  const endsAt = (view.endsAt ?? now) + (step * view.lengthMs) / 4;
  return { ...view, endsAt: endsAt >= now ? undefined : endsAt };
}

const tickLengths = [1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000];

/** Round moments after `origin`, six or so in a view. */
export function ticks({ from, to }: Pick<Scale, 'from' | 'to'>, origin: number): number[] {
  const length = tickLengths.find((each) => (to - from) / each <= 8) ?? 600_000;
  const first = Math.ceil((from - origin) / length) * length;
  const all: number[] = [];
  for (let at = Math.max(0, first); origin + at <= to; at += length) all.push(origin + at);
  return all;
}
