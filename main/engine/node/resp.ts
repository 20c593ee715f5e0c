/** RESP, the protocol of Redis, as far as PING, ECHO and QUIT need it: arrays of bulk strings, or one inline line. */
import {
  failed,
  maxBodyBytes,
  more,
  none,
  parseDecimal,
  patternBytes,
  ready,
  trimmed,
  type HandlerConfig,
  type Parsed,
  type Parser,
  type Reply,
  type Request,
} from './protocol.ts';

const maxInlineBytes = 65_536;
const maxArguments = 1024;
const lineFeed = 10;
const space = 32;
const dollar = 0x24;
const asterisk = 0x2a;

function words(line: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < line.length;) {
    if (line[at] === space) {
      ++at;
      continue;
    }
    const next = line.indexOf(space, at);
    const end = next === -1 ? line.length : next;
    found.push(line.subarray(at, end));
    at = end;
  }
  return found;
}

function command(parts: readonly Buffer[], bytes: number): Parsed {
  const [target, body] = parts;
  if (!target) return { state: 'nothing', bytes };
  return ready({ bytes, target, body: body ?? none, arguments: parts.length });
}

/** The number of a "$12\r\n" or "*3\r\n" line at `at`, and where the line ends. */
function readNumber(input: Buffer, at: number): { value: number; end: number } | 'more' | 'bad' {
  const end = input.indexOf(lineFeed, at);
  if (end === -1) return input.length - at > 32 ? 'bad' : 'more';
  const value = parseDecimal(trimmed(input.toString('latin1', at + 1, end)));
  return value === undefined ? 'bad' : { value, end: end + 1 };
}

export class RespParser implements Parser {
  reset(): void {
    // A command is parsed from its start each time: there is nothing to remember.
  }

  parse(input: Buffer): Parsed {
    if (input.length === 0) return more;
    if (input[0] !== asterisk) {
      const end = input.indexOf(lineFeed);
      if (end === -1) return input.length > maxInlineBytes ? failed('protocolError') : more;
      const stop = end > 0 && input[end - 1] === 13 ? end - 1 : end;
      return command(words(input.subarray(0, stop)), end + 1);
    }
    const count = readNumber(input, 0);
    if (count === 'more') return more;
    if (count === 'bad' || count.value > maxArguments) return failed('protocolError');
    const parts: Buffer[] = [];
    let at = count.end;
    for (let i = 0; i < count.value; ++i) {
      if (at >= input.length) return more;
      if (input[at] !== dollar) return failed('protocolError');
      const length = readNumber(input, at);
      if (length === 'more') return more;
      if (length === 'bad' || length.value > maxBodyBytes) return failed('protocolError');
      const data = length.end;
      const end = data + length.value;
      if (input.length < end + 2) return more;
      if (input.toString('latin1', end, end + 2) !== '\r\n') return failed('protocolError');
      parts.push(input.subarray(data, end));
      at = end + 2;
    }
    return command(parts, at);
  }
}

const lineEnd = Buffer.from('\r\n');
const bulk = (body: Buffer): Buffer[] => [Buffer.from(`$${body.length}\r\n`), body, lineEnd];

export function respReply(config: HandlerConfig, request: Request): Reply {
  const name = request.target.toString('latin1').toLowerCase();
  const line = (text: string, keep = true): Reply => ({ pieces: [Buffer.from(`${text}\r\n`, 'latin1')], keep });
  if (name === 'quit') return line('+OK', false);
  const isPing = name === 'ping';
  const isEcho = name === 'echo';
  if ((isEcho && request.arguments !== 2) || (isPing && request.arguments > 2)) {
    return line(`-ERR wrong number of arguments for '${name}' command`);
  }
  if ((isPing || isEcho) && config.kind === 'respond') {
    return { pieces: bulk(patternBytes(config.responseBytes)), keep: true };
  }
  if (isEcho || (isPing && request.arguments === 2)) return { pieces: bulk(request.body), keep: true };
  if (isPing) return line('+PONG');
  // What is quoted back is cut and made printable: it came from outside and goes onto a line.
  const shown = request.target.toString('latin1', 0, 64).replace(/[^ -~]/g, '?');
  return line(`-ERR unknown command '${shown}'`);
}
