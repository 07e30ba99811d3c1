/** Exactly one of the members: a step that does two things at once is a type error where it stands. */
export type OneOf<Acts> = {
  [Act in keyof Acts]: { readonly [A in Act]: Acts[A] } & { readonly [Other in Exclude<keyof Acts, Act>]?: never };
}[keyof Acts];
