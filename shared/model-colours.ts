/**
 * One colour a model, wherever it is drawn: bank, tracks, comparisons, sweeps, sessions over each other, reports. People
 * learn it, so it never changes with what else is shown. Each reaches 3:1 on its theme's background; as eighteen colours
 * cannot all be told apart by everybody, lines have dashes and the bank has numbers beside them.
 */
import { externalId, serverIds, type ServerId } from './catalogue.ts';

export type ModelColours = Readonly<Record<ServerId, string>>;

const dark: ModelColours = {
  'blocking-iterative': '#c8b08a',
  'blocking-fork': '#e0c341',
  'blocking-threads': '#f0a02c',
  'blocking-pool': '#ff7847',
  'polling-threads': '#ff7fb0',
  'polling-scan': '#ff5a5a',
  select: '#9bd36a',
  poll: '#3fcf8e',
  'epoll-lt': '#56b4e9',
  'epoll-et': '#6f8fff',
  'epoll-oneshot': '#35d0d6',
  'epoll-reactors': '#a7e3ff',
  'epoll-shared': '#3f9fb5',
  'coroutine-stackless': '#c792ff',
  'coroutine-stackful': '#e48fe0',
  'signal-driven': '#c3a0a0',
  io_uring: '#f3f0a0',
  node: '#86b057',
  [externalId]: '#94a0b2',
};

const light: ModelColours = {
  'blocking-iterative': '#7a6238',
  'blocking-fork': '#8f7600',
  'blocking-threads': '#b86e00',
  'blocking-pool': '#c24a00',
  'polling-threads': '#c2266b',
  'polling-scan': '#c1211f',
  select: '#4d7d12',
  poll: '#00795b',
  'epoll-lt': '#1b7fb8',
  'epoll-et': '#3a55cc',
  'epoll-oneshot': '#007f86',
  'epoll-reactors': '#22608f',
  'epoll-shared': '#004f63',
  'coroutine-stackless': '#7b3fc4',
  'coroutine-stackful': '#a3339a',
  'signal-driven': '#7d5a5a',
  io_uring: '#6b6a00',
  node: '#3f6212',
  [externalId]: '#687587',
};

export const modelColours = { dark, light } as const;

const isServer = (name: string): name is ServerId => (serverIds as readonly string[]).includes(name);

/** The colour of a model by name; undefined for a name that is none, such as one of another program. */
export const modelColour = (name: string, theme: keyof typeof modelColours): string | undefined =>
  isServer(name) ? modelColours[theme][name] : undefined;
