/** What a colour stands for, wherever it is drawn. */
import { describe, expect, it } from 'vitest';
import { serverIds } from '../../shared/catalogue.ts';
import { modelColour, modelColours } from '../../shared/model-colours.ts';
import { seriesColours, seriesHex } from '../../shared/series-colours.ts';
import { otherCalls, syscallLook } from '../../shared/syscall-looks.ts';
import { syscallNames } from '../../shared/telemetry/wire.ts';

const themes = ['dark', 'light'] as const;
const backgrounds = { dark: '#11151b', light: '#fbfcfd' } as const;

function luminance(hex: string): number {
  const parts = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  const [r = 0, g = 0, b = 0] = parts.map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
const contrast = (a: string, b: string): number => {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
};

describe.each(themes)('on %s', (theme) => {
  it('every model has a colour of its own that can be seen', () => {
    const colours = serverIds.map((id) => modelColour(id, theme));
    expect(new Set(colours).size).toBe(serverIds.length);
    for (const colour of Object.values(modelColours[theme])) {
      expect(contrast(colour, backgrounds[theme])).toBeGreaterThanOrEqual(3);
    }
    expect(modelColour('nginx', theme)).toBeUndefined();
  });

  it('every colour of lines can be seen', () => {
    for (const name of seriesColours) {
      expect(contrast(seriesHex[theme][name], backgrounds[theme])).toBeGreaterThanOrEqual(3);
    }
  });
});

describe('system calls', () => {
  it('have each a look that no other has, and that is not the one of all others', () => {
    const looks = syscallNames.map((name) => Object.values(syscallLook(name)).join());
    expect(new Set(looks).size).toBe(syscallNames.length);
    expect(looks).not.toContain(Object.values(otherCalls).join());
    expect(syscallLook('a_newer_call')).toEqual(otherCalls);
  });

  it('that a model makes for each request have colours of their own', () => {
    const mixes = [
      ['read', 'write', 'epoll_wait', 'epoll_ctl', 'accept4', 'close'],
      ['recvfrom', 'sendto', 'poll', 'accept4', 'io_uring_enter'].filter((name) => name !== 'accept4'),
    ];
    for (const mix of mixes) expect(new Set(mix.map((name) => syscallLook(name).colour)).size).toBe(mix.length);
  });
});
