import { createPinia, setActivePinia } from 'pinia';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadLayout } from '../../../../renderer/stores/timebase-layout.ts';
import { narrowestNs, useTimebase, widestNs, type Timebase } from '../../../../renderer/stores/timebase.ts';
import { Gestures } from '../../../../renderer/tracks/gestures.ts';
import { commandOf, trackCommands } from '../../../../renderer/tracks/track-commands.ts';

let timebase: Timebase;
beforeEach(() => {
  localStorage.clear();
  setActivePinia(createPinia());
  timebase = useTimebase();
  timebase.advance(0, 60e9);
});
const scale = (): { fromNs: number; toNs: number; widthPx: number } => ({
  fromNs: timebase.fromNs,
  toNs: timebase.toNs,
  widthPx: 1000,
});
const gestures = (): Gestures => new Gestures(timebase, scale);
const still = { deltaX: 0, deltaY: 0, deltaMode: 0, ctrlKey: false, shiftKey: false };

describe('the timebase', () => {
  it('follows the newest frame until it is held, and again when told to', () => {
    expect(timebase.toNs).toBe(60e9);
    timebase.pause();
    timebase.advance(0, 70e9);
    expect(timebase.toNs).toBe(60e9);
    timebase.follow();
    expect(timebase.toNs).toBe(70e9);
  });

  it('zooms around a moment, which stays where it is', () => {
    timebase.pause();
    const share = (40e9 - timebase.fromNs) / timebase.widthNs;
    timebase.zoom(0.5, 40e9);
    expect((40e9 - timebase.fromNs) / timebase.widthNs).toBeCloseTo(share, 6);
    expect(timebase.widthNs).toBe(15e9);
  });

  it('zooms no further than the record makes sense', () => {
    timebase.pause();
    for (let i = 0; i < 80; i++) timebase.zoom(0.5);
    expect(timebase.widthNs).toBe(narrowestNs);
    for (let i = 0; i < 80; i++) timebase.zoom(2);
    expect(timebase.widthNs).toBe(widestNs);
  });

  it('moves no further than half a window beyond the record', () => {
    timebase.pan(1000e9);
    expect(timebase.toNs).toBe(60e9 + timebase.widthNs / 2);
    timebase.pan(-1000e9);
    expect(timebase.fromNs).toBe(-timebase.widthNs / 2);
  });

  it('forgets cursor and selection with the run', () => {
    timebase.select(3, 1);
    timebase.cursorNs = 2;
    timebase.reset();
    expect(timebase.selection).toBeUndefined();
    expect(timebase.cursorNs).toBeUndefined();
    expect(timebase.isFollowing).toBe(true);
  });

  it('keeps order, heights and what is hidden for the next visit', () => {
    const known = ['a', 'b', 'c'].map((id) => ({ id, heightPx: 60, isHidden: false, isCollapsed: false }));
    timebase.adoptTracks(known);
    timebase.moveTrack('c', 0);
    timebase.changeTrack('a', { isHidden: true, heightPx: 99 });
    setActivePinia(createPinia());
    const again = useTimebase();
    again.adoptTracks([...known, { id: 'd', heightPx: 60, isHidden: false, isCollapsed: false }]);
    expect(again.layout.map(({ id }) => id)).toEqual(['c', 'a', 'b', 'd']);
    expect(again.layout[1]).toMatchObject({ isHidden: true, heightPx: 99 });
  });

  it('takes the usual layout where what was kept cannot be read', () => {
    localStorage.setItem('fdscope.tracks', '[{"id":7}]');
    expect(loadLayout()).toEqual([]);
  });
});

describe('gestures', () => {
  it('drag selects, and holds the picture', () => {
    const g = gestures();
    g.down(1, 100, false);
    g.move(1, 600);
    expect(g.up(1)).toBe(false);
    expect(timebase.selection).toEqual({ fromNs: 33e9, toNs: 48e9 });
    expect(timebase.isFollowing).toBe(false);
  });

  it('a press that hardly moves is a click and selects nothing', () => {
    const g = gestures();
    g.down(1, 100, false);
    g.move(1, 102);
    expect(g.up(1)).toBe(true);
    expect(timebase.selection).toBeUndefined();
    expect(timebase.isFollowing).toBe(true);
  });

  it('an edge of the selection can be moved, the other one stays', () => {
    timebase.select(33e9, 48e9);
    const g = gestures();
    g.down(1, 601, false);
    g.move(1, 700);
    g.up(1);
    expect(timebase.selection).toEqual({ fromNs: 33e9, toNs: 51e9 });
  });

  it('drag with Shift moves the window', () => {
    const g = gestures();
    g.down(1, 100, true);
    g.move(1, 200);
    expect(timebase.toNs).toBe(57e9);
  });

  it('the wheel zooms around the pointer; sideways it moves', () => {
    timebase.pause();
    gestures().wheel({ ...still, deltaY: -100 }, 500);
    expect(timebase.widthNs).toBeLessThan(30e9);
    expect((timebase.fromNs + timebase.toNs) / 2).toBeCloseTo(45e9, -3);
    const width = timebase.widthNs;
    const before = timebase.toNs;
    gestures().wheel({ ...still, deltaX: 40, deltaY: 3 }, 500);
    expect(timebase.widthNs).toBe(width);
    expect(timebase.toNs).toBeGreaterThan(before);
  });

  it('two fingers that part show less time, and are no click', () => {
    const g = gestures();
    g.down(1, 400, false);
    g.down(2, 600, false);
    g.move(2, 800);
    expect(timebase.widthNs).toBe(15e9);
    expect(g.up(2)).toBe(false);
    expect(g.up(1)).toBe(false);
    expect(timebase.selection).toBeUndefined();
  });
});

describe('keys', () => {
  const press = (key: string, more: KeyboardEventInit = {}): void =>
    commandOf(trackCommands(timebase), new KeyboardEvent('keydown', { key, ...more }))?.run();

  it('every key has one meaning', () => {
    const keys = trackCommands(timebase).flatMap((command) => command.keys);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('zoom, move, hold and follow', () => {
    press(' ');
    expect(timebase.isFollowing).toBe(false);
    press('+');
    expect(timebase.widthNs).toBe(20e9);
    press('PageUp');
    expect(timebase.toNs).toBeLessThan(60e9);
    press('End');
    expect(timebase.toNs).toBe(60e9);
    expect(timebase.isFollowing).toBe(true);
  });

  it('select without a pointer, back and forth from where the cursor was', () => {
    press('ArrowRight');
    const began = timebase.cursorNs ?? 0;
    press('ArrowRight', { shiftKey: true });
    press('ArrowRight', { shiftKey: true });
    expect(timebase.selection?.fromNs).toBe(began);
    expect(timebase.selection?.toNs).toBeGreaterThan(began);
    const { toNs } = timebase.selection ?? { toNs: 0 };
    press('ArrowLeft', { shiftKey: true });
    expect(timebase.selection?.fromNs).toBe(began);
    expect(timebase.selection?.toNs).toBeLessThan(toNs);
    press('Escape');
    expect(timebase.selection).toBeUndefined();
  });

  it('leaves what is pressed with Ctrl to others', () => {
    press('+', { ctrlKey: true });
    expect(timebase.widthNs).toBe(30e9);
  });
});
