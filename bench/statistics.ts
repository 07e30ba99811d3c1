/** What a list of samples comes to. Pure. */

export interface Spread {
  readonly n: number;
  readonly min: number;
  readonly median: number;
  readonly p95: number;
}

/** Throws a RangeError without samples. */
export function spreadOf(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b);
  return { n: sorted.length, min: quantile(sorted, 0), median: quantile(sorted, 0.5), p95: quantile(sorted, 0.95) };
}

export function median(samples: readonly number[]): number {
  return spreadOf(samples).median;
}

/** Between two samples, what lies between them in proportion. */
function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) throw new RangeError('Expected at least one sample, got none.');
  return below + (above - below) * (place % 1);
}
