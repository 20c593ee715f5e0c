/** A client that sees bytes and the end of the stream, and nothing of the protocol. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { slowdown } from './engines.ts';

const limitMs = 120_000;

export class RawClient {
  readonly socket: Socket;
  private received: Buffer[] = [];
  private receivedBytes = 0;
  private hasEnded = false;
  private error: NodeJS.ErrnoException | undefined;
  private changed: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.received.push(chunk);
      this.receivedBytes += chunk.length;
      this.changed();
    });
    socket.on('end', () => {
      this.hasEnded = true;
      this.changed();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error;
      this.changed();
    });
    socket.on('close', () => {
      this.hasEnded = true;
      this.changed();
    });
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  /** Resolves once the kernel has the bytes. */
  async write(bytes: Buffer | string): Promise<void> {
    await new Promise<void>((resolve, reject) =>
      this.socket.write(bytes, (error) => (error ? reject(error) : resolve())),
    );
  }

  private async until(isMet: () => boolean, what: string): Promise<void> {
    if (isMet()) return;
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => {
        this.changed = () => {};
        reject(new Error(`${what} did not come in time; ${this.receivedBytes} bytes came.`));
      }, limitMs * slowdown);
      this.changed = () => {
        if (!isMet()) return;
        this.changed = () => {};
        clearTimeout(late);
        resolve();
      };
    });
  }

  /** Exactly so many bytes; an error where the stream ends before. */
  async read(bytes: number): Promise<Buffer> {
    await this.until(() => this.receivedBytes >= bytes || this.hasEnded, `${bytes} bytes`);
    const all = Buffer.concat(this.received);
    if (all.length < bytes) {
      throw new Error(`The stream ended after ${all.length} of ${bytes} bytes (${this.error?.code ?? 'end'}).`);
    }
    this.received = [all.subarray(bytes)];
    this.receivedBytes -= bytes;
    return all.subarray(0, bytes);
  }

  /** All that still comes, and how the stream ended. */
  async readToEnd(): Promise<{ bytes: Buffer; wasReset: boolean }> {
    await this.until(() => this.hasEnded, 'The end of the stream');
    return { bytes: Buffer.concat(this.received), wasReset: this.error !== undefined };
  }

  /** Sends a request and compares nothing: as many bytes as the reply is long. */
  async ask(request: Buffer, replyBytes: number): Promise<Buffer> {
    await this.write(request);
    return this.read(replyBytes);
  }

  halfClose(): void {
    this.socket.end();
  }

  /** Ends the connection by a reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Runs `work` with a client that is closed afterwards, whatever happened. */
export async function withClient<T>(port: number, work: (client: RawClient) => Promise<T>): Promise<T> {
  const client = await RawClient.connect(port);
  try {
    return await work(client);
  } finally {
    client.close();
  }
}
