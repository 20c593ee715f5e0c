/** How many pictures of a lesson's runs are kept: all of its progress is one message, which the lab bounds. */
import { maxMessageBytes } from '../contract/wire.ts';

/** As the contract has it. */
const mostPictures = 40;
/** Around the progress in its message. */
const envelopeBytes = 4096;

const bytesOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length;

/** Without the oldest pictures, where there are too many or too large ones for a message; `left`: how many went. */
export function withRoom<T extends { readonly pictures: readonly unknown[] }>(
  progress: T,
): { readonly kept: T; readonly left: number } {
  let room = maxMessageBytes - envelopeBytes - bytesOf({ ...progress, pictures: [] });
  const pictures: T['pictures'][number][] = [];
  for (const picture of progress.pictures.toReversed()) {
    // With its comma.
    room -= bytesOf(picture) + 1;
    if (room < 0 || pictures.length === mostPictures) break;
    pictures.unshift(picture);
  }
  const left = progress.pictures.length - pictures.length;
  return left === 0 ? { kept: progress, left } : { kept: { ...progress, pictures }, left };
}
