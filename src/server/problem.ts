/** What went wrong, in the error's own words; whatever was thrown. */
export function describeProblem(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'Something was thrown that cannot be described.';
  }
}
