/** Each process has a colour, which its lane, its table and its sockets share. The names beside them say the same. */
const colours = ['--accent', '--warn', '--family-multiplexing', '--family-signal-driven', '--good', '--bad'] as const;

export const laneColour = (index: number): string =>
  `var(${colours[Math.max(0, index) % colours.length] ?? '--accent'})`;
