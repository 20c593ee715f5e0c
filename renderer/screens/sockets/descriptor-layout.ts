/** Where the rows of a descriptor table lie: every height is known, so that only what is in sight is drawn. Pixels. */
import type { OpenFile, ProcessView } from '../../stores/bench-look.ts';

export interface FileRow {
  readonly file: OpenFile;
  readonly top: number;
  readonly height: number;
  readonly isFull: boolean;
}

/** From an epoll set's row to that of what it watches. */
export interface WatchArrow {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly isStale: boolean;
}

export interface ProcessLayout {
  readonly view: ProcessView;
  readonly top: number;
  readonly height: number;
  readonly rows: readonly FileRow[];
  readonly arrows: readonly WatchArrow[];
}

export const headHeight = 30;
export const fdHeight = 22;
export const rowGap = 6;
const noteHeight = 22;
/** A card in one line. */
export const lineHeight = 24;
const watchHeight = 18;
export const mostWatches = 5;
const processGap = 10;

/** A card whose 4-tuple has room beside each other, or must be in two lines. */
export const cardHeight = (isNarrow: boolean): number => (isNarrow ? 102 : 80);

function heightOf(file: OpenFile, isFull: boolean, isNarrow: boolean): number {
  const fds = file.fds.length * fdHeight;
  if (!isFull || file.shownIn !== undefined) return Math.max(fds, lineHeight);
  if (file.epoll !== undefined) {
    const { length } = file.epoll.watches;
    const lines = Math.max(1, Math.min(mostWatches, length)) + (length > mostWatches ? 1 : 0);
    return Math.max(fds, lineHeight + 4 + lines * watchHeight);
  }
  return Math.max(fds, file.socket === undefined ? lineHeight : cardHeight(isNarrow));
}

interface Wanted {
  readonly isNarrow: boolean;
  /** Whether a file has a card of its own or one line only. */
  readonly isFull: (file: OpenFile) => boolean;
  readonly ghosts: (process: string) => number;
}

export function layOutProcess(view: ProcessView, top: number, { isNarrow, isFull, ghosts }: Wanted): ProcessLayout {
  let y = headHeight;
  const rows = view.files.map((file): FileRow => {
    const full = isFull(file);
    const height = heightOf(file, full, isNarrow);
    const row = { file, top: y, height, isFull: full };
    y += height + rowGap;
    return row;
  });
  if (rows.length === 0) y += noteHeight;
  if (ghosts(view.process.name) > 0) y += noteHeight;
  return { view, top, height: y + rowGap, rows, arrows: watchArrows(rows) };
}

/** Below each other, or in columns beside each other that all begin at the top. */
export function layOutProcesses(
  views: readonly ProcessView[],
  isBeside: boolean,
  wanted: Wanted,
): { readonly processes: readonly ProcessLayout[]; readonly height: number } {
  let top = 0;
  const processes = views.map((view) => {
    const laidOut = layOutProcess(view, isBeside ? 0 : top, wanted);
    top += laidOut.height + processGap;
    return laidOut;
  });
  const height = isBeside ? Math.max(0, ...processes.map((each) => each.height)) : Math.max(0, top - processGap);
  return { processes, height };
}

function watchArrows(rows: readonly FileRow[]): WatchArrow[] {
  const byInode = new Map(rows.flatMap((row) => row.file.fds.map((fd) => [fd.inode ?? -1, row] as const)));
  const byFd = new Map(rows.flatMap((row) => row.file.fds.map(({ fd }) => [fd, row] as const)));
  return rows.flatMap((row) =>
    (row.file.epoll?.watches ?? []).flatMap(({ target, inode, isStale }): WatchArrow[] => {
      const watched = byInode.get(inode) ?? (isStale ? undefined : byFd.get(target));
      if (watched === undefined || watched === row) return [];
      const middle = (each: FileRow): number => each.top + Math.min(each.height, lineHeight) / 2;
      return [{ id: `${row.file.id} ${target} ${inode}`, from: middle(row), to: middle(watched), isStale }];
    }),
  );
}
