/** Which parser and which replies a protocol has. */
import { EchoParser, echoReply } from './echo.ts';
import { httpContinue, httpError, HttpParser, httpReply } from './http.ts';
import { none, type ErrorReply, type HandlerConfig, type Parser, type Protocol, type Reply } from './protocol.ts';
import type { Request } from './protocol.ts';
import { RespParser, respReply } from './resp.ts';

const parsers = { http: HttpParser, echo: EchoParser, resp: RespParser };
const replies = { http: httpReply, echo: echoReply, resp: respReply };

export const newParser = (protocol: Protocol): Parser => new parsers[protocol]();
export const reply = (config: HandlerConfig, request: Request): Reply => replies[config.protocol](config, request);
/** Only http has interim replies. */
export const interimReply = httpContinue;

/** Empty for echo, which has no error message: it just closes. */
export function errorReply(protocol: Protocol, error: ErrorReply): Buffer {
  if (protocol === 'http') return httpError(error);
  if (protocol === 'echo') return none;
  return Buffer.from(error === 'badGateway' ? '-ERR upstream failed\r\n' : '-ERR Protocol error\r\n');
}
