/** How many numbered rules each section of the contract has. */
const sections = { S1: 9, S2: 5, S3: 9, S4: 6, S5: 6, S6: 9, S7: 3, S8: 9, S9: 3, S10: 3 };

/** `S1.1` … `S10.3`, in order. */
export const ruleNumbers: readonly string[] = Object.entries(sections).flatMap(([section, count]) =>
  Array.from({ length: count }, (_, index) => `${section}.${index + 1}`),
);
