/** Tells whoever subscribes of every engine that starts and ends: `fdscope --verbose`. */
import { channel } from 'node:diagnostics_channel';

export interface EngineNews {
  readonly what: 'started' | 'ended';
  /** As faults name it: "The server (epoll-lt)". */
  readonly name: string;
  readonly pid: number;
  /** Its command line, or how it ended. */
  readonly detail: string;
}

export const engineChannel = channel('fdscope:engine');

export const tellOfEngine = (news: EngineNews): void => engineChannel.publish(news);
