/** The echo protocol: a 4-byte big-endian length and so many bytes. */
import {
  failed,
  maxBodyBytes,
  more,
  patternBytes,
  ready,
  type HandlerConfig,
  type Parsed,
  type Parser,
  type Reply,
  type Request,
} from './protocol.ts';

export class EchoParser implements Parser {
  reset(): void {
    // The length is read anew each time: there is nothing to remember.
  }

  parse(input: Buffer): Parsed {
    if (input.length < 4) return more;
    const length = input.readUInt32BE(0);
    if (length > maxBodyBytes) return failed('protocolError');
    if (input.length < 4 + length) return more;
    return ready({ bytes: 4 + length, body: input.subarray(4, 4 + length) });
  }
}

export function echoReply(config: HandlerConfig, request: Request): Reply {
  const body = config.kind === 'respond' ? patternBytes(config.responseBytes) : request.body;
  const prefix = Buffer.allocUnsafe(4);
  prefix.writeUInt32BE(body.length);
  return { pieces: [prefix, body], keep: true };
}
