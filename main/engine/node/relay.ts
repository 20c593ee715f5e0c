/** The handler `forward`: sends one request on to the upstream and its reply back, as fast as the slower side takes it. */
import { connect, type Socket } from 'node:net';
import type { HandlerConfig } from './protocol.ts';
import { ReplyFramer } from './reply-framer.ts';

export interface RelayEvents {
  connecting(): void;
  /** So many bytes of the reply are with the kernel. */
  relayed(bytes: number): void;
  /** The whole reply is with the kernel. */
  done(upstreamCloses: boolean): void;
  /** The upstream refused, broke or ended early; `hasRelayed` where the client has part of the reply already. */
  failed(hasRelayed: boolean): void;
}

export interface Relay {
  /** The client has gone: closes the upstream without a further event. */
  abandon(): void;
}

export function relay(
  client: Socket,
  request: Buffer,
  headRequest: boolean,
  config: HandlerConfig,
  events: RelayEvents,
): Relay {
  const { host = '', port = 0 } = config.upstream ?? {};
  const framer = new ReplyFramer(config.protocol, headRequest);
  let isOver = false;
  let relayedBytes = 0;
  let writesPending = 0;

  const upstream = connect({ host, port, noDelay: true });
  events.connecting();
  upstream.write(request);

  const finishIfDone = (): void => {
    if (isOver || framer.state !== 'done' || writesPending > 0) return;
    isOver = true;
    upstream.destroy();
    events.done(framer.upstreamCloses);
  };
  const fail = (): void => {
    if (isOver || framer.state === 'done') return;
    isOver = true;
    upstream.destroy();
    events.failed(relayedBytes > 0);
  };

  upstream.on('data', (chunk: Buffer) => {
    if (isOver || framer.state === 'done') return;
    const bytes = framer.feed(chunk);
    if (framer.state === 'failed') {
      fail();
      return;
    }
    relayedBytes += bytes;
    ++writesPending;
    const hasRoom = client.write(chunk.subarray(0, bytes), (error) => {
      --writesPending;
      if (error) return; // The client's own 'close' abandons this relay.
      events.relayed(bytes);
      if (writesPending === 0) upstream.resume();
      finishIfDone();
    });
    if (!hasRoom) upstream.pause();
  });
  upstream.on('end', () => {
    if (framer.state !== 'done') framer.endOfStream();
    if (framer.state === 'done') finishIfDone();
    else fail();
  });
  upstream.on('error', fail);
  upstream.on('close', fail);

  return {
    abandon() {
      isOver = true;
      upstream.destroy();
    },
  };
}
