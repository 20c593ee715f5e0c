/** How near a name is to what was typed: the name itself first, then its beginning, then the beginning of one of its words. */

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** From 0 up; undefined where no name has it. `wanted` is in small letters and not empty. */
export function rankOfNames(names: readonly string[], wanted: string): number | undefined {
  const words = names.map((name) => name.toLowerCase());
  if (words.includes(wanted)) return 0;
  if (words.some((word) => word.startsWith(wanted))) return 1;
  // "herd" is in "thundering herd" rather than in "withheld".
  const atWord = new RegExp(`[^\\p{L}\\p{N}]${escaped(wanted)}`, 'u');
  if (words.some((word) => atWord.test(word))) return 2;
  return words.some((word) => word.includes(wanted)) ? 3 : undefined;
}

/** Whether each word that was typed begins one of the text's. */
export function hasWords(text: string, wanted: string): boolean {
  const low = text.toLowerCase();
  return wanted.split(/\s+/).every((word) => new RegExp(`(?<![\\p{L}\\p{N}])${escaped(word)}`, 'u').test(low));
}
