/** Where the reply of an upstream ends: what a relay must know to give the connection back to the next request. */
import { maxBodyBytes, parseDecimal, parseHex, trimmed, type Protocol } from './protocol.ts';

// A longer head or line is taken for a broken upstream.
const maxTextBytes = 65_536;
const lineFeed = 10;

export class ReplyFramer {
  state: 'head' | 'length' | 'chunkSize' | 'chunkData' | 'trailer' | 'line' | 'untilEof' | 'done' | 'failed';
  /** The upstream said, or meant by leaving the length out, that its end of stream follows. */
  upstreamCloses = false;
  /** The head or line read so far. */
  private text = '';
  /** Bytes of body, chunk or bulk string still to come. */
  private left = 0;
  /** resp: elements still to come. */
  private elements = 1;
  private readonly protocol: Protocol;
  private readonly headRequest: boolean;

  constructor(protocol: Protocol, headRequest: boolean) {
    this.protocol = protocol;
    this.headRequest = headRequest;
    this.state = protocol === 'resp' ? 'line' : 'head';
  }

  endOfStream(): void {
    this.state = this.state === 'untilEof' ? 'done' : 'failed';
  }

  /** How many of the bytes belong to the reply; fewer than given means that it is complete. */
  feed(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length && this.state !== 'done' && this.state !== 'failed') {
      if (this.state === 'untilEof') return bytes.length;
      if (this.state === 'length' || this.state === 'chunkData') {
        const take = Math.min(this.left, bytes.length - at);
        at += take;
        this.left -= take;
        if (this.left > 0) break;
        if (this.protocol === 'resp') this.elementDone();
        else this.state = this.state === 'chunkData' ? 'chunkSize' : 'done';
      } else {
        at = this.readText(bytes, at);
      }
    }
    return at;
  }

  private readText(bytes: Buffer, from: number): number {
    const lengthLeft = 4 - this.text.length;
    const newline = bytes.indexOf(lineFeed, from);
    const lineStop = newline === -1 ? bytes.length : newline + 1;
    const stop = this.protocol === 'echo' ? Math.min(bytes.length, from + lengthLeft) : lineStop;
    this.text += bytes.toString('latin1', from, stop);
    if (this.text.length > maxTextBytes) {
      this.state = 'failed';
    } else if (this.protocol === 'echo') {
      if (this.text.length === 4) this.lengthComplete();
    } else if (this.text.endsWith('\n')) {
      if (this.state !== 'head') this.lineComplete();
      else if (/\n\r?\n$/.test(this.text)) this.headComplete();
    }
    return stop;
  }

  private lengthComplete(): void {
    this.left = Buffer.from(this.text, 'latin1').readUInt32BE(0);
    this.state = this.left > maxBodyBytes ? 'failed' : this.left === 0 ? 'done' : 'length';
  }

  private headComplete(): void {
    const head = this.text;
    this.text = '';
    const status = /^HTTP\/1\.[^\n]\s(\d{3})/.exec(head)?.[1];
    if (status === undefined) {
      this.state = 'failed';
      return;
    }
    if (status.startsWith('1')) return; // An interim reply; the real one follows.
    let isChunked = false;
    let length: number | undefined;
    this.upstreamCloses = head.startsWith('HTTP/1.0');
    for (const field of head.split('\n').slice(1)) {
      const colon = field.indexOf(':');
      if (colon === -1) continue;
      const name = field.slice(0, colon).toLowerCase();
      const value = trimmed(field.slice(colon + 1)).toLowerCase();
      if (name === 'content-length') length = parseDecimal(value);
      if (name === 'transfer-encoding') isChunked = value === 'chunked';
      if (name !== 'connection') continue;
      for (const part of value.split(',').map(trimmed)) {
        if (part === 'close') this.upstreamCloses = true;
        if (part === 'keep-alive') this.upstreamCloses = false;
      }
    }
    if (this.headRequest || status === '204' || status === '304') {
      this.state = 'done';
    } else if (isChunked) {
      this.state = 'chunkSize';
    } else if (length !== undefined) {
      this.left = length;
      this.state = length === 0 ? 'done' : 'length';
    } else {
      this.state = 'untilEof';
      this.upstreamCloses = true;
    }
  }

  private lineComplete(): void {
    const line = trimmed(this.text.slice(0, -1));
    this.text = '';
    if (this.protocol === 'http') {
      this.chunkLineComplete(line);
      return;
    }
    const type = line[0] ?? '';
    const isNull = line === '$-1' || line === '*-1';
    if (isNull || type === '+' || type === '-' || type === ':') {
      this.elementDone();
      return;
    }
    const number = parseDecimal(line.slice(1));
    if (number === undefined || (type !== '$' && type !== '*')) {
      this.state = 'failed';
    } else if (type === '$') {
      this.left = number + 2;
      this.state = 'length';
    } else {
      this.elements += number;
      this.elementDone();
    }
  }

  private chunkLineComplete(line: string): void {
    if (this.state === 'trailer') {
      if (line === '') this.state = 'done';
      return;
    }
    const size = parseHex(trimmed(line.split(';', 1)[0] ?? ''));
    if (size === undefined) {
      this.state = 'failed';
    } else if (size === 0) {
      this.state = 'trailer';
    } else {
      this.left = size + 2; // With the line end behind the data.
      this.state = 'chunkData';
    }
  }

  private elementDone(): void {
    this.state = --this.elements === 0 ? 'done' : 'line';
  }
}
