/** How much may come in a time: an allowance that fills up again. Pure. */
export interface Allowance {
  /** What may come at once. */
  readonly burst: number;
  /** What is given back in a second. */
  readonly perSecond: number;
}

export interface Spent {
  readonly left: number;
  readonly at: number;
}

export function full({ burst }: Allowance, now: number): Spent {
  return { left: burst, at: now };
}

/** After `amount` more; undefined where that is too much. */
export function spend(spent: Spent, amount: number, now: number, { burst, perSecond }: Allowance): Spent | undefined {
  const refilled = Math.min(burst, spent.left + (Math.max(0, now - spent.at) / 1000) * perSecond);
  return refilled < amount ? undefined : { left: refilled - amount, at: now };
}
