/**
 * The `node` model: one connection on Node's own `net`.
 *
 * Idea: libuv's loop waits (epoll), reads what is ready and calls back; the code never waits itself.
 * System calls: epoll_wait, epoll_ctl (libuv may batch it through an io_uring), accept4, read, write, writev, close.
 * Cost: a callback, a stream and garbage-collected objects between the kernel and the parser.
 * Watch: write() returning false is the only sign of back-pressure, and pause() the only answer to it.
 */
import type { Socket } from 'node:net';
import type { Counters } from './counters.ts';
import { Input } from './input.ts';
import type { ErrorReply, HandlerConfig, Parser, Reply, Request } from './protocol.ts';
import { errorReply, interimReply, newParser, reply } from './protocols.ts';
import { relay, type Relay } from './relay.ts';
import { spendCpu } from './work.ts';

// Replies of pipelined requests are gathered up to here and then written.
const gatherBytes = 65_536;
// What is read and dropped after an error reply before the connection is closed all the same.
const lingerBytes = 1 << 20;
// How long the client's end of stream is waited for, as in the other models.
const lingerLimitMs = 2000;

const isReset = (code: string | undefined): boolean =>
  code === 'ECONNRESET' || code === 'EPIPE' || code === 'ETIMEDOUT';

export class Connection {
  private stage: 'reading' | 'pausing' | 'forwarding' | 'replying' | 'lingering' | 'forgotten' | 'closed' = 'reading';
  private readonly input = new Input();
  private readonly parser: Parser;
  private pieces: Buffer[] = [];
  private pieceBytes = 0;
  /** Requests whose reply is not yet wholly with the kernel. */
  private unreported = 0;
  private writesPending = 0;
  /** A reply goes piece by piece, and nothing may come between; the setting may change meanwhile. */
  private inPieces = false;
  private peerEnded = false;
  private closeAfterReply = false;
  private lingerAfterReply = false;
  private lingeredBytes = 0;
  private timer: NodeJS.Timeout | undefined;
  private relay: Relay | undefined;
  private readonly socket: Socket;
  private readonly config: HandlerConfig;
  private readonly counters: Counters;

  constructor(socket: Socket, config: HandlerConfig, counters: Counters) {
    this.socket = socket;
    this.config = config;
    this.counters = counters;
    this.parser = newParser(config.protocol);
    socket.on('data', (chunk: Buffer) => this.received(chunk));
    socket.on('end', () => this.ended());
    socket.on('drain', () => this.drained());
    socket.on('error', (error: NodeJS.ErrnoException) => this.broken(error.code));
    socket.on('close', () => this.closed());
  }

  /** Requests that pause, forward or answer in pieces are finished one by one; others of a pipeline share a write. */
  private get gathers(): boolean {
    const { waitMs, kind, chunks } = this.config;
    return waitMs === 0 && kind !== 'forward' && chunks === 1;
  }

  close(): void {
    this.socket.destroy();
  }

  private received(chunk: Buffer): void {
    if (this.stage === 'lingering') {
      this.lingeredBytes += chunk.length;
      if (this.lingeredBytes > lingerBytes) this.close();
      return;
    }
    this.counters.count('bytesIn', chunk.length);
    this.input.append(chunk);
    this.advance();
  }

  private ended(): void {
    this.peerEnded = true;
    if (this.stage === 'lingering') this.close();
    else this.advance();
  }

  private broken(code: string | undefined): void {
    // 'close' follows by itself.
    this.counters.count(isReset(code) ? 'errorReset' : 'errorOther');
  }

  private closed(): void {
    this.stage = 'closed';
    clearTimeout(this.timer);
    this.relay?.abandon();
    this.input.clear();
    this.counters.count('closes');
  }

  /** Parses buffered requests and answers them until more input, room to write, a timer or an upstream is needed. */
  private advance(): void {
    while (this.stage === 'reading') {
      if (this.closeAfterReply || this.pieceBytes >= gatherBytes || (this.pieceBytes > 0 && !this.gathers)) {
        if (!this.flush()) break;
        continue;
      }
      const parsed = this.parser.parse(this.input.view());
      if (parsed.state === 'more') {
        if (this.pieceBytes > 0 && !this.flush()) break;
        if (this.peerEnded) this.leave();
        break;
      } else if (parsed.state === 'nothing') {
        this.input.consume(parsed.bytes);
        this.parser.reset();
      } else if (parsed.state === 'interim') {
        this.gather([interimReply]);
      } else if (parsed.state === 'error') {
        this.fail(parsed.error);
      } else {
        this.start(parsed.request);
      }
    }
    // While a request is in hand nothing is read, so that the client's sender stalls and not our memory.
    const wantsInput = this.stage === 'reading' || this.stage === 'lingering';
    if (wantsInput === this.socket.isPaused()) {
      if (wantsInput) this.socket.resume();
      else this.socket.pause();
    }
  }

  /** The peer has sent its last request; what it is still owed is written first. */
  private leave(): void {
    if (this.input.size > 0) this.counters.count('errorProtocol'); // It left in the middle of a request.
    this.input.clear();
    if (this.config.forgetsToClose) {
      this.stage = 'forgotten';
      return;
    }
    this.closeAfterReply = true;
    if (this.writesPending === 0) this.close();
    else this.stage = 'replying';
  }

  private start(request: Request): void {
    spendCpu(this.config.workUs);
    if (this.config.waitMs === 0) {
      this.answer(request);
      return;
    }
    this.stage = 'pausing';
    this.timer = setTimeout(() => {
      this.stage = 'reading';
      this.answer(request);
      this.advance();
    }, this.config.waitMs);
  }

  private answer(request: Request): void {
    if (this.config.kind === 'forward') {
      this.forward(request);
      return;
    }
    const { pieces, keep }: Reply = reply(this.config, request);
    this.gather(pieces);
    this.finish(request, keep);
  }

  private finish(request: Request, keep: boolean): void {
    this.input.consume(request.bytes);
    this.parser.reset();
    ++this.unreported;
    if (keep) return;
    this.closeAfterReply = true;
    // Closing with unread bytes in the receive queue sends a reset, which may overtake the reply.
    this.lingerAfterReply = this.input.size > 0;
  }

  private forward(request: Request): void {
    this.stage = 'forwarding';
    this.relay = relay(this.socket, this.input.view().subarray(0, request.bytes), request.head, this.config, {
      connecting: () => this.counters.count('upstreamConnects'),
      relayed: (bytes) => this.counters.count('bytesOut', bytes),
      done: (upstreamCloses) => {
        this.relay = undefined;
        this.stage = 'reading';
        this.finish(request, request.keepAlive && !upstreamCloses);
        this.counters.count('requests', this.unreported);
        this.unreported = 0;
        this.written();
      },
      failed: (hasRelayed) => {
        this.relay = undefined;
        if (hasRelayed) {
          // Part of a reply is with the client already: only the end of the stream can tell that the rest is missing.
          this.counters.count('errorUpstream');
          this.close();
          return;
        }
        this.fail('badGateway');
        this.advance();
      },
    });
  }

  private fail(error: ErrorReply): void {
    this.counters.count(error === 'badGateway' ? 'errorUpstream' : 'errorProtocol');
    const text = errorReply(this.config.protocol, error);
    this.closeAfterReply = this.lingerAfterReply = true;
    this.input.clear();
    this.stage = 'reading';
    if (text.length > 0) {
      this.gather([text]);
      return;
    }
    if (this.pieceBytes === 0 && this.writesPending === 0) this.close();
    this.lingerAfterReply = this.pieceBytes > 0 || this.writesPending > 0;
  }

  private gather(pieces: readonly Buffer[]): void {
    for (const piece of pieces) {
      if (piece.length === 0) continue;
      this.pieces.push(piece);
      this.pieceBytes += piece.length;
    }
  }

  /** Hands what was gathered to the socket. False where the connection has to wait before it goes on. */
  private flush(): boolean {
    if (this.pieceBytes === 0) {
      this.stage = this.writesPending > 0 ? 'replying' : this.stage;
      if (this.writesPending === 0) this.written();
      return false;
    }
    const { pieces, pieceBytes } = this;
    this.pieces = [];
    this.pieceBytes = 0;
    if (this.config.chunks > 1) {
      this.stage = 'replying';
      this.inPieces = true;
      this.writeInChunks(Buffer.concat(pieces), Math.ceil(pieceBytes / this.config.chunks));
      return false;
    }
    this.socket.cork();
    for (const piece of pieces.slice(0, -1)) this.socket.write(piece);
    const hasRoom = this.write(pieces.at(-1) ?? Buffer.alloc(0), pieceBytes);
    this.socket.uncork();
    if (hasRoom && !this.closeAfterReply) return true;
    this.stage = 'replying';
    return false;
  }

  private write(piece: Buffer, countedBytes: number, then?: () => void): boolean {
    const requests = then ? 0 : this.unreported;
    this.unreported -= requests;
    ++this.writesPending;
    return this.socket.write(piece, (error) => {
      --this.writesPending;
      if (error) return; // 'error' or 'close' says so too.
      this.counters.count('bytesOut', countedBytes);
      this.counters.count('requests', requests);
      if (then) then();
      else if (this.writesPending === 0) this.written();
    });
  }

  /** Each piece goes once the kernel has the one before, so that they are system calls of their own. */
  private writeInChunks(rest: Buffer, chunkBytes: number): void {
    const chunk = rest.subarray(0, chunkBytes);
    const left = rest.subarray(chunkBytes);
    this.write(chunk, chunk.length, left.length > 0 ? () => this.writeInChunks(left, chunkBytes) : undefined);
  }

  private drained(): void {
    if (this.stage === 'replying' && !this.closeAfterReply && !this.inPieces) {
      this.stage = 'reading';
      this.advance();
    }
  }

  /** All that was written is with the kernel. */
  private written(): void {
    this.inPieces = false;
    if (this.stage === 'closed' || this.stage === 'lingering' || this.stage === 'forgotten') return;
    if (this.closeAfterReply && this.pieceBytes === 0) {
      if (!this.lingerAfterReply || this.peerEnded) {
        this.close();
        return;
      }
      // The reply is followed by our end of stream; the rest of what the client sends is read and dropped.
      this.stage = 'lingering';
      this.timer = setTimeout(() => this.close(), lingerLimitMs);
      this.socket.end();
    } else if (this.stage === 'replying') {
      this.stage = 'reading';
    }
    this.advance();
  }
}
