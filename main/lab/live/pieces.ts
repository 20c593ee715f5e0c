/** Cuts a list into lists of at most `size` items. */
export function pieces<T>(items: readonly T[], size: number): T[][] {
  const cut: T[][] = [];
  for (let i = 0; i < items.length; i += size) cut.push(items.slice(i, i + size));
  return cut;
}
