/** --verbose: what happens meanwhile, on stderr. */
import { subscribe } from 'node:diagnostics_channel';
import { engineChannel, type EngineNews } from '../lab/engine-news.ts';
import { tell } from './terminal.ts';

/** Since this program began. */
const at = (): string => `[${process.uptime().toFixed(3)} s]`;

function newsText({ what, name, pid, detail }: EngineNews): string {
  return `${at()} ${name} ${what === 'started' ? `started as process ${pid}` : `(process ${pid}) ended`}: ${detail}\n`;
}

/** Every engine with its command line, and how it ended. */
export const tellEngines = (): void => subscribe(engineChannel.name, (news) => tell(newsText(news as EngineNews)));
