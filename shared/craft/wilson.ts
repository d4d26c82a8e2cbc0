/** Of the standard normal distribution, two-sided 95 %. */
export const Z_95 = 1.959964;

/** The lower end of the 95 % Wilson interval of a share; 0 without opportunities. Few of them pull it down: 20 of 20 give 0.84. */
export function wilsonLowerBound({ hits, opportunities }: { hits: number; opportunities: number }): number {
  if (opportunities === 0) return 0;
  const share = hits / opportunities;
  const square = Z_95 * Z_95;
  const centre = share + square / (2 * opportunities);
  const spread = Z_95 * Math.sqrt((share * (1 - share) + square / (4 * opportunities)) / opportunities);
  return Math.max(0, (centre - spread) / (1 + square / opportunities));
}
