/** Reading JSON that came over a wire: what is not there, or is of another kind, reads as empty. */

export type Fields = Readonly<Record<string, unknown>>;

export function fields(value: unknown): Fields {
  return isFields(value) ? value : {};
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** True when `json` is the text of a JSON object. */
export function isObjectText(json: string): boolean {
  try {
    return isFields(JSON.parse(json));
  } catch {
    return false;
  }
}
