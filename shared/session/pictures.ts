/**
 * Pictures of a session's tracks, and of a kept bench's calls, as the command line asks for them; renderer/tracks/pictures.ts
 * draws them.
 */
import type { FrameSource } from '../contract/channels.ts';
import type { Sequence } from '../sequence/entries.ts';
import type { SequenceView } from '../sequence/picture.ts';
import type { Annotation } from './edits.ts';

export const pictureThemes = ['light', 'dark'] as const;
export type PictureTheme = (typeof pictureThemes)[number];

export interface PictureView {
  /** CLOCK_MONOTONIC, as in the frames. */
  readonly fromNs: number;
  readonly toNs: number;
  readonly widthPx: number;
  readonly theme: PictureTheme;
}

export interface Pictures {
  readonly tracks: readonly { readonly id: string; readonly title: string }[];
  /** Of a longer stretch of time the older part would be forgotten. */
  readonly longestNs: number;
  /** Throws where the payload is not what its kind says. */
  take(source: FrameSource, kind: number, payload: Uint8Array): void;
  /** What stands below each picture. */
  caption(text: string): void;
  annotate(annotations: readonly Annotation[]): void;
  /** Stretches that the session does not hold. */
  lacks(missing: readonly { readonly fromNs: number; readonly toNs: number }[]): void;
  /** The session has nothing that this track shows. */
  isEmpty(track: string): boolean;
  svg(track: string, view: PictureView): string;
  png(track: string, view: PictureView): Uint8Array;
}

/** `startedNs` is when the session began, where its time axis has its zero. */
export type MakePictures = (startedNs: number) => Pictures;

/** A PNG, of two pixels for each of `view`. Throws where there is no memory for it. */
export type DrawSequence = (sequence: Sequence, view: SequenceView) => Uint8Array;
